// How far a long run is, and how long it will still take.

#ifndef LOAM_BENCHMARKS_HARNESS_PROGRESS_H_
#define LOAM_BENCHMARKS_HARNESS_PROGRESS_H_

#include <cstddef>
#include <map>
#include <string>

#include "absl/time/time.h"

namespace loam::matrix {

// "1h02m", "3m20s" or "45s".
std::string FormatTimeLeft(absl::Duration left);

// "[#####...............] 25 %  12/48  45s left  micro/pair jemalloc".
std::string FormatProgress(size_t done, size_t total, absl::Duration left, const std::string &now);

// On a terminal, one line that is drawn over; else a line at each tenth.
class Progress {
 public:
  // `steps_per_cell` repetitions of each of `cells` cells.
  Progress(size_t cells, size_t steps_per_cell, bool live);

  // A cell starts, called `name`.
  void Begin(size_t cell, const std::string &name);
  // It is done, and took so long.
  void End(absl::Duration took);
  // A step of a cell was done by an earlier run.
  void Skip(size_t cell);
  // The current cell will not run again: `steps` of its steps fall away.
  void Drop(size_t steps);
  // Leaves the terminal clean.
  void Finish();

  absl::Duration TimeLeft() const;

 private:
  struct Cell {
    size_t steps = 0;    // that took `took`
    size_t skipped = 0;  // that took us nothing
    absl::Duration took;
    bool dropped = false;
  };

  size_t steps_per_cell_;
  size_t total_;
  bool live_;
  std::map<size_t, Cell> cells_;
  Cell *current_ = nullptr;
  size_t done_ = 0;
  size_t tenth_to_show_ = 0;
  absl::Duration all_took_;
};

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_HARNESS_PROGRESS_H_
