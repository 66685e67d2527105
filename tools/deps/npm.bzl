"""A repository of npm packages, exactly those of a lock file."""

_BUILD = """
exports_files(
    {files},
    visibility = ["//visibility:public"],
)
"""

_PROBLEM = """# Why the packages are not here, or "".
NPM_PROBLEM = {problem}
"""

_INSTALL_TIMEOUT_S = 900

# npm's own output says more than a user wants to know: its first error says enough.
def _first_error(output):
    for line in output.split("\n"):
        if "ERR" in line or "error" in line:
            return line.strip()
    return "npm ci failed"

def _install(ctx):
    """Installs the packages into the repository. Gives why that cannot be, or ""."""
    npm = ctx.which("npm")
    node = ctx.which("node")
    if not npm or not node:
        return "Node.js or npm is missing (Debian packages nodejs and npm)"
    ctx.symlink(node, "node")
    ctx.symlink(ctx.attr.package, "package.json")
    ctx.symlink(ctx.attr.lock, "package-lock.json")
    result = ctx.execute(
        # What a package would run when it is installed is not needed, and not trusted.
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"],
        timeout = _INSTALL_TIMEOUT_S,
    )
    if result.return_code != 0:
        return "npm packages could not be installed ({})".format(_first_error(result.stderr))
    return ""

def _npm_repository_impl(ctx):
    problem = _install(ctx)
    if problem:
        # buildifier: disable=print
        print("{}: {}; skipped. Once that is mended: tools/bazel sync --only={}".format(
            ctx.attr.purpose,
            problem,
            ctx.name,
        ))
    files = [] if problem else ["node", "node_modules/.package-lock.json"]
    ctx.file("BUILD.bazel", _BUILD.format(files = repr(files)))
    ctx.file("npm.bzl", _PROBLEM.format(problem = repr(problem)))

npm_repository = repository_rule(
    implementation = _npm_repository_impl,
    attrs = {
        "lock": attr.label(mandatory = True, allow_single_file = True, doc = "package-lock.json"),
        "package": attr.label(mandatory = True, allow_single_file = True, doc = "package.json"),
        "purpose": attr.string(mandatory = True, doc = "What cannot be had without them."),
    },
    doc = """Gives @NAME//:node and @NAME//:node_modules/.package-lock.json.

The second stands for all packages beside it: it names each with its checksum, and is an action's one
input instead of ten thousand. @NAME//:npm.bzl has NPM_PROBLEM: with a problem, neither file is there.
""",
    environ = ["PATH"],
)
