"""Tests over the table of all variants: one binary per level of checking."""

load("//allocators:variants.bzl", "LEVELS", "level_suffix")
load("//tools:copts.bzl", "LOAM_CXX_COPTS")

# What the debug level adds lies between a test and the allocator that a sanitizer or an
# assertion looks at, and it checks itself. The hardened level is the default one's sources: it is
# left out where those run with assertions, to save time, and not under sanitizers.
LEVEL_TAGS = {
    "debug": ["debug_level"],
    "hardened": ["hardened_level"],
}

def test_at_levels(name, srcs, deps, copts = [], data = [], data_of = {}, args_of = {}, levels = LEVELS, tags = [], **kwargs):
    """NAME, and NAME_LEVEL for each further level: the same sources, compiled once.

    Args:
      name: of the test at the default level.
      srcs: C++ sources; they see the variants as loam_variants[] alone.
      deps: of the sources, without the variants.
      copts: added to the flags of our own code.
      data: files that the test reads at every level.
      data_of: those that it reads at one level, by the level's name.
      args_of: arguments of the test at one level, by the level's name.
      levels: at which there is a test.
      tags: of the tests and of the library of their sources.
      **kwargs: as for cc_test.
    """
    native.cc_library(
        name = name + "_sources",
        testonly = True,
        srcs = srcs,
        copts = LOAM_CXX_COPTS + copts,
        linkstatic = True,
        tags = tags,
        deps = deps + ["//allocators:table"],
        alwayslink = True,
    )
    for level in levels:
        native.cc_test(
            name = name + level_suffix(level),
            args = args_of.get(level, []),
            data = data + data_of.get(level, []),
            linkstatic = True,  # what the core keeps hidden is out of reach of a shared library
            tags = tags + LEVEL_TAGS.get(level, []),
            deps = [
                name + "_sources",
                "//allocators:variants" + level_suffix(level),
            ],
            **kwargs
        )
