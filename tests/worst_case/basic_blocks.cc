#include "tests/worst_case/basic_blocks.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ostream>
#include <sstream>

#include "tests/support/memory.h"

namespace {

uint64_t basic_blocks;

}  // namespace

// What the compiler calls at the beginning of every basic block.
extern "C" __attribute__((visibility("default"))) void __sanitizer_cov_trace_pc();
extern "C" void __sanitizer_cov_trace_pc() { ++basic_blocks; }

namespace loam::test {
namespace {

constexpr size_t kSmallHeap = kMiB;
constexpr size_t kLargeHeap = 4096 * kMiB;
constexpr uint64_t kSeed = 1;

class CountedRun : public Calls {
 public:
  explicit CountedRun(const Allocator &allocator) : allocator_(allocator) {}

  void *Malloc(size_t size) override {
    const uint64_t before = basic_blocks;
    void *block = allocator_.Malloc(size);
    Note(basic_blocks - before, false, size, &steps_.malloc);
    return block;
  }

  void Free(void *block, size_t size) override {
    const uint64_t before = basic_blocks;
    allocator_.Free(block);
    Note(basic_blocks - before, true, size, &steps_.free);
  }

  void BeginPhase(const char *name) override { phase_ = name; }

  const Steps &steps() const { return steps_; }

 private:
  void Note(uint64_t steps, bool is_free, size_t size, MostSteps *most) const {
    if (steps > most->steps) *most = {steps, {phase_, is_free, size}};
  }

  const Allocator &allocator_;
  const char *phase_ = "";
  Steps steps_;
};

// The heap stays where it is, for its variant may know of it.
Steps CountOver(const MakeAllocator &make, size_t heap_bytes, size_t operations,
                bool *given_memory) {
  void *memory = mmap(nullptr, heap_bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    perror("mmap of the heap");
    std::abort();
  }
  madvise(memory, heap_bytes, MADV_NOHUGEPAGE);  // few bytes of each block are touched
  const Allocator allocator = make(memory, heap_bytes);
  *given_memory = allocator.given_memory;
  return CountSteps(allocator, {heap_bytes, operations, kSeed});
}

std::ostream &operator<<(std::ostream &out, const MostSteps &most) {
  return out << most.steps << " steps in " << most.where.Describe();
}

std::ostream &operator<<(std::ostream &out, const Steps &steps) {
  return out << steps.malloc << "; " << steps.free;
}

bool AreClose(const MostSteps &first, const MostSteps &second) {
  const uint64_t low = std::min(first.steps, second.steps);
  const uint64_t high = std::max(first.steps, second.steps);
  return low != 0 && high * 10 <= low * 11;
}

}  // namespace

uint64_t BasicBlocksEntered() { return basic_blocks; }

Steps CountSteps(const Allocator &allocator, const MixOptions &options) {
  CountedRun run(allocator);
  const MixResult result = RunMix(options, &run);
  Steps steps = run.steps();
  steps.result = result;
  return steps;
}

bool StepsOfTwoHeaps::AreConstant() const {
  return AreClose(small.malloc, large.malloc) && AreClose(small.free, large.free);
}

std::string StepsOfTwoHeaps::Describe() const {
  std::ostringstream text;
  text << kSmallHeap / kMiB << " MiB: " << small << "\n" << kLargeHeap / kMiB << " MiB: " << large;
  return text.str();
}

StepsOfTwoHeaps CountStepsOfTwoHeaps(const MakeAllocator &make, size_t operations) {
  StepsOfTwoHeaps steps;
  steps.small = CountOver(make, kSmallHeap, operations, &steps.given_memory);
  steps.large = CountOver(make, kLargeHeap, operations, &steps.given_memory);
  return steps;
}

}  // namespace loam::test
