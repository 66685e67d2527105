"""A repository that wraps an installed library of headers alone, which pkg-config does not know."""

_BUILD = """
cc_library(
    name = "{name}",
    hdrs = glob(["include/**"]),
    includes = ["include"],
    visibility = ["//visibility:public"],
)
"""

def _headers_repository_impl(ctx):
    path = ctx.path(ctx.attr.path)
    if not path.exists:
        fail("{} is missing: install the Debian package {} (or run ./tools/bazel once)".format(
            ctx.attr.path,
            ctx.attr.debian_package,
        ))
    ctx.symlink(path, "include/" + path.basename)
    ctx.file("BUILD.bazel", _BUILD.format(name = ctx.name))

headers_repository = repository_rule(
    implementation = _headers_repository_impl,
    attrs = {
        "debian_package": attr.string(mandatory = True, doc = "What to install when it is missing."),
        "path": attr.string(mandatory = True, doc = "The folder of headers."),
    },
    doc = "Gives @NAME//:NAME, a cc_library with the headers of that folder.",
    local = True,
)
