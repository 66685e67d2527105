// Chance and what it is worth; the table of samples against a model; what the check finds.

#include "common/profile/profile.h"

#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/os/os.h"
#include "common/profile/chance.h"
#include "common/testing/scenario.h"

// --- Chance ------------------------------------------------------------------

SCENARIO(TheExponentialHasItsTail) {
  enum { DRAWS = 1000000 };
  uint64_t state = 1;
  double sum = 0;
  size_t over_half = 0, over_two = 0;
  for (int i = 0; i < DRAWS; i++) {
    double drawn = loam_chance_exponential(&state);
    sum += drawn;
    over_half += drawn > 0.5;
    over_two += drawn > 2;
  }
  EXPECT(fabs(sum / DRAWS - 1) < 0.005);
  EXPECT(fabs((double)over_half / DRAWS - exp(-0.5)) < 0.0025);
  EXPECT(fabs((double)over_two / DRAWS - exp(-2)) < 0.002);
  return NULL;
}

SCENARIO(TheChanceOfABlockIsWhatLibmSays) {
  for (double x = 1e-9; x < 100; x *= 1.7) {
    size_t bytes = (size_t)(x * 1e12);
    double right = -expm1(-(double)bytes / 1e12);
    EXPECT(fabs(loam_chance_of_block(bytes, 1e12) / right - 1) < 1e-12);
  }
  return NULL;
}

SCENARIO(AWaitIsGeometric) {
  enum { DRAWS = 200000, BYTES = 300, PERIOD = 1000 };
  uint64_t state = 7;
  double sum = 0;
  size_t ones = 0;
  for (int i = 0; i < DRAWS; i++) {
    uint64_t wait = loam_chance_wait(&state, BYTES, PERIOD);
    EXPECT(wait >= 1);
    sum += (double)wait;
    ones += wait == 1;
  }
  double chance = loam_chance_of_block(BYTES, PERIOD);
  EXPECT(fabs(sum / DRAWS * chance - 1) < 0.02);
  EXPECT(fabs((double)ones / DRAWS - chance) < 0.007);
  return NULL;
}

// --- The table ---------------------------------------------------------------

static struct loam_profile profile;
static char space[1 << 20];  // its addresses are those of the samples

static void start(void) { profile = (struct loam_profile){.period = 1000}; }

static void add(size_t number, size_t bytes, double chance) {
  uintptr_t frames[] = {number % 7 + 1, 1000};
  loam_profile_add(&profile, &space[number], bytes, chance, frames, 2);
}

static uint64_t live_of_all_sites(bool of_blocks) {
  uint64_t sum = 0;
  for (size_t i = 0; i < atomic_load(&profile.site_count); i++) {
    struct loam_profile_sums *live = &profile.sites[i].live;
    sum += of_blocks ? atomic_load(&live->blocks) : atomic_load(&live->bytes);
  }
  return sum;
}

SCENARIO(ASampleStandsForTheBlocksThatWereNotSampled) {
  start();
  add(1, 100, 0.25);
  EXPECT(live_of_all_sites(true) == 4 * 65536 && live_of_all_sites(false) == 400);
  EXPECT(fabs(atomic_load(&profile.live_variance) - 0.75 * 400 * 400) < 1e-6);
  EXPECT(loam_profile_check(&profile) == NULL);
  EXPECT(!loam_profile_remove(&profile, &space[2]));
  EXPECT(loam_profile_remove(&profile, &space[1]));
  EXPECT(!loam_profile_remove(&profile, &space[1]));
  EXPECT(live_of_all_sites(true) == 0 && live_of_all_sites(false) == 0);
  EXPECT(atomic_load(&profile.live_variance) == 0);
  EXPECT(atomic_load(&profile.all_variance) > 0);
  return NULL;
}

SCENARIO(SamplesComeAndGoByChance) {
  enum { BLOCKS = 20000, STEPS = 100000 };
  start();
  static bool lives[BLOCKS];
  memset(lives, 0, sizeof lives);
  uint64_t state = 3;
  size_t live = 0;
  for (int i = 0; i < STEPS; i++) {
    size_t number = loam_chance_next(&state) % BLOCKS;
    if (lives[number]) {
      EXPECT(loam_profile_remove(&profile, &space[number]));
    } else {
      add(number, number + 1, 0.5);
    }
    live += lives[number] ? (size_t)-1 : 1;
    lives[number] = !lives[number];
    EXPECT(profile.samples == live);
    if (i % 5000 == 0) EXPECT(loam_profile_check(&profile) == NULL);
  }
  for (size_t i = 0; i < BLOCKS; i++) {
    EXPECT(loam_profile_remove(&profile, &space[i]) == lives[i]);
  }
  EXPECT(loam_profile_check(&profile) == NULL && profile.samples == 0);
  return NULL;
}

