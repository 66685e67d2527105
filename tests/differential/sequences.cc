#include "tests/differential/sequences.h"

#include <cstdint>

#include "tests/support/memory.h"
#include "tests/support/random.h"

namespace loam::test {
namespace {

constexpr size_t kPtrdiffMax = PTRDIFF_MAX;

const std::vector<size_t> kSizes = {
    // Nothing, the least, and both sides of classes, pages and both allocators' thresholds.
    0, 1, 7, 8, 15, 16, 17, 24, 25, 31, 32, 33, 100, 128, 129, 1000, 1023, 1024, 1025, 1032, 1033,
    4080, 4095, 4096, 4097, 32768, 65535, 65536, 128 * kKiB - 24, 128 * kKiB, 128 * kKiB + 1,
    256 * kKiB - 1, 256 * kKiB, 256 * kKiB + 1, kMiB, 5 * kMiB + 3, 33 * kMiB,
    // More than there is.
    size_t{1} << 42, size_t{1} << 48, kPtrdiffMax / 2, kPtrdiffMax - 4096, kPtrdiffMax - 32,
    kPtrdiffMax - 1, kPtrdiffMax, kPtrdiffMax + 1, SIZE_MAX / 2 + 4096, SIZE_MAX - 4096,
    SIZE_MAX - 32, SIZE_MAX - 1, SIZE_MAX};

const std::vector<size_t> kAlignments = {0,
                                         1,
                                         2,
                                         3,
                                         4,
                                         7,
                                         8,
                                         12,
                                         16,
                                         24,
                                         32,
                                         48,
                                         64,
                                         256,
                                         4095,
                                         4096,
                                         4104,
                                         64 * kKiB,
                                         kMiB,
                                         3 * kMiB,
                                         4 * kMiB,
                                         16 * kMiB,
                                         size_t{1} << 62,
                                         size_t{1} << 63,
                                         SIZE_MAX / 2,
                                         SIZE_MAX - 15,
                                         SIZE_MAX};

struct Pair {
  size_t count, size;
};
const std::vector<Pair> kProducts = {
    {0, 0},
    {0, 8},
    {8, 0},
    {0, SIZE_MAX},
    {SIZE_MAX, 0},
    {1, 1},
    {3, 5},
    {100, 24},
    {1000, 300},
    {1, SIZE_MAX},
    {SIZE_MAX, 1},
    {2, kPtrdiffMax / 2 + 1},
    {2, SIZE_MAX / 2 + 1},
    {SIZE_MAX / 2 + 1, 2},
    {size_t{1} << 32, size_t{1} << 32},
    {(size_t{1} << 32) + 1, size_t{1} << 32},
    {SIZE_MAX / 16 + 2, 16},
    {SIZE_MAX, SIZE_MAX},
};

Call With(Function function, size_t size, size_t count = 1) {
  Call call{function};
  call.size = size;
  call.count = count;
  return call;
}

Call Aligned(Function function, size_t alignment, size_t size) {
  Call call{function};
  call.alignment = alignment;
  call.size = size;
  return call;
}

}  // namespace

std::vector<Call> EdgeCalls() {
  std::vector<Call> calls;
  const auto add = [&calls](const Call &call) {
    calls.push_back(call);
    calls.push_back({Function::kUsableSize});
  };
  for (size_t size : kSizes) {
    add(With(Function::kMalloc, size));
    calls.push_back({Function::kFree});
    add(With(Function::kRealloc, size));
    calls.push_back({Function::kFreeSized});
    add(With(Function::kCalloc, size));
  }
  for (size_t alignment : kAlignments) {
    for (size_t size : kSizes) {
      add(Aligned(Function::kAlignedAlloc, alignment, size));
      add(Aligned(Function::kPosixMemalign, alignment, size));
    }
  }
  for (const Pair &product : kProducts) add(With(Function::kCalloc, product.size, product.count));
  for (size_t from : {size_t{0}, size_t{1}, size_t{100}, size_t{5000}, 300 * kKiB, 3 * kMiB}) {
    for (size_t size : kSizes) {
      calls.push_back(With(Function::kMalloc, from));
      add(With(Function::kRealloc, size));
      calls.push_back(Aligned(Function::kAlignedAlloc, 4096, from));
      add(With(Function::kRealloc, size));
    }
    for (const Pair &product : kProducts) {
      calls.push_back(With(Function::kMalloc, from));
      add(With(Function::kReallocarray, product.size, product.count));
    }
  }
  for (Function function :
       {Function::kFree, Function::kFree, Function::kFreeSized, Function::kUsableSize}) {
    calls.push_back({function});  // also of NULL
  }
  return calls;
}

std::vector<Call> RandomCalls(uint64_t seed, size_t calls) {
  constexpr Function kFunctions[] = {
      Function::kMalloc,       Function::kMalloc,        Function::kCalloc, Function::kRealloc,
      Function::kRealloc,      Function::kReallocarray,  Function::kFree,   Function::kFree,
      Function::kAlignedAlloc, Function::kPosixMemalign, Function::kFree,   Function::kFree,
      Function::kFreeSized,    Function::kUsableSize};
  constexpr size_t kFunctionCount = sizeof(kFunctions) / sizeof(kFunctions[0]);
  Random random(seed);
  std::vector<Call> sequence(calls);
  for (Call &call : sequence) {
    call.function = kFunctions[random.Below(kFunctionCount)];
    call.slot = random.Below(kSlots);
    call.size =
        random.Below(16) == 0 ? kSizes[random.Below(kSizes.size())] : random.BlockSize(512 * kKiB);
    call.alignment = random.Below(8) == 0 ? kAlignments[random.Below(kAlignments.size())]
                                          : size_t{8} << random.Below(10);
    const bool product =
        call.function == Function::kCalloc || call.function == Function::kReallocarray;
    if (product && random.Below(8) == 0) {
      const Pair &pair = kProducts[random.Below(kProducts.size())];
      call.count = pair.count;
      call.size = pair.size;
    } else if (product && call.size < kMiB) {
      call.count = 1 + random.Below(9);
      call.size /= call.count;
    }
  }
  return sequence;
}

}  // namespace loam::test
