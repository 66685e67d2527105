// Reads a trace: all threads' events in the order of time.

#ifndef LOAM_BENCHMARKS_TRACE_FORMAT_TRACE_READER_H_
#define LOAM_BENCHMARKS_TRACE_FORMAT_TRACE_READER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "benchmarks/trace/format/section.h"
#include "nlohmann/json.hpp"

struct ZSTD_DCtx_s;

namespace loam::trace {

// Any bytes are safe to read. Holds the file as it is on disk, and one section of
// each thread decoded. One thread.
class TraceReader {
 public:
  // An error where there is no file, or nothing of it is a trace of a version
  // that is known. Damage behind the first frame is no error: what comes before
  // it is read, and damage() tells.
  static absl::StatusOr<TraceReader> Open(const std::string &path);
  static absl::StatusOr<TraceReader> FromBytes(std::string bytes);

  // What the header says, and the end; the end is null where there is none.
  const nlohmann::json &header() const { return header_; }
  const nlohmann::json &end() const { return end_; }
  bool forked() const { return header_.value("forked", false); }

  // What is wrong with the file, in one line, or empty.
  const std::string &damage() const { return damage_; }

  uint64_t event_count() const { return event_count_; }
  size_t thread_count() const { return threads_.size(); }
  uint64_t file_bytes() const { return bytes_.size(); }

  // The next event; false behind the last. Of events at the same time, those that
  // give a block back come first.
  bool Next(Event *event);

  // Begins again.
  void Rewind();

 private:
  struct Thread {
    std::vector<size_t> frames;  // offsets of its sections in the file
    size_t most_events = 0;      // in one section
    size_t next_frame = 0;
    std::vector<Event> events;  // of the current section
    size_t next_event = 0;
  };
  // What comes next of a thread; the least comes first.
  struct Head {
    uint64_t time_ns;
    bool hands_out;
    uint32_t thread;
    bool operator>(const Head &other) const;
  };
  struct FreeContext {
    void operator()(ZSTD_DCtx_s *context) const;
  };

  TraceReader() = default;
  absl::Status Index();
  absl::Status IndexHeader(const std::string &piece);
  absl::Status IndexPiece(size_t offset, const std::string &piece);
  void CheckEnd();
  absl::StatusOr<std::string> Decompress(size_t offset, size_t *frame_bytes);
  void PushHead(uint32_t thread);

  std::string bytes_;
  std::unique_ptr<ZSTD_DCtx_s, FreeContext> context_;
  nlohmann::json header_;
  nlohmann::json end_;
  std::string damage_;
  uint64_t event_count_ = 0;
  size_t decoded_bytes_ = 0;  // at most, with a section of each thread
  std::vector<Thread> threads_;
  std::priority_queue<Head, std::vector<Head>, std::greater<Head>> heads_;
};

}  // namespace loam::trace

#endif  // LOAM_BENCHMARKS_TRACE_FORMAT_TRACE_READER_H_
