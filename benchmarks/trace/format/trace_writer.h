// Writes a trace: README.md ("The file") documents it.

#ifndef LOAM_BENCHMARKS_TRACE_FORMAT_TRACE_WRITER_H_
#define LOAM_BENCHMARKS_TRACE_FORMAT_TRACE_WRITER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "benchmarks/trace/format/section.h"
#include "nlohmann/json.hpp"

struct ZSTD_CCtx_s;

namespace loam::trace {

// Each call writes whole frames, so that a file is readable whenever its writer
// is killed. An error, as of a full disk, stays: every later call gives it again.
// One thread.
class TraceWriter {
 public:
  // Replaces the file at `path`. `level` is zstd's, 1 to 19. `header` is what
  // README.md says, without the format's own fields.
  static absl::StatusOr<std::unique_ptr<TraceWriter>> Create(const std::string &path, int level,
                                                             nlohmann::ordered_json header);
  ~TraceWriter();
  TraceWriter(const TraceWriter &) = delete;
  TraceWriter &operator=(const TraceWriter &) = delete;

  // Appends events of `thread`, which are its next ones.
  absl::Status Append(uint32_t thread, std::vector<Event> events);

  // The last call. `end` is what README.md says, without the counts.
  absl::Status Finish(nlohmann::ordered_json end);

  uint64_t event_count() const { return event_count_; }
  uint64_t file_bytes() const { return file_bytes_; }
  size_t thread_count() const { return next_sequence_.size(); }
  const std::string &path() const { return path_; }

 private:
  TraceWriter(const std::string &path, int file, int level);
  absl::Status WriteFrame(char tag, const std::string &content);

  std::string path_;
  int file_;
  ZSTD_CCtx_s *context_;
  absl::Status status_;
  std::vector<uint32_t> next_sequence_;  // by thread
  uint64_t event_count_ = 0;
  uint64_t file_bytes_ = 0;
};

}  // namespace loam::trace

#endif  // LOAM_BENCHMARKS_TRACE_FORMAT_TRACE_WRITER_H_
