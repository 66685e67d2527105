// Reads the matrix's journal while it grows: which cells there are, and how far
// each is.

#ifndef LOAM_DASHBOARDS_SERVICE_JOBS_JOURNAL_TAIL_H_
#define LOAM_DASHBOARDS_SERVICE_JOBS_JOURNAL_TAIL_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"

namespace loam::dashboards {

// One thread.
class JournalTail {
 public:
  explicit JournalTail(std::string path) : path_(std::move(path)) {}

  // Takes the lines that came since the last time; half a line waits for its end.
  void Read();

  // Repetitions that were done, and that there will be.
  int64_t Done() const;
  int64_t Total() const;

  // [{"allocator", "workload", "threads", "status", "median_ns", "repetitions"}].
  // Besides the states of a result, "pending": nothing yet; "running": not all yet.
  nlohmann::json Cells() const;

 private:
  struct Cell {
    std::string allocator;
    std::string workload;
    int threads = 1;
    std::string failure;          // its status, if it is not ok
    std::vector<double> wall_ns;  // per operation
  };

  void ReadLine(const std::string &line);
  void ReadPlan(const nlohmann::json &plan);
  bool IsSkipped(const Cell &cell) const;

  std::string path_;
  size_t offset_ = 0;
  int64_t rounds_ = 0;
  bool first_round_is_over_ = false;
  std::vector<Cell> cells_;
  std::map<std::string, size_t> index_;
};

}  // namespace loam::dashboards

#endif  // LOAM_DASHBOARDS_SERVICE_JOBS_JOURNAL_TAIL_H_
