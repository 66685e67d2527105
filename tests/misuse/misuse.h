// The misuses: tiny programs, each of which does one thing that no program may
// do with a malloc.

#ifndef LOAM_TESTS_MISUSE_MISUSE_H_
#define LOAM_TESTS_MISUSE_MISUSE_H_

#include <cstddef>
#include <vector>

#include "common/variant/variant.h"

namespace loam::test {

// The sizes of block that a misuse is done with: a small bin, a large bin, a
// mapping of its own.
inline constexpr size_t kSmall = 40;
inline constexpr size_t kMedium = 3000;
inline constexpr size_t kLarge = size_t{3} << 20;

// What a misuse works with.
struct Scene {
  const loam_variant &v;
  size_t size;  // of the blocks that it misuses

  // Says on stdout which pointers a report may name. Before the deed.
  void Accuse(const void *pointer) const;

  // A block of `size` bytes, all of them written.
  char *Block() const;
};

struct Misuse {
  const char *name;
  void (*run)(const Scene &scene);
  std::vector<size_t> sizes;  // each is a program of its own
};

const std::vector<Misuse> &Misuses();

}  // namespace loam::test

#endif  // LOAM_TESTS_MISUSE_MISUSE_H_
