"""A file's bytes inside a program."""

load("//tools:copts.bzl", "LOAM_CXX_COPTS")

def loam_embed(name, src, function, visibility = None, testonly = None):
    """A cc_library whose header NAME.h declares `absl::string_view FUNCTION()`.

    Args:
      name: of the library and its header.
      src: the file, a label.
      function: in namespace loam::dashboards; its bytes live as long as the program.
      visibility: of the library.
      testonly: of the library.
    """
    native.genrule(
        name = name + "_assembly",
        srcs = [src],
        outs = [name + ".S"],
        cmd = "\n".join([
            "cat >$@ <<'END'",
            "    .section .rodata",
            "    .global loam_{}_begin, loam_{}_end".format(name, name),
            "loam_{}_begin:".format(name),
            "    .incbin \"$(execpath {})\"".format(src),
            "loam_{}_end:".format(name),
            "    .byte 0",
            "    .section .note.GNU-stack,\"\",%progbits",
            "END",
            # The compiler's list of what it read lacks the file: without this, Bazel would
            # not assemble again when it changes.
            "echo \"/* $$(sha256sum <$(execpath {})) */\" >>$@".format(src),
        ]),
        testonly = testonly,
    )
    native.genrule(
        name = name + "_header",
        outs = [name + ".h"],
        cmd = "\n".join([
            "cat >$@ <<'END'",
            "#pragma once",
            "#include \"absl/strings/string_view.h\"",
            "extern \"C\" const char loam_{}_begin[], loam_{}_end[];".format(name, name),
            "namespace loam::dashboards {",
            "inline absl::string_view {}() {{".format(function),
            "  return {{loam_{}_begin, static_cast<size_t>(loam_{}_end - loam_{}_begin)}};".format(name, name, name),
            "}",
            "}  // namespace loam::dashboards",
            "END",
        ]),
        testonly = testonly,
    )
    native.cc_library(
        name = name,
        srcs = [name + ".S"],
        hdrs = [name + ".h"],
        copts = LOAM_CXX_COPTS,
        testonly = testonly,
        textual_hdrs = [src],  # the assembler reads it
        visibility = visibility,
        deps = ["@absl"],
    )
