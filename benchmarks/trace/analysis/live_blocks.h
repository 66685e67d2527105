// Follows which blocks are live while a trace goes by, and says what each event
// means. What verify, info and replay know about a trace, they know from here.

#ifndef LOAM_BENCHMARKS_TRACE_ANALYSIS_LIVE_BLOCKS_H_
#define LOAM_BENCHMARKS_TRACE_ANALYSIS_LIVE_BLOCKS_H_

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "benchmarks/trace/format/event.h"

namespace loam::trace {

// A block between two calls: a resize ends one and begins the next.
struct Block {
  uint64_t id = 0;       // counted from 0
  uint64_t chain = 0;    // the id of the block that it was first, before all resizes
  uint64_t bytes = 0;    // that were asked for
  uint64_t address = 0;  // where it lay
  uint64_t born_ns = 0;
  uint64_t born_blocks = 0;  // how many blocks were made before it
  uint32_t thread = 0;       // that asked
};

struct Change {
  enum class Kind {
    kNone,     // free(NULL), a call that failed, the beginning of a resize
    kMade,     // `after` is new
    kEnded,    // `before` is gone
    kResized,  // `before` became `after`
    kUnknown,  // gives back a block that was never handed out
    kDoubled,  // hands out a place where `before` is still live: its end was missed
  };
  Kind kind = Kind::kNone;
  Block before;
  Block after;
  uint64_t resident_plus_1 = 0;  // of `before`; see Event::amount
};

class LiveBlocks {
 public:
  // Takes the next event in the order of time. A block that is being resized is
  // live, with its old size, until the resize has ended.
  Change Apply(const Event &event);

  uint64_t bytes() const { return bytes_; }  // that are live, as asked for
  uint64_t peak_bytes() const { return peak_bytes_; }
  uint64_t count() const { return by_address_.size() + in_resize_; }
  uint64_t blocks_made() const { return next_id_; }

  // Those that are live, in the order in which they were made; those in a resize
  // that never ended are among them.
  std::vector<Block> Remaining() const;

 private:
  struct Resize {
    Block block;
    bool has_block = false;  // else it was NULL or unknown
    bool was_null = false;
    uint64_t resident_plus_1 = 0;
  };

  Change Begin(const Event &event);
  Change Free(const Event &event);
  Change Resized(const Event &event);
  void Make(const Event &event, const Block *before, Change *change);

  absl::flat_hash_map<uint64_t, Block> by_address_;
  // By thread, innermost last: a signal handler's resize is inside another.
  absl::flat_hash_map<uint32_t, std::vector<Resize>> resizes_;
  uint64_t in_resize_ = 0;
  uint64_t next_id_ = 0;
  uint64_t bytes_ = 0;
  uint64_t peak_bytes_ = 0;
};

}  // namespace loam::trace

#endif  // LOAM_BENCHMARKS_TRACE_ANALYSIS_LIVE_BLOCKS_H_
