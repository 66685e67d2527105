// What each variant promises of each misuse.

#ifndef LOAM_TESTS_MISUSE_PROMISES_H_
#define LOAM_TESTS_MISUSE_PROMISES_H_

#include <string>

namespace loam::test {

enum class Promise {
  kCaught,       // the process aborts after one line on stderr that names the pointer
  kHarmless,     // the program goes on, and the heap is whole
  kNotPromised,  // anything but being caught: a cell that is caught promises it
};

// The promise of a variant for a misuse with blocks of `size` bytes.
Promise PromiseOf(const std::string &misuse, const std::string &variant, size_t size);

}  // namespace loam::test

#endif  // LOAM_TESTS_MISUSE_PROMISES_H_
