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

# No jump lies across 32 bytes or ends there: processors of Intel from Skylake to Cascade Lake decode
# such a line anew each time it runs ("Mitigations for Jump Conditional Code Erratum", 2019), and
# which functions that hits would change with every change in front of them. For the functions that
# run all the time: code grows by a twentieth.
LOAM_ALIGN_BRANCHES = select({
    "//:x86_64": ["-Wa,-mbranches-within-32B-boundaries"],
    "//:x86_64_by_clang": ["-mbranches-within-32B-boundaries"],
    "//conditions:default": [],
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
