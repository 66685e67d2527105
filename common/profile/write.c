// The text format that pprof calls a heap profile:
//
//   heap profile: LIVE BLOCKS: BYTES [ALL BLOCKS: BYTES] @ heapprofile
//   the same for each stack: 3: 96 [5: 160] @ 0x55d0c0de1189 0x...
//
//   MAPPED_LIBRARIES:
//   /proc/self/maps, for names of the addresses
//
// "heapprofile" says that the numbers are to be taken as they are. (For "heap_v2/PERIOD" a reader
// scales them by the mean size of a stack's blocks, which is not exact where sizes differ.)

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/check/report.h"
#include "common/profile/profile.h"
#include "common/stack/table.h"
#include "common/text/text.h"

struct totals {
  uint64_t live_blocks, live_bytes, all_blocks, all_bytes;
};

static uint64_t load(const _Atomic(uint64_t) *sum) {
  // Relaxed: a profile that is some samples old will do.
  return atomic_load_explicit(sum, memory_order_relaxed);
}

// At least one block where there are bytes: a reader takes anything else for an error.
static uint64_t whole_blocks(uint64_t blocks) { return (blocks + 32768) / 65536; }

static struct totals site_totals(const struct loam_profile_site *site) {
  return (struct totals){whole_blocks(load(&site->live.blocks)), load(&site->live.bytes),
                         whole_blocks(load(&site->all.blocks)), load(&site->all.bytes)};
}

static void write_totals(struct loam_text *text, struct totals totals) {
  loam_text_decimal(text, totals.live_blocks);
  loam_text_add(text, ": ");
  loam_text_decimal(text, totals.live_bytes);
  loam_text_add(text, " [");
  loam_text_decimal(text, totals.all_blocks);
  loam_text_add(text, ": ");
  loam_text_decimal(text, totals.all_bytes);
  loam_text_add(text, "] @");
}

static double square_root(double value) {
  if (value <= 0) return 0;
  double root = value > 1 ? value : 1;
  for (int halvings = 0; halvings < 1100; halvings++) {  // of the largest there is
    double next = (root + value / root) / 2;
    if (next >= root) break;
    root = next;
  }
  return root;
}

static void write_error(struct loam_text *text, const char *what, const _Atomic(double) *variance) {
  loam_text_add(text, what);
  loam_text_real(text, square_root(atomic_load_explicit(variance, memory_order_relaxed)), 0);
}

static void write_comment(struct loam_text *text, const struct loam_profile *profile,
                          const char *variant) {
  loam_text_add(text, "# loam: ");
  loam_text_add(text, variant);
  loam_text_add(text, ": period ");
  loam_text_decimal(text, profile->period);
  loam_text_add(text, " bytes; samples ");
  loam_text_decimal(text, load(&profile->taken));
  loam_text_add(text, ", lost ");
  loam_text_decimal(text, load(&profile->lost));
  write_error(text, "; standard error of live bytes ", &profile->live_variance);
  write_error(text, ", of all bytes ", &profile->all_variance);
  loam_text_add(text, "\n");
}

static void write_sites(struct loam_text *text, const struct loam_profile_site *sites,
                        uint32_t site_count) {
  for (uint32_t i = 0; i < site_count; i++) {
    struct totals totals = site_totals(&sites[i]);
    if (totals.all_blocks == 0) continue;
    size_t count;
    const uintptr_t *frames = loam_stack_frames(sites[i].stack, &count);
    write_totals(text, totals);
    for (size_t frame = 0; frame < count; frame++) {
      loam_text_add(text, " ");
      loam_text_pointer(text, frames[frame]);
    }
    loam_text_add(text, "\n");
  }
}

static bool copy_file(struct loam_text *text, const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  char part[1024];
  for (;;) {
    ssize_t count = read(fd, part, sizeof part);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    loam_text_bytes(text, part, (size_t)count);
  }
  close(fd);
  return true;
}

bool loam_profile_write(const struct loam_profile *profile, const char *variant, int fd) {
  char buffer[4096];
  struct loam_text text = {.buffer = buffer, .size = sizeof buffer, .fd = fd};
  int saved_errno = errno;
  // Acquire: pairs with the release in find_site.
  uint32_t site_count = atomic_load_explicit(&profile->site_count, memory_order_acquire);
  struct totals sum = {0};
  for (uint32_t i = 0; i < site_count; i++) {
    struct totals totals = site_totals(&profile->sites[i]);
    sum.live_blocks += totals.live_blocks;
    sum.live_bytes += totals.live_bytes;
    sum.all_blocks += totals.all_blocks;
    sum.all_bytes += totals.all_bytes;
  }
  loam_text_add(&text, "heap profile: ");
  write_totals(&text, sum);
  loam_text_add(&text, " heapprofile\n");
  write_comment(&text, profile, variant);
  write_sites(&text, profile->sites, site_count);
  loam_text_add(&text, "\nMAPPED_LIBRARIES:\n");
  bool whole = copy_file(&text, "/proc/self/maps");
  whole &= loam_text_flush(&text);
  errno = saved_errno;
  return whole;
}

// --- Files -------------------------------------------------------------------

static bool fail(const char *variant, const char *path) {
  struct loam_line line = {0};
  loam_line_text(&line, "loam: ");
  loam_line_text(&line, variant);
  loam_line_text(&line, ": the heap profile cannot be written: ");
  loam_line_text(&line, path);
  loam_line_write(&line, STDERR_FILENO);
  return false;
}

bool loam_profile_write_file(const struct loam_profile *profile, const char *variant,
                             const char *prefix) {
  static _Atomic(uint32_t) next;
  char path[512];
  struct loam_text name = {.buffer = path, .size = sizeof path - 1, .fd = -1};
  loam_text_add(&name, prefix);
  loam_text_add(&name, ".");
  loam_text_decimal(&name, (uint64_t)getpid());
  loam_text_add(&name, ".");
  // Relaxed: each number once is all that is asked.
  loam_text_decimal(&name, atomic_fetch_add_explicit(&next, 1, memory_order_relaxed));
  loam_text_add(&name, ".heap");
  path[name.length] = 0;
  if (name.total > name.length) return fail(variant, path);
  int saved_errno = errno;
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  bool written = fd >= 0 && loam_profile_write(profile, variant, fd);
  if (fd >= 0) written &= close(fd) == 0;
  errno = saved_errno;
  return written || fail(variant, path);
}
