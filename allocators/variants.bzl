"""The allocator variants, and the targets that each one gives.

A new variant is a folder with a BUILD.bazel that calls loam_variant(), and a
line in VARIANTS.
"""

load("//tools:copts.bzl", "LOAM_ALIGN_BRANCHES", "LOAM_CORE_CXX_COPTS", "LOAM_COUNT_STEPS_COPTS", "LOAM_C_COPTS")

# name: the folder, the library and the value of --//:variant; prefix: of its functions;
# levels: of checking that it can be compiled for.
VARIANTS = [
    struct(name = "first_fit", prefix = "ff", levels = ["default", "hardened", "debug"]),
    struct(name = "segregated_fit", prefix = "sf", levels = ["default", "hardened", "debug"]),
    struct(name = "thread_heap", prefix = "th", levels = ["default", "hardened", "debug"]),
]

# What a level adds to the flags of a variant's sources.
LEVEL_COPTS = {
    "default": [],
    "hardened": ["-DLOAM_HARDENED=1"],
    "debug": ["-DLOAM_DEBUGGED=1"],
}

# Every level that some variant has.
LEVELS = LEVEL_COPTS.keys()

def level_suffix(level):
    """What the names of a level's targets and libraries end in."""
    return "" if level == "default" else "_" + level

def variants_of(level):
    """The variants that can be compiled for a level."""
    return [variant for variant in VARIANTS if level in variant.levels]

def library_of(variant, level):
    """The label of a variant's prefixed functions, as a library."""
    return "//allocators/{}:{}".format(
        variant.name,
        variant.name if level == "default" else level,
    )

DEFAULT_VARIANT = "thread_heap"

def loam_variant(name, srcs, hdrs, deps, fast_paths = None):
    """The targets of the variant in this folder.

    :NAME     the prefixed functions, as a library
    :malloc   the standard names over them, for a binary's `malloc` attribute
    :preload  libloam_NAME.so, for LD_PRELOAD
    :counted  as :NAME, compiled for tests that count the steps of a call

    and for each further level of the variant :LEVEL, :malloc_LEVEL and :preload_LEVEL,
    the last of which is libloam_NAME_LEVEL.so.

    All libraries are archives, also where a program (a test, by default) links
    its libraries as shared ones: what one shares with another is hidden.

    Args:
      name: the variant's name, as VARIANTS lists it.
      srcs: its sources and private headers.
      hdrs: its public header.
      deps: what it takes from //common.
      fast_paths: a header of srcs with PREFIX_fast_malloc and PREFIX_fast_free, inline functions
        that malloc, free, new and delete are to be at the default level.
    """
    listed = [variant for variant in VARIANTS if variant.name == name]
    if not listed:
        fail("{} is not listed in VARIANTS of //allocators:variants.bzl".format(name))
    variant = listed[0]
    native.cc_library(
        name = "counted",
        testonly = True,
        srcs = srcs,
        hdrs = hdrs,
        copts = LOAM_C_COPTS + LOAM_COUNT_STEPS_COPTS,
        linkopts = ["-pthread"],
        linkstatic = True,
        visibility = ["//tests:__subpackages__"],
        deps = deps + ["//common/variant"],
    )
    for level in variant.levels:
        _variant_at_level(variant, level, srcs, hdrs, deps, fast_paths)

def _variant_at_level(variant, level, srcs, hdrs, deps, fast_paths):
    suffix = level_suffix(level)
    copts = LEVEL_COPTS[level]
    library = library_of(variant, level).split(":")[1]
    if level == "debug":
        _debug_layer(variant, library, srcs, hdrs, deps)
    else:
        native.cc_library(
            name = library,
            srcs = srcs,
            hdrs = hdrs,
            copts = LOAM_C_COPTS + LOAM_ALIGN_BRANCHES + copts,
            linkopts = ["-pthread"],
            linkstatic = True,
            visibility = ["//visibility:public"],
            deps = deps + ["//common/variant"],
        )
    api = ["-DLOAM_PREFIX=" + variant.prefix]
    headers = []
    if level == "default" and fast_paths != None:
        api.append("-DLOAM_FAST_PATHS=\\\"{}/{}\\\"".format(native.package_name(), fast_paths))
        headers = [header for header in srcs if header.endswith(".h")]
    native.cc_library(
        name = "operator_new" + suffix,
        srcs = ["//common/malloc_api:cxx_sources"],
        copts = LOAM_CORE_CXX_COPTS + copts + api + LOAM_ALIGN_BRANCHES,
        deps = [
            library,
            "//common/malloc_api:headers",
        ],
        alwayslink = 1,
        linkstatic = True,
    )
    native.cc_library(
        name = "malloc" + suffix,
        srcs = ["//common/malloc_api:c_sources"] + headers,
        copts = LOAM_C_COPTS + copts + api + LOAM_ALIGN_BRANCHES + ["-fexceptions"],  # through new
        visibility = ["//visibility:public"],
        deps = [
            library,
            "operator_new" + suffix,
            "//common/malloc_api:headers",
        ] + (deps if headers else []),
        alwayslink = 1,
        linkstatic = True,
    )
    native.cc_binary(
        name = "libloam_{}{}.so".format(variant.name, suffix),
        additional_linker_inputs = ["//allocators:preload.ld"],
        features = ["-supports_start_end_lib"],  # which GNU ld does not
        linkopts = [
            "-fuse-ld=bfd",
            "-Wl,-T,$(location //allocators:preload.ld)",
            "-Wl,-z,noseparate-code",
            "-Wl,-z,max-page-size=65536",
            "-Wl,--as-needed",  # no C++ runtime in a C program
            "-Wl,--no-undefined",
            "-Wl,-Bsymbolic",
            "-Wl,-z,now",
            "-Wl,-z,nodelete",  # threads that it served end after a dlclose
            "-static-libgcc",  # for its unwinder alone, no program is to load libgcc_s
        ],
        linkshared = 1,
        visibility = ["//visibility:public"],
        deps = [
            "malloc" + suffix,
            "//common/malloc_api:deepbind",
        ],
    )
    native.alias(
        name = "preload" + suffix,
        actual = "libloam_{}{}.so".format(variant.name, suffix),
        visibility = ["//visibility:public"],
    )

