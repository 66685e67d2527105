// A seeded generator whose numbers are the same on every machine.

#ifndef LOAM_TESTS_SUPPORT_RANDOM_H_
#define LOAM_TESTS_SUPPORT_RANDOM_H_

#include <cstddef>
#include <cstdint>

namespace loam::test {

// One round of the splitmix64 finaliser: spreads every bit of `value`.
inline uint64_t Mix(uint64_t value) {
  value += 0x9e3779b97f4a7c15u;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

class Random {
 public:
  explicit Random(uint64_t seed) : state_(Mix(seed)) {}

  uint64_t Next() { return Mix(state_++); }

  // Below `bound`, which is over 0.
  size_t Below(size_t bound) { return static_cast<size_t>(Next() % bound); }

  // A block size: mostly small, each doubling three quarters as likely, up to `largest`.
  size_t BlockSize(size_t largest) {
    size_t ceiling = 32;
    while (ceiling < largest && Below(4) != 0) ceiling *= 2;
    return Below((ceiling < largest ? ceiling : largest) + 1);
  }

 private:
  uint64_t state_;
};

}  // namespace loam::test

#endif  // LOAM_TESTS_SUPPORT_RANDOM_H_
