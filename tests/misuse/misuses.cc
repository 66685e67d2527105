#include <cstring>

#include "tests/misuse/misuse.h"

namespace loam::test {

const std::vector<Misuse> &Misuses() {
  static const std::vector<Misuse> all = [] {
    std::vector<Misuse> misuses;
    for (const auto &kind :
         {DoubleFrees, BadPointers, Overflows, UsesAfterFree, WrongCalls, Attacks}) {
      for (const Misuse &misuse : kind()) misuses.push_back(misuse);
    }
    return misuses;
  }();
  return all;
}

const Misuse *FindMisuse(const char *name) {
  for (const Misuse &misuse : Misuses()) {
    if (std::strcmp(misuse.name, name) == 0) return &misuse;
  }
  return nullptr;
}

}  // namespace loam::test
