"""Whole-program tests: one binary per variant, with that variant as its malloc."""

load("//allocators:variants.bzl", "VARIANTS")
load("//tools:copts.bzl", "LOAM_CXX_COPTS")

# Left out where a sanitizer owns malloc.
_TAGS = ["replaces_malloc"]

def whole_program_test(name, srcs, deps = [], copts = [], data = [], linkopts = [], **kwargs):
    """NAME_VARIANT for every variant: the same sources, compiled once, over its :malloc.

    The name of the variant is in the environment of the test, LOAM_TEST_VARIANT.

    Args:
      name: of the suite of tests, which runs them all.
      srcs: C or C++ sources.
      deps: of the sources.
      copts: added to the flags of our own code.
      data: files that the test reads; "{variant}" in a label stands for the variant.
      linkopts: of the binaries.
      **kwargs: as for cc_test.
    """
    native.cc_library(
        name = name + "_sources",
        testonly = True,
        srcs = srcs,
        # The compiler must not drop a pair of malloc and free that it sees through.
        copts = LOAM_CXX_COPTS + ["-fno-builtin"] + copts,
        tags = _TAGS,
        deps = deps,
        alwayslink = True,
    )
    for variant in VARIANTS:
        native.cc_test(
            name = "{}_{}".format(name, variant.name),
            data = [label.format(variant = variant.name) for label in data],
            env = {"LOAM_TEST_VARIANT": variant.name},
            linkopts = linkopts,
            linkstatic = True,
            malloc = "//allocators/{}:malloc".format(variant.name),
            tags = _TAGS,
            deps = [name + "_sources"],
            **kwargs
        )
    native.test_suite(
        name = name,
        tags = ["manual"],  # or //... would build its tests where a configuration leaves them out
        tests = ["{}_{}".format(name, variant.name) for variant in VARIANTS],
    )
