"""A repository that wraps a library which pkg-config knows."""

_BUILD = """
cc_library(
    name = "{name}",
    hdrs = glob(["include/**"], allow_empty = True),
    defines = {defines},
    includes = {includes},
    linkopts = {linkopts},
    visibility = ["//visibility:public"],
)
"""

def _pkg_config(ctx, arguments):
    """Runs pkg-config for the repository's modules; fails with the package to install."""
    tool = ctx.which("pkg-config")
    if not tool:
        fail("pkg-config is missing: install the Debian package pkg-config (or run ./tools/bazel once)")
    result = ctx.execute([tool] + arguments + ctx.attr.modules)
    if result.return_code != 0:
        fail("{} was not found by pkg-config: install the Debian package {} (or run ./tools/bazel once)".format(
            ", ".join(ctx.attr.modules),
            ctx.attr.debian_package,
        ))
    return [word for word in result.stdout.strip().split(" ") if word]

def _pkg_config_repository_impl(ctx):
    compile_flags = _pkg_config(ctx, ["--cflags"])
    static = ["--static"] if ctx.attr.static else []
    link_flags = _pkg_config(ctx, static + ["--libs"])
    defines = []
    includes = []
    for flag in compile_flags:
        if flag.startswith("-D"):
            defines.append(flag[2:])
        elif flag.startswith("-I"):
            # Bazel wants headers inside the repository: link the folder in.
            folder = "include/{}".format(len(includes))
            ctx.symlink(flag[2:], folder)
            includes.append(folder)
    ctx.file("BUILD.bazel", _BUILD.format(
        name = ctx.name,
        defines = repr(defines),
        includes = repr(includes),
        linkopts = repr(link_flags),
    ))

pkg_config_repository = repository_rule(
    implementation = _pkg_config_repository_impl,
    attrs = {
        "debian_package": attr.string(mandatory = True, doc = "What to install when it is missing."),
        "modules": attr.string_list(mandatory = True, doc = "Names as pkg-config knows them."),
        "static": attr.bool(doc = "Link the archives with all that they need."),
    },
    doc = "Gives @NAME//:NAME, a cc_library with the flags that pkg-config prints.",
    local = True,
)
