// A call of an allocator as a value, the same for whichever it is made on.

#ifndef LOAM_TESTS_DIFFERENTIAL_CALL_H_
#define LOAM_TESTS_DIFFERENTIAL_CALL_H_

#include <cstddef>
#include <string>

namespace loam::test {

enum class Function {
  kMalloc,         // (size)
  kCalloc,         // (count, size)
  kRealloc,        // (block, size)
  kReallocarray,   // (block, count, size)
  kAlignedAlloc,   // (alignment, size)
  kPosixMemalign,  // (&block, alignment, size)
  kFree,           // (block)
  kFreeSized,      // (block, its size)
  kUsableSize,     // (block)
};

// The block that goes in is what the slot holds, NULL at first; the one that
// comes out is put there. A call that takes none in frees what the slot held.
struct Call {
  Function function;
  size_t slot = 0;
  size_t size = 0;
  size_t count = 1;
  size_t alignment = 0;
};

inline constexpr size_t kSlots = 64;

// "reallocarray(slot 3, 100, 8)"
std::string Describe(const Call &call);

// Whether the function takes a block in.
inline bool TakesBlock(Function function) {
  return function == Function::kRealloc || function == Function::kReallocarray ||
         function == Function::kFree || function == Function::kFreeSized ||
         function == Function::kUsableSize;
}

inline bool IsPowerOfTwo(size_t value) { return value != 0 && (value & (value - 1)) == 0; }

}  // namespace loam::test

#endif  // LOAM_TESTS_DIFFERENTIAL_CALL_H_
