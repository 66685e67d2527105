// Random programs: each profile is one way to use an allocator.

#ifndef LOAM_TESTS_FUZZ_GENERATOR_H_
#define LOAM_TESTS_FUZZ_GENERATOR_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/fuzz/operation.h"

namespace loam::test {

// A weight, or a number, of one kind of operation.
struct KindCount {
  Kind kind;
  size_t count;
};

struct Profile {
  const char *name;
  size_t slots_log2;
  size_t operations;               // in one program
  size_t turn;                     // operations of this profile before the next has its turn
  std::vector<KindCount> weights;  // what operations are drawn from
  std::vector<KindCount> strewn;   // this many of each, at random places
  // Of each SizeRange, kTiny first.
  std::vector<size_t> sizes;
  bool odd_alignments = false;  // all that there are, not just usual ones
};

const std::vector<Profile> &Profiles();

// NULL where there is none of this name.
const Profile *FindProfile(const std::string &name);

// Fills `program` with the program that the seed stands for.
class Generator {
 public:
  explicit Generator(const Profile &profile);
  void Generate(uint64_t seed, std::vector<uint8_t> *program) const;

 private:
  static constexpr size_t kTableSize = 1024;

  const Profile profile_;
  uint8_t kinds_[kTableSize];   // byte 0 of an operation
  uint8_t ranges_[kTableSize];  // the range of its size
};

}  // namespace loam::test

#endif  // LOAM_TESTS_FUZZ_GENERATOR_H_