def _debug_layer(variant, library, srcs, hdrs, deps):
    """The variant's functions as common/debug gives them, over its own under other names."""
    copts = LOAM_C_COPTS + LEVEL_COPTS["debug"]
    native.cc_library(
        name = library + "_base",
        srcs = srcs,
        hdrs = hdrs,
        copts = copts + ["-DLOAM_BELOW=1"],
        linkopts = ["-pthread"],
        linkstatic = True,
        deps = deps + ["//common/variant"],
    )
    native.cc_library(
        name = library,
        srcs = ["//common/debug:api_sources"],
        hdrs = hdrs,
        copts = copts + [
            "-DLOAM_PREFIX=" + variant.prefix,
            "-DLOAM_LAYER_NAME=\\\"{}\\\"".format(variant.name),
        ],
        linkopts = ["-pthread"],
        linkstatic = True,
        visibility = ["//visibility:public"],
        deps = [
            library + "_base",
            "//common/debug",
            "//common/malloc_api:headers",
        ],
    )

def loam_libraries():
    """Every library for LD_PRELOAD, as structs of the variant's name, the level's and the label."""
    return [struct(
        variant = variant.name,
        level = level,
        label = "//allocators/{}:preload{}".format(variant.name, level_suffix(level)),
    ) for variant in VARIANTS for level in variant.levels]

def loam_variant_flag():
    """//:variant, the flag that chooses a variant by name, and //:malloc, which follows it."""
    _variant_flag(
        name = "variant",
        build_setting_default = DEFAULT_VARIANT,
        visibility = ["//visibility:public"],
    )
    choices = {}
    for variant in VARIANTS:
        native.config_setting(
            name = "variant_is_" + variant.name,
            flag_values = {":variant": variant.name},
        )
        choices[":variant_is_" + variant.name] = "//allocators/{}:malloc".format(variant.name)
    native.alias(
        name = "malloc",
        actual = select(choices),
        visibility = ["//visibility:public"],
    )

def _variant_flag_impl(ctx):
    names = [variant.name for variant in VARIANTS]
    if ctx.build_setting_value not in names:
        fail("--//:variant={} is not a variant: choose one of {}".format(
            ctx.build_setting_value,
            ", ".join(names),
        ))
    return []

_variant_flag = rule(
    implementation = _variant_flag_impl,
    build_setting = config.string(flag = True),
)

def loam_variant_table(name, level):
    """A library with loam_variants[], the table of every variant of a level, for code that runs over all."""
    variants = variants_of(level)
    lines = ["#include \"allocators/variants.h\""]
    lines += ["extern const struct loam_variant {}_variant;".format(variant.prefix) for variant in variants]
    lines += ["const struct loam_variant *const loam_variants[] = {"]
    lines += ["    &{}_variant,".format(variant.prefix) for variant in variants]
    lines += ["};", "const size_t loam_variant_count = {};".format(len(variants))]
    native.genrule(
        name = name + "_source",
        outs = [name + ".c"],
        cmd = "cat >$@ <<'END'\n{}\nEND\n".format("\n".join(lines)),
    )
    native.cc_library(
        name = name,
        srcs = [name + ".c"],
        copts = LOAM_C_COPTS,
        linkstatic = True,
        visibility = ["//:__subpackages__"],
        deps = ["//allocators:table"] + [library_of(variant, level) for variant in variants],
    )
