#include "benchmarks/harness/progress.h"

#include <algorithm>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace loam::matrix {
namespace {

constexpr size_t kBarWidth = 24;

}  // namespace

std::string FormatTimeLeft(absl::Duration left) {
  const int64_t seconds = absl::ToInt64Seconds(absl::Ceil(left, absl::Seconds(1)));
  if (seconds >= 3600) return absl::StrFormat("%dh%02dm", seconds / 3600, seconds / 60 % 60);
  if (seconds >= 60) return absl::StrFormat("%dm%02ds", seconds / 60, seconds % 60);
  return absl::StrFormat("%ds", seconds);
}

std::string FormatProgress(size_t done, size_t total, absl::Duration left, const std::string &now) {
  const size_t filled = total == 0 ? kBarWidth : done * kBarWidth / total;
  const size_t percent = total == 0 ? 100 : done * 100 / total;
  return absl::StrFormat("[%s%s] %3d %%  %d/%d  %s left  %s", std::string(filled, '#'),
                         std::string(kBarWidth - filled, '.'), percent, done, total,
                         done == 0 ? "?" : FormatTimeLeft(left), now);
}

Progress::Progress(size_t cells, size_t steps_per_cell, bool live)
    : steps_per_cell_(steps_per_cell), total_(cells * steps_per_cell), live_(live) {}

void Progress::Begin(size_t cell, const std::string &name) {
  current_ = &cells_[cell];
  if (live_) {
    // \r and \033[K: over the line that is there, and nothing left of it.
    std::fprintf(stderr, "\r\033[K%s", FormatProgress(done_, total_, TimeLeft(), name).c_str());
    std::fflush(stderr);
    return;
  }
  const size_t tenth = total_ == 0 ? 0 : done_ * 10 / total_;
  if (tenth < tenth_to_show_) return;
  tenth_to_show_ = tenth + 1;
  std::fprintf(stderr, "%s\n", FormatProgress(done_, total_, TimeLeft(), name).c_str());
}

void Progress::End(absl::Duration took) {
  done_++;
  current_->steps++;
  current_->took += took;
  all_took_ += took;
}

void Progress::Skip(size_t cell) {
  total_--;
  cells_[cell].skipped++;
}

void Progress::Drop(size_t steps) {
  total_ -= steps;
  current_->dropped = true;
}

// A cell that has run will take as long again; one that has not, the mean.
absl::Duration Progress::TimeLeft() const {
  if (done_ == 0) return absl::ZeroDuration();
  absl::Duration left;
  size_t known_steps_left = 0;
  for (const auto &[index, cell] : cells_) {
    if (cell.steps == 0 || cell.dropped) continue;
    const size_t steps_left = steps_per_cell_ - cell.steps - cell.skipped;
    left += cell.took / static_cast<int64_t>(cell.steps) * static_cast<int64_t>(steps_left);
    known_steps_left += steps_left;
  }
  const size_t unknown = total_ - done_ - std::min(total_ - done_, known_steps_left);
  return left + all_took_ / static_cast<int64_t>(done_) * static_cast<int64_t>(unknown);
}

void Progress::Finish() {
  if (live_) std::fprintf(stderr, "\r\033[K");
}

}  // namespace loam::matrix
