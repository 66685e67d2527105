// What a process keeps resident over time, read from outside at a bounded rate.
//
// A reading costs the reader some microseconds, on whatever processor it runs,
// and takes no lock that the process wants.

#ifndef LOAM_BENCHMARKS_LAUNCHER_SAMPLER_H_
#define LOAM_BENCHMARKS_LAUNCHER_SAMPLER_H_

#include <stdint.h>
#include <sys/types.h>

enum { MAX_SAMPLES = 128 };

struct sample {
  int64_t time_ns;  // since the start
  int64_t rss_bytes;
};

// Evenly spaced samples. When there is no room for more, every other one goes
// and the interval doubles: a curve has MAX_SAMPLES / 2 points or more once the
// process ran for so many intervals, and never over MAX_SAMPLES.
//
//   samples[i].time_ns <= samples[i + 1].time_ns,  0 <= count <= MAX_SAMPLES
struct sampler {
  int64_t interval_ns;  // 0: takes no samples
  int64_t next_ns;      // when the next is due, since the start
  int count;
  struct sample samples[MAX_SAMPLES];
  // The area under all samples that were taken, also those that went.
  double byte_ns;
  struct sample last;
};

void sampler_start(struct sampler *sampler, int64_t interval_ns);

// Takes a sample if one is due `now_ns` after the start: of the process, or of
// the largest that it started, at this moment.
void sampler_take(struct sampler *sampler, pid_t process, int64_t now_ns);

// Bytes that were resident on average, from the first sample to the last; -1 if
// there were too few.
int64_t sampler_mean_bytes(const struct sampler *sampler);

#endif  // LOAM_BENCHMARKS_LAUNCHER_SAMPLER_H_
