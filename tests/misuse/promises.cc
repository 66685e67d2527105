#include "tests/misuse/promises.h"

#include "tests/misuse/misuse.h"

namespace loam::test {
namespace {

constexpr const char *kAny = "";
constexpr size_t kAnySize = 0;

struct Row {
  const char *misuse;
  const char *variant;
  size_t size;
  Promise promise;
};

// The last row that matches decides. Whatever a variant does not keep of the
// first row is a row of its own, with the reason beside it.
constexpr Row kTable[] = {
    {kAny, kAny, kAnySize, Promise::kCaught},

    // What is known of a large block is out of its reach: there is nothing of ours to break.
    {"overflow_backward", kAny, kLarge, Promise::kNotPromised},

    // Nothing of thread_heap's lies among the blocks.
    {"overflow_forward", "thread_heap", kAnySize, Promise::kHarmless},
    {"overflow_backward", "thread_heap", kSmall, Promise::kHarmless},
    {"overflow_backward", "thread_heap", kMedium, Promise::kHarmless},
    {"write_after_free", "thread_heap", kAnySize, Promise::kHarmless},
};

bool Matches(const std::string &pattern, const std::string &name) {
  return pattern == kAny || pattern == name;
}

}  // namespace

Promise PromiseOf(const std::string &misuse, const std::string &variant, size_t size) {
  Promise promise = Promise::kNotPromised;
  for (const Row &row : kTable) {
    if (Matches(row.misuse, misuse) && Matches(row.variant, variant) &&
        (row.size == kAnySize || row.size == size)) {
      promise = row.promise;
    }
  }
  return promise;
}

}  // namespace loam::test
