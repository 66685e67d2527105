// Takes events out of the shared memory and writes them to traces, one for each
// image.

#ifndef LOAM_BENCHMARKS_TRACE_RECORD_HARVESTER_H_
#define LOAM_BENCHMARKS_TRACE_RECORD_HARVESTER_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "benchmarks/trace/format/trace_writer.h"
#include "benchmarks/trace/record/shared_region.h"

namespace loam::trace {

struct RecordedImage {
  std::string path;
  uint64_t events = 0;
  uint64_t file_bytes = 0;
  uint64_t lost = 0;
};

class Harvester {
 public:
  // The first image's trace is `output`; of "a.b", the next ones' are "a.2.b" ...
  Harvester(SharedRegion *region, std::string output, int level);

  enum class Depth {
    kFull,      // what programs handed over
    kThorough,  // also what they hold, and what the dead left behind
    kFinal,     // the same, and all images have ended
  };

  // Writes what there is. An error, as of a full disk, stops the recording, not
  // the programs, and stays.
  absl::Status Pass(Depth depth);

  // How the process ended, to be told in its traces.
  void NoteEnd(uint32_t process_id, const std::string &ended) { ended_[process_id] = ended; }

  // All images with events, in the order in which they began.
  const std::vector<RecordedImage> &recorded() const { return recorded_; }

 private:
  struct Image {
    std::unique_ptr<TraceWriter> writer;  // from the first event on
    std::vector<uint32_t> next_sequence;  // of chunks, by thread
    bool ended = false;
    bool finished = false;
  };
  struct Piece {
    uint32_t chunk;
    uint32_t image;
    uint32_t thread;
    uint32_t sequence;
    bool full;
    bool abandoned;  // its thread is dead
  };

  void FindImages();
  void FindEnded(Depth depth);
  std::vector<Piece> FindPieces(Depth depth);
  void FindAbandoned(std::vector<Piece> *pieces) const;
  absl::Status Write(const Piece &piece);
  absl::Status OpenWriter(uint32_t index);
  absl::Status FinishEnded();
  void Release(const Piece &piece);
  std::string PathOf(uint32_t index) const;

  SharedRegion *shared_;
  trace_region *region_;
  std::string output_;
  int level_;
  absl::Status status_;
  std::vector<Image> images_;
  std::vector<uint32_t> written_;  // events, by chunk
  std::map<uint32_t, std::string> ended_;
  std::vector<RecordedImage> recorded_;
};

}  // namespace loam::trace

#endif  // LOAM_BENCHMARKS_TRACE_RECORD_HARVESTER_H_
