#include "benchmarks/trace/analysis/live_blocks.h"

#include <algorithm>

namespace loam::trace {

Change LiveBlocks::Apply(const Event &event) {
  switch (event.kind) {
    case TRACE_RESIZE_BEGIN:
      return Begin(event);
    case TRACE_FREE:
      return Free(event);
    case TRACE_REALLOC:
    case TRACE_REALLOCARRAY:
      return Resized(event);
    default: {
      Change change;
      if (event.address != 0) Make(event, nullptr, &change);
      return change;
    }
  }
}

// Makes the event's block, of `before` where there is one.
void LiveBlocks::Make(const Event &event, const Block *before, Change *change) {
  Block block;
  block.id = next_id_;
  block.chain = before == nullptr ? next_id_ : before->chain;
  block.bytes = event.amount;
  block.address = event.address;
  block.born_ns = event.time_ns;
  block.born_blocks = next_id_++;
  block.thread = event.thread;
  const auto [place, fresh] = by_address_.try_emplace(event.address, block);
  if (!fresh) {
    change->before = place->second;
    bytes_ -= place->second.bytes;
    block.chain = block.id;  // what it was before is not followed
    place->second = block;
  }
  bytes_ += block.bytes;
  peak_bytes_ = std::max(peak_bytes_, bytes_);
  change->after = block;
  if (!fresh) {
    change->kind = Change::Kind::kDoubled;
  } else {
    change->kind = before == nullptr ? Change::Kind::kMade : Change::Kind::kResized;
  }
}

Change LiveBlocks::Begin(const Event &event) {
  Change change;
  Resize resize;
  resize.was_null = event.address == 0;
  resize.resident_plus_1 = event.amount;
  const auto found = by_address_.find(event.address);
  if (found != by_address_.end()) {
    resize.block = found->second;
    resize.has_block = true;
    by_address_.erase(found);
    in_resize_++;
  } else if (!resize.was_null) {
    change.kind = Change::Kind::kUnknown;
  }
  resizes_[event.thread].push_back(resize);
  return change;
}

Change LiveBlocks::Free(const Event &event) {
  Change change;
  if (event.address == 0) return change;
  const auto found = by_address_.find(event.address);
  if (found == by_address_.end()) {
    change.kind = Change::Kind::kUnknown;
    return change;
  }
  change.kind = Change::Kind::kEnded;
  change.before = found->second;
  change.resident_plus_1 = event.amount;
  bytes_ -= found->second.bytes;
  by_address_.erase(found);
  return change;
}

Change LiveBlocks::Resized(const Event &event) {
  Change change;
  std::vector<Resize> &open = resizes_[event.thread];
  Resize resize;  // without a beginning, if that event was lost
  if (!open.empty()) {
    resize = open.back();
    open.pop_back();
  }
  in_resize_ -= resize.has_block ? 1 : 0;
  if (event.address == 0 && event.amount != 0) {  // failed: the old block stays
    if (resize.has_block) by_address_[resize.block.address] = resize.block;
    return change;
  }
  change.before = resize.block;
  change.resident_plus_1 = resize.resident_plus_1;
  if (resize.has_block) bytes_ -= resize.block.bytes;
  if (event.address == 0) {  // realloc(block, 0) that freed it
    if (resize.has_block) change.kind = Change::Kind::kEnded;
    return change;
  }
  Make(event, resize.has_block ? &resize.block : nullptr, &change);
  return change;
}

std::vector<Block> LiveBlocks::Remaining() const {
  std::vector<Block> blocks;
  for (const auto &[address, block] : by_address_) blocks.push_back(block);
  for (const auto &[thread, open] : resizes_) {
    for (const Resize &resize : open) {
      if (resize.has_block) blocks.push_back(resize.block);
    }
  }
  std::sort(blocks.begin(), blocks.end(),
            [](const Block &a, const Block &b) { return a.id < b.id; });
  return blocks;
}

}  // namespace loam::trace
