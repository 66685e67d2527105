#include "tests/differential/lockstep.h"

#include "tests/differential/subject.h"

namespace loam::test {
namespace {

constexpr size_t kFaultsMax = 10;

// A row that excuses all of `fields`, or NULL.
const Difference *ExcuseFor(const Call &call, bool holds, unsigned fields) {
  for (const Difference &difference : Differences()) {
    if ((fields & ~difference.fields) == 0 && difference.applies(call, holds)) return &difference;
  }
  return nullptr;
}

}  // namespace

Comparison RunInLockstep(const loam_variant &variant, const loam_variant &libc,
                         const std::vector<Call> &calls) {
  Comparison comparison;
  Subject ours(variant);
  Subject theirs(libc);
  for (size_t i = 0; i < calls.size() && comparison.faults.size() < kFaultsMax; ++i) {
    const Call &call = calls[i];
    const bool holds = ours.Holds(call.slot);
    const Observation seen = ours.Do(call);
    const Observation expected = theirs.Do(call);
    const unsigned fields = Compare(seen, expected);
    // What both get wrong is no difference, and still wrong.
    const bool sound = seen.aligned && seen.usable && seen.content;
    if (fields == 0 && sound) continue;
    const Difference *excuse = ExcuseFor(call, holds, fields);
    if (excuse != nullptr && sound) {
      comparison.differences.insert(excuse);
    } else {
      comparison.faults.push_back("call " + std::to_string(i) + ", " + Describe(call) + ": " +
                                  variant.name + ": " + Describe(seen) +
                                  "; libc: " + Describe(expected));
    }
    ours.Clear(call.slot);
    theirs.Clear(call.slot);
  }
  return comparison;
}

}  // namespace loam::test
