#include "benchmarks/trace/replay/facts.h"

#include <algorithm>

namespace loam::trace {
namespace {

uint32_t TouchedPages(uint64_t resident_plus_1) {
  constexpr uint64_t kMost = UINT32_MAX - 1;
  return resident_plus_1 == 0 ? UINT32_MAX
                              : static_cast<uint32_t>(std::min(resident_plus_1 - 1, kMost));
}

void NoteUse(uint64_t chain, uint32_t thread, Facts *facts) {
  if (facts->user[chain] != thread) facts->user[chain] = kNoThread;
}

}  // namespace

Facts FindFacts(TraceReader *reader) {
  Facts facts;
  LiveBlocks blocks;
  uint64_t peak_bytes = 0;
  reader->Rewind();
  for (Event event; reader->Next(&event);) {
    const Change change = blocks.Apply(event);
    using Kind = Change::Kind;
    if (change.kind == Kind::kEnded || change.kind == Kind::kDoubled) {
      facts.operations++;
      NoteUse(change.before.chain, event.thread, &facts);
    }
    if (change.kind == Kind::kEnded || change.kind == Kind::kResized) {
      facts.touched_pages[change.before.id] = TouchedPages(change.resident_plus_1);
    }
    if (MakesBlock(change)) {
      facts.operations++;
      facts.touched_pages.push_back(UINT32_MAX);
      facts.user.push_back(event.thread);
      NoteUse(change.after.chain, event.thread, &facts);
    }
    if (blocks.bytes() > peak_bytes || facts.peak_operation == 0) {
      peak_bytes = blocks.bytes();
      facts.peak_operation = facts.operations;
    }
  }
  return facts;
}

}  // namespace loam::trace