SCENARIO(EachOfManyStacksHasItsSite) {
  enum { STACKS = 5000 };
  start();
  for (int round = 0; round < 2; round++) {
    for (uintptr_t i = 1; i <= STACKS; i++) {
      loam_profile_add(&profile, &space[i], 10, 1, &i, 1);
    }
    EXPECT(atomic_load(&profile.site_count) == STACKS + 1);
    EXPECT(loam_profile_check(&profile) == NULL);
  }
  return NULL;
}

static bool is_below(const void *address, void *limit) {
  return (const char *)address < (char *)limit;
}

SCENARIO(ThoseOfAHeapGoTogether) {
  enum { BLOCKS = 3000 };
  start();
  for (size_t i = 0; i < BLOCKS; i++) add(i, 10, 1);
  loam_profile_remove_if(&profile, is_below, &space[BLOCKS / 3]);
  EXPECT(profile.samples == BLOCKS - BLOCKS / 3 && loam_profile_check(&profile) == NULL);
  for (size_t i = 0; i < BLOCKS; i++) {
    EXPECT(loam_profile_remove(&profile, &space[i]) == (i >= BLOCKS / 3));
  }
  return NULL;
}

static bool fail_all(enum loam_os_call call, size_t bytes) {
  (void)bytes;
  return call == LOAM_OS_MAP;
}

SCENARIO(WithoutMemorySamplesAreLostAndCounted) {
  start();
  loam_os_set_fault_hook(fail_all);
  add(1, 10, 1);
  loam_os_set_fault_hook(NULL);
  EXPECT(atomic_load(&profile.taken) == 1 && atomic_load(&profile.lost) == 1);
  EXPECT(loam_profile_check(&profile) == NULL && !loam_profile_remove(&profile, &space[1]));
  add(1, 10, 1);
  EXPECT(loam_profile_remove(&profile, &space[1]) && atomic_load(&profile.lost) == 1);
  return NULL;
}

SCENARIO(TheCheckFindsASampleThatChanged) {
  start();
  add(1, 10, 0.5);
  EXPECT(loam_profile_check(&profile) == NULL);
  size_t slot = 0;
  while (profile.live[slot].address == 0) slot++;
  profile.live[slot].bytes++;
  EXPECT(loam_profile_check(&profile) != NULL);
  profile.live[slot].bytes--;
  profile.live[slot].address += 64;
  bool moved = loam_profile_check(&profile) != NULL;
  profile.live[slot].address -= 64;
  profile.samples++;
  EXPECT(loam_profile_check(&profile) != NULL);
  profile.samples--;
  EXPECT(moved && loam_profile_check(&profile) == NULL);
  return NULL;
}

SCENARIO(WhatIsWrittenIsWhatWasAdded) {
  start();
  uintptr_t frames[] = {0xabc, 0x123456};
  loam_profile_add(&profile, &space[0], 64, 1, frames, 2);
  loam_profile_add(&profile, &space[1], 64, 0.5, frames, 2);
  loam_profile_add(&profile, &space[2], 8, 1, frames, 0);
  loam_profile_remove(&profile, &space[0]);
  static char text[1 << 16];  // a sanitizer maps much before the program
  int file = memfd_create("profile", MFD_CLOEXEC);
  EXPECT(loam_profile_write(&profile, "some", file));
  EXPECT(pread(file, text, sizeof text - 1, 0) > 0);
  close(file);
  static const char expected[] =
      "heap profile: 3: 136 [4: 200] @ heapprofile\n"
      "# loam: some: period 1000 bytes; samples 3, lost 0; standard error of live bytes 91, of all "
      "bytes 91\n"
      "1: 8 [1: 8] @\n"
      "2: 128 [3: 192] @ 0xabc 0x123456\n"
      "\nMAPPED_LIBRARIES:\n";
  EXPECT(strncmp(text, expected, sizeof expected - 1) == 0);
  EXPECT(strstr(text, "profile_test") != NULL);  // of the map
  return NULL;
}

SCENARIO(AFullDiskIsAFailure) {
  start();
  int file = memfd_create("full", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  EXPECT(file >= 0);
  EXPECT(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE) == 0);
  EXPECT(!loam_profile_write(&profile, "some", file));
  close(file);
  return NULL;
}
