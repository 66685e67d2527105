"""The white-box tests of the boundary-tag arena, over a variant's free index."""

load("//tools:copts.bzl", "LOAM_C_COPTS")

_OF_EVERY_VARIANT = ["arena", "hardened", "purge", "quarantine", "resize", "threads", "walk"]

# The others look at blocks as the default level has them.
_LEVEL_COPTS = {
    "hardened": ["-DLOAM_HARDENED=1"],
    "quarantine": ["-DLOAM_HARDENED=1"],
}

def boundary_tag_tests(index, own):
    """A test for each of the shared files of scenarios, and for the variant's own.

    Args:
      index: the header of the variant's free index, in this folder; each file
        finds it included.
      own: names of the variant's own tests, NAME for NAME_test.c.
    """
    shared = [(name, "//common/boundary_tag/testing:{}_test.c".format(name)) for name in _OF_EVERY_VARIANT]
    for name, source in shared + [(name, name + "_test.c") for name in own]:
        native.cc_test(
            name = name + "_test",
            size = "small",
            srcs = [source, index],
            copts = LOAM_C_COPTS + _LEVEL_COPTS.get(name, []) + [
                "-Wno-unused-function",  # no file calls all of the templates
                "-DLOAM_VARIANT_NAME=\\\"test\\\"",
                "-include",
                "{}/{}".format(native.package_name(), index),
            ],
            linkopts = ["-pthread"],
            linkstatic = True,
            deps = [
                "//common/boundary_tag",
                "//common/boundary_tag/testing:fixtures",
                "//common/size_class",
            ],
        )
