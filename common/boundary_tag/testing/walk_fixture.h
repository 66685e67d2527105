// What a walk over a broken arena must say.

#ifndef LOAM_COMMON_BOUNDARY_TAG_TESTING_WALK_FIXTURE_H_
#define LOAM_COMMON_BOUNDARY_TAG_TESTING_WALK_FIXTURE_H_

#include "common/boundary_tag/testing/arena_fixture.h"
#include "common/testing/capture.h"

static bool is_report(const char *text, const char *what) {
  const char *found = strstr(text, what);
  const char *newline = strchr(text, '\n');
  return strncmp(text, "loam: test: 0x", 14) == 0 && found != NULL && newline != NULL &&
         newline == found + strlen(what) && newline[1] == 0;
}

// The walk fails, and says just `what`.
static const char *expect_found(const char *what) {
  loam_capture_begin();
  bool whole = arena_check(&arena);
  const char *said = loam_capture_end();
  EXPECT(!whole);
  return is_report(said, what) ? NULL : said[0] != 0 ? said : "the walk failed without a word";
}

#endif  // LOAM_COMMON_BOUNDARY_TAG_TESTING_WALK_FIXTURE_H_
