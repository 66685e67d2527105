#include "tests/fuzz/expect.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace loam::test {

Place place;

void Fail(const char *what) {
  dprintf(STDERR_FILENO, "%s, operation %zu (%s): %s\n", place.variant, place.index, place.kind,
          what);
  std::abort();
}

}  // namespace loam::test
