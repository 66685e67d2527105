"""The compiler flags of our own code, in one place."""

_WARNINGS = [
    "-Wall",
    "-Wextra",
    "-Wundef",
    "-Wconversion",
    "-Werror",
]

# An allocator is optimised in every mode but --config=debug, also where a
# program that links it is not.
_OPTIMISE = select({
    "//:debug_build": ["-DLOAM_DEBUG=1"],
    "//conditions:default": [
        "-O2",
        "-fomit-frame-pointer",
        "-DLOAM_DEBUG=0",
    ],
})

# C of the allocators and the core. What a library shows is marked LOAM_EXPORT.
# -fno-builtin-malloc: or a compiler may turn our calloc into a call of itself.
LOAM_C_COPTS = _WARNINGS + [
    "-std=c11",
    "-D_GNU_SOURCE",
    "-Wstrict-prototypes",
    "-Wmissing-prototypes",
    "-fvisibility=hidden",
    "-fno-builtin-malloc",
    "-fno-semantic-interposition",
] + _OPTIMISE

# The little C++ that belongs to the core: operator new and delete.
LOAM_CORE_CXX_COPTS = _WARNINGS + [
    "-std=c++17",
    "-fvisibility=hidden",
    "-fno-rtti",
] + _OPTIMISE

# C++ of tests, benchmarks and service.
LOAM_CXX_COPTS = _WARNINGS

# Code that calls a function at the beginning of every basic block: how far it
# goes can be counted (tests/worst_case).
LOAM_COUNT_STEPS_COPTS = ["-fsanitize-coverage=trace-pc"]
