// The misuses: tiny programs, each of which does one thing that no program may
// do with a malloc. They call the standard names, so that whatever library is preloaded
// serves them.

#ifndef LOAM_TESTS_MISUSE_MISUSE_H_
#define LOAM_TESTS_MISUSE_MISUSE_H_

#include <cstddef>
#include <vector>

#include "tests/misuse/scene.h"

namespace loam::test {

// The sizes of block that a misuse is done with: a small bin, a large bin, pages of its own.
inline constexpr size_t kSmall = 40;
inline constexpr size_t kMedium = 3000;
inline constexpr size_t kLarge = size_t{3} << 20;

struct Misuse {
  const char *name;
  void (*run)(const Scene &scene);
  std::vector<size_t> sizes;  // each is a program of its own
};

// All of them, by kind.
const std::vector<Misuse> &Misuses();

std::vector<Misuse> DoubleFrees();
std::vector<Misuse> BadPointers();
std::vector<Misuse> Overflows();
std::vector<Misuse> UsesAfterFree();
std::vector<Misuse> WrongCalls();
std::vector<Misuse> Attacks();

// nullptr where there is none of this name.
const Misuse *FindMisuse(const char *name);

// What `sizes` mostly are.
inline std::vector<size_t> EverySize() { return {kSmall, kMedium, kLarge}; }
inline std::vector<size_t> HeapSizes() { return {kSmall, kMedium}; }
inline std::vector<size_t> OneSize() { return {kSmall}; }

}  // namespace loam::test

#endif  // LOAM_TESTS_MISUSE_MISUSE_H_
