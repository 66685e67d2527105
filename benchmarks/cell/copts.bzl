"""Flags of the code that is measured, also recorded in every result."""

# -fno-builtin-*: or a compiler may remove a malloc that is freed at once.
# -fno-threadsafe-statics and its like keep libstdc++ out of the process.
CELL_FLAGS = [
    "-O2",
    "-std=c++17",
    "-fno-builtin-malloc",
    "-fno-builtin-calloc",
    "-fno-builtin-realloc",
    "-fno-builtin-free",
    "-fno-exceptions",
    "-fno-rtti",
    "-fno-threadsafe-statics",
]

# Names' suffix and definitions of what is built for throughput and for latency.
CELL_BUILDS = [
    ("", []),
    ("_latency", ["LOAM_CELL_LATENCY"]),
]
