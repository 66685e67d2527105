#include "tests/worst_case/measure.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <sstream>
#include <vector>

#include "tests/support/memory.h"
#include "tests/support/process.h"
#include "tests/worst_case/step.h"
#include "tests/worst_case/ticks.h"

namespace loam::test {
namespace {

constexpr unsigned kHangSeconds = 600;
constexpr size_t kPageBytes = 4096;  // or a part of one

constexpr size_t kWarmUpBytes = 256 * kKiB;
constexpr size_t kWarmUpOperations = 10000;

// A call of the mix, in memory that the children share with their parent.
struct Call {
  uint64_t size;
  const char *phase;  // a literal: the same in every child
  uint32_t ticks;     // the least of the runs
  bool is_free;
  bool to_step;
};

// What the children share: written by one at a time.
struct Shared {
  MixResult result;
  bool given_memory;
  uint64_t ticks_max;  // of any run
  size_t stepped;
  uint64_t instructions_max;
  bool instructions_cut;
  size_t longest;
};

void *MapOrDie(size_t bytes, int protection, int flags) {
  void *memory = mmap(nullptr, bytes, protection, flags | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    perror("mmap");
    std::abort();
  }
  return memory;
}

// A mapping that this process owns.
class Mapping {
 public:
  Mapping(size_t bytes, int protection, int flags)
      : bytes_(bytes), start_(MapOrDie(bytes, protection, flags)) {}
  ~Mapping() { munmap(start_, bytes_); }
  Mapping(const Mapping &) = delete;
  Mapping &operator=(const Mapping &) = delete;

  void *start() const { return start_; }

 private:
  size_t bytes_;
  void *start_;
};

class PlainRun : public Calls {
 public:
  explicit PlainRun(const Allocator &allocator) : allocator_(allocator) {}
  void *Malloc(size_t size) override { return allocator_.Malloc(size); }
  void Free(void *block, size_t) override { allocator_.Free(block); }
  void BeginPhase(const char *) override {}

 private:
  const Allocator &allocator_;
};

// What both kinds of measured runs have: the allocator, and where they are in the mix.
class Run : public Calls {
 public:
  Run(const Allocator &allocator, Call *calls, size_t calls_max, Shared *shared)
      : allocator_(allocator), calls_(calls), calls_max_(calls_max), shared_(shared) {}

  void BeginPhase(const char *name) override { phase_ = name; }

 protected:
  // The record of the call that comes now; those past the end share one.
  Call *Next(bool is_free, size_t size) {
    Call *call = index_ < calls_max_ ? &calls_[index_] : &spare_;
    ++index_;
    call->phase = phase_;
    call->is_free = is_free;
    call->size = size;
    return call;
  }

  const Allocator allocator_;
  Call *const calls_;
  const size_t calls_max_;
  Shared *const shared_;
  size_t index_ = 0;

 private:
  const char *phase_ = "";
  Call spare_ = {};
};

class TimedRun : public Run {
 public:
  using Run::Run;

  void *Malloc(size_t size) override {
    Call *call = Next(false, size);
    const uint64_t begin = Ticks();
    void *block = allocator_.Malloc(size);
    Note(call, Ticks() - begin);
    return block;
  }

  void Free(void *block, size_t size) override {
    Call *call = Next(true, size);
    const uint64_t begin = Ticks();
    allocator_.Free(block);
    Note(call, Ticks() - begin);
  }

 private:
  void Note(Call *call, uint64_t ticks) {
    ticks = ticks > reading_ ? ticks - reading_ : 0;
    call->ticks = static_cast<uint32_t>(std::min<uint64_t>(ticks, call->ticks));
    shared_->ticks_max = std::max(shared_->ticks_max, ticks);
  }

  const uint64_t reading_ = TicksOfReading();
};

class SteppedRun : public Run {
 public:
  SteppedRun(const Allocator &allocator, Call *calls, size_t calls_max, Shared *shared,
             uint64_t limit)
      : Run(allocator, calls, calls_max, shared), limit_(limit) {}

  void *Malloc(size_t size) override {
    if (!Next(false, size)->to_step) return allocator_.Malloc(size);
    return Step(allocator_.malloc, reinterpret_cast<void *>(size));
  }

  void Free(void *block, size_t size) override {
    if (!Next(true, size)->to_step) {
      allocator_.Free(block);
    } else {
      Step(allocator_.free, block);
    }
  }

 private:
  void *Step(Function function, void *argument) {
    const Stepped stepped = allocator_.heap != nullptr
                                ? StepCall(function, allocator_.heap, argument, limit_)
                                : StepCall(function, argument, nullptr, limit_);
    ++shared_->stepped;
    if (stepped.instructions > shared_->instructions_max) {
      shared_->instructions_max = stepped.instructions;
      shared_->instructions_cut = stepped.cut;
      shared_->longest = index_ - 1;
    }
    return stepped.result;
  }

  const uint64_t limit_;
};

class Measuring {
 public:
  Measuring(const MakeAllocator &make, const MeasureOptions &options)
      : make_(make),
        options_(options),
        calls_max_(options.mix.operations),
        // Made here, so that it is at the same place in every child; touched there.
        heap_(options.mix.heap_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE),
        calls_mapping_(calls_max_ * sizeof(Call), PROT_READ | PROT_WRITE, MAP_SHARED),
        shared_mapping_(sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED),
        calls_(static_cast<Call *>(calls_mapping_.start())),
        shared_(new (shared_mapping_.start()) Shared()) {}

