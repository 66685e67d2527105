#include "benchmarks/trace/analysis/verify.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmarks/trace/analysis/live_blocks.h"

namespace loam::trace {
namespace {

// How often a thing is wrong, and the first time.
struct Fault {
  uint64_t count = 0;
  uint64_t first_index = 0;
  Event first;

  void Note(uint64_t index, const Event &event) {
    if (count++ > 0) return;
    first_index = index;
    first = event;
  }
};

absl::Status Report(const Fault &fault, absl::string_view what) {
  if (fault.count == 0) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(fault.count, " events ", what, "; the first is event ",
                                          fault.first_index, " (", KindName(fault.first.kind),
                                          " of 0x", absl::Hex(fault.first.address), " in thread ",
                                          fault.first.thread, ")"));
}

}  // namespace

absl::Status Verify(TraceReader *reader) {
  if (!reader->damage().empty()) return absl::DataLossError(reader->damage());
  const uint64_t lost = reader->end().value("lost", uint64_t{0});
  if (lost != 0)
    return absl::DataLossError(absl::StrCat("lacks ", lost, " events, lost by the recorder"));
  Fault unknown;
  Fault doubled;
  Fault backwards;
  LiveBlocks blocks;
  std::vector<uint64_t> last_ns(reader->thread_count());
  Event event;
  reader->Rewind();
  for (uint64_t index = 0; reader->Next(&event); index++) {
    if (event.time_ns < last_ns[event.thread]) backwards.Note(index, event);
    last_ns[event.thread] = event.time_ns;
    const Change::Kind kind = blocks.Apply(event).kind;
    if (kind == Change::Kind::kUnknown && !reader->forked()) unknown.Note(index, event);
    if (kind == Change::Kind::kDoubled) doubled.Note(index, event);
  }
  for (const absl::Status &status :
       {Report(backwards, "are earlier than the one before in their thread"),
        Report(doubled, "hand out a block that is live already"),
        Report(unknown, "give back a block that was never handed out")}) {
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace loam::trace
