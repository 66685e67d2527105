// Objects of C++: operator new, and the delete that is told the size, which an
// allocator may use to skip a look-up. What each step draws decides which
// object goes and of which class the next one is.
//
// A C++ program's operator new is the allocator's where it has one, and
// libstdc++'s, which calls malloc, where not. The same is found here by name,
// so that no other cell carries libstdc++.

#include <dlfcn.h>

#include "benchmarks/cell/blocks.h"
#include "benchmarks/cell/scratch.h"
#include "benchmarks/cell/sizes.h"
#include "benchmarks/workloads/workloads.h"

namespace loam::cell {
namespace {

constexpr size_t kObjects = 8000;
constexpr int64_t kSteps = 3'000'000;
// As those of classes with a few members, and now and then a buffer inside.
constexpr size_t kClassSizes[] = {16, 24, 32, 40, 48, 56, 64, 72, 88, 96, 120, 160, 208, 264, 544};
constexpr size_t kClasses = sizeof kClassSizes / sizeof kClassSizes[0];

struct Operators {
  void *(*create)(size_t size);
  void (*destroy)(void *object, size_t size);
};

Operators FindOperators() {
  if (dlopen("libstdc++.so.6", RTLD_NOW | RTLD_GLOBAL) == nullptr) DieUnlinked(dlerror());
  Operators operators;
  operators.create = reinterpret_cast<void *(*)(size_t)>(dlsym(RTLD_DEFAULT, "_Znwm"));
  operators.destroy = reinterpret_cast<void (*)(void *, size_t)>(dlsym(RTLD_DEFAULT, "_ZdlPvm"));
  if (operators.create == nullptr || operators.destroy == nullptr) {
    DieUnlinked("no operator new and sized delete of 64 bits");
  }
  return operators;
}

void Run(const Settings &settings, Outcome *outcome) {
  const Operators operators = FindOperators();
  Scratch<void *> objects(kObjects);
  Random random(settings.seed);
  LiveBytes live;
  const auto destroy = [&](void *object) {
    const size_t size = SizeOf(object);
    live.Remove(size);
    Timed(&Latencies::give, [&] { operators.destroy(object, size); });
  };
  outcome->stopwatch.Start();
  for (int64_t step = 0; step < kSteps; step++) {
    void *&object = objects[random.Below(kObjects)];
    if (object != nullptr) destroy(object);
    const size_t size = kClassSizes[random.Below(kClasses)];
    object = Received(Timed(&Latencies::take, [&] { return operators.create(size); }), size);
    live.Add(size);
  }
  for (void *object : objects) {
    if (object != nullptr) destroy(object);
  }
  outcome->stopwatch.Stop();
  outcome->operations = kSteps;
  outcome->live_peak_bytes = live.peak();
}

}  // namespace

const Workload kMicroSizedDelete = {
    "micro/sized_delete", "operator new and sized delete: is a known size worth anything?",
    "objects of a C++ program", false, Run};

}  // namespace loam::cell
