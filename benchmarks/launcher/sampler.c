#include "benchmarks/launcher/sampler.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
  MAX_DEPTH = 4,      // sh starts gcc, which starts cc1
  MAX_CHILDREN = 16,  // of one process that are looked at
  FEWEST_FOR_A_MEAN = 3,
  PATH_SIZE = 64,
};

void sampler_start(struct sampler *sampler, int64_t interval_ns) {
  memset(sampler, 0, sizeof *sampler);
  sampler->interval_ns = interval_ns;
  sampler->next_ns = interval_ns;
}

// Reads a file of /proc as text; false if it is not there any more.
static bool read_text(const char *path, char *text, size_t size) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  ssize_t length = read(file, text, size - 1);
  close(file);
  if (length <= 0) return false;
  text[length] = '\0';
  return true;
}

// 0 of one that has ended.
static int64_t resident_bytes(pid_t process) {
  char path[PATH_SIZE];
  char text[128];
  snprintf(path, sizeof path, "/proc/%d/statm", (int)process);
  if (!read_text(path, text, sizeof text)) return 0;
  char *resident = strchr(text, ' ');
  return resident == NULL ? 0 : strtoll(resident, NULL, 10) * sysconf(_SC_PAGESIZE);
}

// Kernels without the list of children know of the process alone.
static int64_t largest_resident_bytes(pid_t process, int depth) {
  int64_t largest = resident_bytes(process);
  char path[PATH_SIZE];
  char text[256];
  snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)process, (int)process);
  if (depth == MAX_DEPTH || !read_text(path, text, sizeof text)) return largest;
  char *rest = text;
  for (int i = 0; i < MAX_CHILDREN; i++) {
    char *end;
    long child = strtol(rest, &end, 10);
    if (end == rest || *end != ' ') break;  // no more, or a number that was cut off
    rest = end;
    int64_t of_child = largest_resident_bytes((pid_t)child, depth + 1);
    if (of_child > largest) largest = of_child;
  }
  return largest;
}

static void drop_every_other(struct sampler *sampler) {
  for (int i = 0; i < MAX_SAMPLES / 2; i++) sampler->samples[i] = sampler->samples[2 * i + 1];
  sampler->count = MAX_SAMPLES / 2;
  sampler->interval_ns *= 2;
}

static void add(struct sampler *sampler, struct sample sample) {
  if (sampler->count == MAX_SAMPLES) drop_every_other(sampler);
  if (sampler->count > 0) {
    double mean = ((double)sampler->last.rss_bytes + (double)sample.rss_bytes) / 2;
    sampler->byte_ns += mean * (double)(sample.time_ns - sampler->last.time_ns);
  }
  sampler->last = sample;
  sampler->samples[sampler->count++] = sample;
}

void sampler_take(struct sampler *sampler, pid_t process, int64_t now_ns) {
  if (sampler->interval_ns == 0 || now_ns < sampler->next_ns) return;
  struct sample sample = {now_ns, largest_resident_bytes(process, 0)};
  if (sample.rss_bytes > 0) add(sampler, sample);
  sampler->next_ns = now_ns + sampler->interval_ns;
}

int64_t sampler_mean_bytes(const struct sampler *sampler) {
  int64_t duration_ns =
      sampler->count == 0 ? 0 : sampler->last.time_ns - sampler->samples[0].time_ns;
  if (sampler->count < FEWEST_FOR_A_MEAN || duration_ns <= 0) return -1;
  return (int64_t)(sampler->byte_ns / (double)duration_ns);
}
