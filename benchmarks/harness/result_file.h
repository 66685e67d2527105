// A result file that is either whole or not there: written beside its place, as
// PATH.part, synced, and renamed. Two processes cannot write one at a time.

#ifndef LOAM_BENCHMARKS_HARNESS_RESULT_FILE_H_
#define LOAM_BENCHMARKS_HARNESS_RESULT_FILE_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace loam::matrix {

class ResultFile {
 public:
  // Makes sure, before hours are spent, that a file of about `expected_bytes`
  // can be written to `path`: the place is a file or free, and its disk has
  // that much room, which is held from now on.
  static absl::StatusOr<ResultFile> Open(const std::string &path, size_t expected_bytes);

  ResultFile(ResultFile &&other) noexcept;
  ResultFile &operator=(ResultFile &&) = delete;
  ~ResultFile();  // leaves nothing behind unless Write went well

  // Puts `text` in the place, replacing what was there.
  absl::Status Write(const std::string &text);

  const std::string &path() const { return path_; }

 private:
  ResultFile(std::string path, std::string temporary, int file)
      : path_(std::move(path)), temporary_(std::move(temporary)), file_(file) {}

  std::string path_;
  std::string temporary_;
  int file_;  // -1 once written or moved from
};

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_HARNESS_RESULT_FILE_H_