  Measurement Run() {
    for (size_t i = 0; i < calls_max_; ++i) calls_[i].ticks = UINT32_MAX;
    Measurement measurement;
    for (size_t i = 0; i < options_.repeats && measurement.fault.empty(); ++i) {
      measurement.fault = InChild([this](const Allocator &allocator) {
        TimedRun run(allocator, calls_, calls_max_, shared_);
        return RunMix(options_.mix, &run);
      });
    }
    if (!measurement.fault.empty()) return measurement;
    SumUpTimes(&measurement);
    if (CanStep()) {
      measurement.fault = InChild([this](const Allocator &allocator) {
        SteppedRun run(allocator, calls_, calls_max_, shared_, options_.step_limit);
        return RunMix(options_.mix, &run);
      });
      SumUpSteps(&measurement);
    }
    return measurement;
  }

 private:
  // Runs the body over a fresh allocator; what went wrong, or nothing.
  std::string InChild(const std::function<MixResult(const Allocator &)> &body) {
    const ChildResult child = RunInChild(
        [&] {
          WarmUp();
          const Allocator allocator = make_(heap_.start(), options_.mix.heap_bytes);
          shared_->given_memory = allocator.given_memory;
          if (allocator.given_memory) MakeResident();
          shared_->result = body(allocator);
          if (shared_->result.fault != nullptr) fprintf(stderr, "%s", shared_->result.fault);
          return shared_->result.fault != nullptr ? 1 : 0;
        },
        kHangSeconds);
    return child.Exited(0) ? "" : child.Describe();
  }

  // A short mix over another heap: a child meets each page of the program for the
  // first time, which is a fault, too. The heap stays where it is, for its
  // variant may know of it.
  void WarmUp() const {
    void *memory = MapOrDie(kWarmUpBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    const Allocator allocator = make_(memory, kWarmUpBytes);
    PlainRun run(allocator);
    RunMix({kWarmUpBytes, kWarmUpOperations, options_.mix.seed}, &run);
  }

  // Resident from the start: a page fault is no part of an allocator's time.
  void MakeResident() const {
#if defined(MADV_POPULATE_WRITE)
    madvise(heap_.start(), options_.mix.heap_bytes, MADV_POPULATE_WRITE);  // faster, if it can
#endif
    auto *bytes = static_cast<volatile char *>(heap_.start());
    for (size_t at = 0; at < options_.mix.heap_bytes; at += kPageBytes) bytes[at] = bytes[at];
  }

  Where WhereOf(size_t index) const {
    const Call &call = calls_[index];
    return {call.phase, call.is_free, call.size};
  }

  // The indices of all calls, the slowest ones first.
  std::vector<uint32_t> BySlowness(size_t count) const {
    std::vector<uint32_t> order(count);
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(), [this](uint32_t first, uint32_t second) {
      return calls_[first].ticks > calls_[second].ticks;
    });
    return order;
  }

  void SumUpTimes(Measurement *measurement) {
    const double ns_per_tick = NanosecondsPerTick();
    const size_t count = std::min(shared_->result.operations, calls_max_);
    const std::vector<uint32_t> order = BySlowness(count);
    const auto share = [&](double slower) {
      const auto rank = static_cast<size_t>(slower * static_cast<double>(count));
      return calls_[order[rank]].ticks * ns_per_tick;
    };
    measurement->given_memory = shared_->given_memory;
    measurement->operations = shared_->result.operations;
    measurement->refused = shared_->result.refused;
    measurement->live_bytes_max = shared_->result.live_bytes_max;
    measurement->p50_ns = share(0.5);
    measurement->p99_ns = share(0.01);
    measurement->p999_ns = share(0.001);
    measurement->p9999_ns = share(0.0001);
    measurement->max_ns = share(0);
    measurement->slowest = WhereOf(order[0]);
    measurement->max_of_any_run_ns = static_cast<double>(shared_->ticks_max) * ns_per_tick;
    for (size_t i = 0; i < count; ++i) {
      calls_[i].to_step = options_.step_every != 0 && i % options_.step_every == 0;
    }
    for (size_t i = 0; i < std::min(options_.step_slowest, count); ++i) {
      calls_[order[i]].to_step = true;
    }
  }

  void SumUpSteps(Measurement *measurement) const {
    measurement->stepped = shared_->stepped;
    measurement->instructions_max = shared_->instructions_max;
    measurement->instructions_cut = shared_->instructions_cut;
    if (shared_->stepped != 0) measurement->longest = WhereOf(shared_->longest);
  }

  const MakeAllocator &make_;
  const MeasureOptions &options_;
  const size_t calls_max_;
  const Mapping heap_;
  const Mapping calls_mapping_;
  const Mapping shared_mapping_;
  Call *const calls_;
  Shared *const shared_;
};

}  // namespace

std::string Where::Describe() const {
  std::ostringstream text;
  text << (is_free ? "free of " : "malloc(") << size << (is_free ? "" : ")") << ", " << phase;
  return text.str();
}

Measurement Measure(const MakeAllocator &make, const MeasureOptions &options) {
  return Measuring(make, options).Run();
}

}  // namespace loam::test
