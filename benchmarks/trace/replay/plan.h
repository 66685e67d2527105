// A trace made ready to be replayed: what each thread does, in arrays that are
// walked from front to back. Made by `CompileTrace`, read by the replay program
// of the same build; no file to keep.
//
// Words: an *operation* is a call of malloc or a neighbour; a *slot* is where the
// replay keeps a block between its operations; an *epoch* is a stretch of the
// trace, which ends with a *checkpoint*: every thread has then done just what it
// had done when it was recorded; a *lane* is a row of threads of which each began
// after the one before it had ended: they never run at the same time.

#ifndef LOAM_BENCHMARKS_TRACE_REPLAY_PLAN_H_
#define LOAM_BENCHMARKS_TRACE_REPLAY_PLAN_H_

#include <cstdint>

namespace loam::trace {

constexpr uint64_t kPlanMagic = 0x316e616c70746c;  // "ltplan1"

enum class Action : uint8_t { kMalloc, kCalloc, kAligned, kRealloc, kFree };

struct Operation {
  uint64_t bytes;          // to ask for; of a free, 0
  uint32_t slot;           // among the shared ones or the thread's own
  uint32_t turn;           // shared: how many operations on this block come before
  uint32_t touched_pages;  // of the new block; UINT32_MAX: all
  Action action;
  uint8_t log2_align;
  // More than one thread uses the block: its operations wait for their turn.
  uint8_t shared;
  uint8_t unused;
};

// In the file, in this order: the header; `threads` PlanThreads, `lanes`
// PlanLanes, `checkpoints` Checkpoints; `epoch_ends` uint64_ts; `operations`
// Operations, thread by thread, then `leftovers` frees of what is live at the end.
struct PlanHeader {
  uint64_t magic;
  uint64_t file_bytes;
  uint32_t threads;
  uint32_t lanes;
  uint32_t checkpoints;
  uint32_t peak_checkpoint;  // where the most bytes are live
  uint32_t passes;           // how often the trace is done
  uint32_t unused;
  uint64_t epoch_ends;
  uint64_t operations;
  uint64_t leftovers;
  uint64_t own_slots;
  uint64_t shared_slots;
};

struct PlanThread {
  uint64_t first_operation;
  uint64_t first_epoch_end;  // index of the first of its epochs' ends, which are
                             // indices of operations, one for each of its epochs
  uint32_t first_epoch;
  uint32_t last_epoch;
  uint32_t next_plus_1;  // the thread after it in its lane; 0: none
  uint32_t lane;
};

// Lane 0 has one thread, the trace's first, which is the replay's main thread.
struct PlanLane {
  uint32_t first_thread;
  uint32_t first_epoch;
  uint32_t last_epoch;
  uint32_t unused;
};

struct Checkpoint {
  uint64_t operation;   // how many were done, of all threads
  uint64_t live_bytes;  // as the program counted
  uint32_t lanes;       // that take part, but for lane 0
  uint32_t unused;
};

}  // namespace loam::trace

#endif  // LOAM_BENCHMARKS_TRACE_REPLAY_PLAN_H_
