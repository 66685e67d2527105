// How a program of calls fails: one line on stderr that says what and where,
// and an abort, which libFuzzer, the random driver and a test's parent all see.

#ifndef LOAM_TESTS_FUZZ_EXPECT_H_
#define LOAM_TESTS_FUZZ_EXPECT_H_

#include <cstddef>

namespace loam::test {

// The operation that is being done. One program runs at a time, and only one of
// its threads.
struct Place {
  const char *variant = "";
  size_t index = 0;  // of the operation, from 0
  const char *kind = "";
};

extern Place place;

// Says on stderr what is wrong, with the place, and aborts.
[[noreturn]] void Fail(const char *what) __attribute__((cold));

inline void Expect(bool holds, const char *what) {
  if (__builtin_expect(!holds, 0)) Fail(what);
}

}  // namespace loam::test

#endif  // LOAM_TESTS_FUZZ_EXPECT_H_
