// misuse_program MISUSE SIZE: does one misuse with whatever malloc the process has.
// scene.h says how it ends.

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/misuse/misuse.h"

namespace loam::test {
namespace {

// A preloaded variant shows its walk under its own prefix; libc's malloc has none.
bool HeapIsWhole() {
  for (const char *name : {"ff_check", "sf_check", "th_check"}) {
    auto *check = reinterpret_cast<bool (*)()>(dlsym(RTLD_DEFAULT, name));
    if (check != nullptr) return check();
  }
  return true;
}

int Main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: misuse_program MISUSE SIZE\n");
    return kUsageError;
  }
  const Misuse *misuse = FindMisuse(argv[1]);
  if (misuse == nullptr) {
    fprintf(stderr, "misuse_program: there is no %s\n", argv[1]);
    return kUsageError;
  }
  TellFaults();
  misuse->run({std::strtoull(argv[2], nullptr, 10)});
  if (!HeapIsWhole()) return kHeapIsBroken;
  return HarmWasNoted() ? kProgramIsHarmed : kNothingHappened;
}

}  // namespace
}  // namespace loam::test

int main(int argc, char **argv) { return loam::test::Main(argc, argv); }
