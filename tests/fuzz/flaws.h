// Flaws that can be planted in a variant, for the proof that each is found.

#ifndef LOAM_TESTS_FUZZ_FLAWS_H_
#define LOAM_TESTS_FUZZ_FLAWS_H_

#include <vector>

#include "common/variant/variant.h"

namespace loam::test {

struct Flaw {
  const char *name;
  const char *found;    // what the line on stderr says
  const char *profile;  // of the programs that find it
  void (*plant)(loam_variant *variant);
};

const std::vector<Flaw> &Flaws();

// The variant with the flaw. One in a process at a time; the variant below it,
// and the thread that calls this, are remembered.
loam_variant PlantFlaw(const Flaw &flaw, const loam_variant &variant);

}  // namespace loam::test

#endif  // LOAM_TESTS_FUZZ_FLAWS_H_
