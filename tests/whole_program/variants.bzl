"""Whole-program tests: one binary per variant, with that variant as its malloc."""

load("//allocators:variants.bzl", "DEFAULT_VARIANT", "LEVELS", "level_suffix", "variants_of")
load("//tests:levels.bzl", "LEVEL_TAGS")
load("//tools:copts.bzl", "LOAM_CXX_COPTS")

# Left out where a sanitizer owns malloc.
_TAGS = ["replaces_malloc"]

def whole_program_test(name, srcs, deps = [], copts = [], data = [], linkopts = [], **kwargs):
    """NAME_VARIANT for every variant and NAME_VARIANT_LEVEL for further levels.

    They are the same sources, compiled once, over the :malloc of the variant's level.

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
    tests = [
        (variant.name + level_suffix(level), variant.name, level)
        for level in LEVELS
        for variant in variants_of(level)
        # What the debug level adds is the same for all.
        if level != "debug" or variant.name == DEFAULT_VARIANT
    ]
    for suffix, variant, level in tests:
        native.cc_test(
            name = "{}_{}".format(name, suffix),
            data = [label.format(variant = variant) for label in data],
            env = {"LOAM_TEST_VARIANT": variant},
            linkopts = linkopts,
            linkstatic = True,
            malloc = "//allocators/{}:malloc{}".format(variant, level_suffix(level)),
            tags = _TAGS + LEVEL_TAGS.get(level, []),
            deps = [name + "_sources"],
            **kwargs
        )
    native.test_suite(
        name = name,
        tags = ["manual"],  # or //... would build its tests where a configuration leaves them out
        tests = ["{}_{}".format(name, suffix) for suffix, _, _ in tests],
    )
