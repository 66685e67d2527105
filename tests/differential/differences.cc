#include "tests/differential/differences.h"

#include "tests/differential/subject.h"

namespace loam::test {
namespace {

// Over what a machine has, and under what its address space has.
constexpr size_t kMoreThanMemory = size_t{1} << 32;
constexpr size_t kMoreThanAddresses = size_t{1} << 47;

bool IsRealloc(const Call &call) {
  return call.function == Function::kRealloc || call.function == Function::kReallocarray;
}

}  // namespace

const std::vector<Difference> &Differences() {
  static const auto *differences = new std::vector<Difference>{
      {"realloc to nothing",
       "glibc frees the block and gives NULL, with which a program cannot tell success from "
       "failure, and C23 makes it undefined; a variant gives a minimal block",
       kGave, true,
       [](const Call &call, bool holds) {
         return IsRealloc(call) && holds && (call.size == 0 || call.count == 0);
       }},
      {"alignment that is no power of two",
       "C17 has aligned_alloc fail; glibc before 2.38 rounds the alignment up",
       kGave | kErrno | kAligned, false,
       [](const Call &call, bool) {
         return call.function == Function::kAlignedAlloc && !IsPowerOfTwo(call.alignment);
       }},
      {"errno of posix_memalign",
       "POSIX has it return the error and leaves errno open; glibc sets it when memory is out, a "
       "variant never does",
       kErrno, true,
       [](const Call &call, bool) { return call.function == Function::kPosixMemalign; }},
      {"more than the machine has",
       "a variant asks for address space with MAP_NORESERVE, glibc without: the kernel's "
       "heuristic refuses the one and not the other",
       kEveryField, false,
       [](const Call &call, bool) {
         return call.count == 1 && call.size >= kMoreThanMemory && call.size < kMoreThanAddresses;
       }},
  };
  return *differences;
}

}  // namespace loam::test
