// The alphabet of programs: what bytes mean as calls of an allocator.
//
// A program is one byte that says how many slots for blocks it has, and then
// operations of six bytes each:
//
//   0     the kind: kinds that matter more have more values
//   1     the heap (low 2 bits) and the alignment (high 6 bits)
//   2, 3  the slot, low byte first
//   4, 5  the size: its range (high 4 bits) and where in it (low 12 bits)
//
// Every byte string is a program; what is left over at its end does nothing.

#ifndef LOAM_TESTS_FUZZ_OPERATION_H_
#define LOAM_TESTS_FUZZ_OPERATION_H_

#include <cstddef>
#include <cstdint>

namespace loam::test {

// X(kind, name, values of byte 0 that mean it). The values add up to 256.
#define LOAM_FUZZ_KINDS(X)                      \
  X(kMalloc, "malloc", 42)                      \
  X(kCalloc, "calloc", 16)                      \
  X(kRealloc, "realloc", 28)                    \
  X(kReallocarray, "reallocarray", 8)           \
  X(kAlignedAlloc, "aligned_alloc", 14)         \
  X(kPosixMemalign, "posix_memalign", 10)       \
  X(kFree, "free", 40)                          \
  X(kFreeSized, "free_sized", 14)               \
  X(kHeapMalloc, "heap_malloc", 14)             \
  X(kHeapCalloc, "heap_calloc", 6)              \
  X(kHeapRealloc, "heap_realloc", 8)            \
  X(kHeapAlignedAlloc, "heap_aligned_alloc", 6) \
  X(kHeapFree, "heap_free", 10)                 \
  X(kUsableSize, "usable_size", 6)              \
  X(kFreeMany, "free of many", 4)               \
  X(kTrim, "trim", 3)                           \
  X(kStats, "stats", 3)                         \
  X(kCheck, "check", 3)                         \
  X(kHeapCreate, "heap_create", 3)              \
  X(kHeapStats, "heap_stats", 2)                \
  X(kHeapDestroy, "heap_destroy", 2)            \
  X(kFaults, "failing system calls", 6)         \
  X(kSwitchThread, "change of thread", 5)       \
  X(kEndThread, "end of a thread", 2)           \
  X(kFork, "fork", 1)

enum class Kind : uint8_t {
#define LOAM_FUZZ_KIND(kind, name, values) kind,
  LOAM_FUZZ_KINDS(LOAM_FUZZ_KIND)
#undef LOAM_FUZZ_KIND
};

const char *NameOf(Kind kind);

// The first value of byte 0 that means `kind`.
uint8_t ByteOf(Kind kind);

// Values of a size's high 4 bits. Those from kRangesEnd on stand for the small
// ranges again.
enum SizeRange : uint8_t {
  kTiny,        // 0 to 128 bytes
  kSmall,       // 0 to 1 KiB
  kStep,        // round a multiple of 16 up to 4 KiB
  kPower,       // round a power of two, 16 bytes to 512 KiB
  kMedium,      // up to 64 KiB
  kUpper,       // up to 256 KiB
  kThreshold,   // round 256 KiB, where large blocks begin by default
  kPages,       // round a multiple of a page, up to 512 KiB
  kLarge,       // 256 KiB to 4.25 MiB
  kHuge,        // up to 48 MiB
  kImpossible,  // over 2^47: no machine has it
  kRangesEnd,
};

inline constexpr size_t kSlotsLog2Min = 4;
inline constexpr size_t kSlotsLog2Max = 12;
inline constexpr size_t kHeaps = 4;
inline constexpr size_t kProgramHeaderBytes = 1;
inline constexpr size_t kOperationBytes = 6;

// From this size on there is certainly no such block.
inline constexpr size_t kImpossibleSize = size_t{1} << 47;

struct Operation {
  Kind kind;
  uint8_t extra;  // byte 1
  uint16_t slot;
  uint16_t size_code;

  size_t Heap() const { return extra % kHeaps; }
  size_t Size() const;
  size_t Alignment() const;  // also such as are no power of two
};

Operation Decode(const uint8_t *bytes);

// log2 of the number of slots, from a program's first byte.
inline size_t SlotsLog2(uint8_t byte) {
  return kSlotsLog2Min + byte % (kSlotsLog2Max - kSlotsLog2Min + 1);
}

// count * size as an array's bytes; a product that overflows is there, too.
struct Product {
  size_t count, size;
  bool overflows;
};

// Splits a size into a product that is not over it; an impossible size becomes
// one that overflows, mostly to something small.
Product SplitSize(size_t size, uint8_t extra);

}  // namespace loam::test

#endif  // LOAM_TESTS_FUZZ_OPERATION_H_
