// Every repetition on disk as soon as it ends, so that a run that is killed goes
// on where it was.
//
// A file of JSON lines beside the result file, only ever appended to: first the
// plan and the context, then a line for each repetition, each cell that failed
// and each time the run was resumed. A line counts once its newline is there; an
// end without one is what a kill left, and is cut off.

#ifndef LOAM_BENCHMARKS_HARNESS_JOURNAL_JOURNAL_H_
#define LOAM_BENCHMARKS_HARNESS_JOURNAL_JOURNAL_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "benchmarks/harness/model.h"
#include "nlohmann/json.hpp"

namespace loam::matrix {

class Journal {
 public:
  // Opens the one at `path`, or begins it. `plan` is what must be the same for
  // a run to be the same run; room for `expected_bytes` is held where the file
  // system can.
  //
  // Where a journal with repetitions is, `resume` puts them into the cells of
  // `matrix` (which is planned anew and empty) and the first run's context into
  // `context`; one of another plan is refused, and the error says how it
  // differs. Without `resume` it is refused: what was measured is not lost.
  static absl::StatusOr<Journal> Open(const std::string &path, bool resume,
                                      const nlohmann::ordered_json &plan, size_t expected_bytes,
                                      Matrix *matrix, nlohmann::ordered_json *context);

  Journal(Journal &&other) noexcept;
  Journal &operator=(Journal &&) = delete;
  ~Journal();

  // The cell's last repetition, or its failure, is on disk when this returns.
  // After an error the file ends with the line before.
  absl::Status Record(const Matrix &matrix, const Cell &cell);

  // Its run is whole and saved elsewhere.
  void Remove();

 private:
  Journal(std::string path, int file) : path_(std::move(path)), file_(file) {}

  absl::Status Begin(const nlohmann::ordered_json &plan, const nlohmann::ordered_json &context,
                     size_t expected_bytes);
  absl::Status Append(const nlohmann::ordered_json &line);

  std::string path_;
  int file_;  // -1 once moved from
  size_t length_ = 0;
};

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_HARNESS_JOURNAL_JOURNAL_H_
