"""The page's build and tests: npm scripts, run where the npm packages are."""

_NODE = ["@npm//:node", "@npm//:node_modules/.package-lock.json"]
_WHERE = "$(location @npm//:node) $(location @npm//:node_modules/.package-lock.json)"

def page_file(name, out, problem, visibility):
    """The page, or one that says why there is none.

    Args:
      name: of the target.
      out: the HTML file.
      problem: NPM_PROBLEM.
      visibility: as of any rule.
    """
    if problem:
        command = "sed 's/PROBLEM/%s/' $(location without_node.html) > $@" % problem.replace("/", ".")
        native.genrule(
            name = name,
            srcs = ["without_node.html"],
            outs = [out],
            cmd = command,
            visibility = visibility,
        )
        return
    native.genrule(
        name = name,
        srcs = [":sources"] + _NODE,
        outs = [out],
        cmd = "$(location with_node.sh) %s 'npm run --silent build && cp dist/index.html \"$$OUT\"' $@" % _WHERE,
        message = "Building the dashboard's page",
        tools = ["with_node.sh"],
        visibility = visibility,
    )

def page_test(name, command, problem, data = [], size = "medium", **kwargs):
    """A test that is a command of dashboards/web; skipped, with one line, where node is missing.

    Args:
      name: of the target.
      command: for a shell, in the folder of the page's sources.
      problem: NPM_PROBLEM.
      data: further files.
      size: as of sh_test.
      **kwargs: as of sh_test.
    """
    if problem:
        native.sh_test(
            name = name,
            srcs = ["skipped.sh"],
            args = ["'" + problem.replace("'", "") + "'"],
            size = "small",
            **kwargs
        )
        return
    native.sh_test(
        name = name,
        srcs = ["with_node.sh"],
        args = [_WHERE, "'" + command + "'"],
        data = [":sources"] + _NODE + data,
        size = size,
        **kwargs
    )
