// What each variant promises of each misuse, at each level.

#ifndef LOAM_TESTS_MISUSE_PROMISES_H_
#define LOAM_TESTS_MISUSE_PROMISES_H_

#include <string>
#include <vector>

namespace loam::test {

// Caught: the process aborts after one line on stderr that names the address, or faults at
// the address itself.
enum class Promise {
  kCaughtAtOnce,   // by the call or the access that is wrong
  kCaughtAtFree,   // when a block that it harmed is freed, at the latest
  kCaughtAtReuse,  // when a block that it harmed is handed out, at the latest
  kHarmless,       // the program goes on: its data and the heap are whole
  kContained,      // the program goes on: the heap is whole, but the program's data is not
  kNotPromised,    // anything but being caught: a cell that is caught promises it
};

inline bool IsCaught(Promise promise) { return promise <= Promise::kCaughtAtReuse; }

// A library that programs run on: libloam_VARIANT.so, or libloam_VARIANT_LEVEL.so.
struct Library {
  std::string variant;
  std::string level;  // "default", ...

  // Its path from the workspace's root.
  std::string Path() const;
};

// All of them, as //allocators:variants.bzl lists them.
const std::vector<Library> &Libraries();

// A misuse with blocks of one size.
struct Case {
  std::string misuse;
  size_t size;
};

std::vector<Case> Cases();

Promise PromiseOf(const Case &each, const Library &library);

// The rows of the table that no case and no library needs, as text; empty when all are needed.
std::vector<std::string> IdleRows();

// The table of all promises in Markdown, with a sum below; what README.md shows.
std::string PromisesAsMarkdown();

}  // namespace loam::test

#endif  // LOAM_TESTS_MISUSE_PROMISES_H_
