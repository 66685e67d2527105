#include "benchmarks/trace/format/section.h"

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/trace/format/varint.h"

namespace loam::trace {
namespace {

absl::Status Malformed(absl::string_view what) {
  return absl::DataLossError(absl::StrCat("a section has ", what));
}

// Times grow, but for an event of a signal handler that came in between.
void EncodeTimes(const std::vector<Event> &events, std::string *bytes) {
  uint64_t previous = 0;
  for (const Event &event : events) {
    PutVarint(ZigZag(event.time_ns - previous), bytes);
    previous = event.time_ns;
  }
}

bool DecodeTimes(absl::string_view *bytes, std::vector<Event> *events) {
  uint64_t previous = 0;
  for (Event &event : *events) {
    uint64_t number;
    if (!TakeVarint(bytes, &number)) return false;
    previous += UnZigZag(number);
    event.time_ns = previous;
  }
  return true;
}

// A block that is given back soon after it was handed out is told by how many
// blocks were handed out since (even numbers); any other by the distance from the
// address before (odd numbers).
void EncodeAddresses(const std::vector<Event> &events, std::string *bytes) {
  absl::flat_hash_map<uint64_t, uint64_t> handed_out;  // address to its place in the order
  handed_out.reserve(events.size());
  uint64_t count = 0;
  uint64_t previous = 0;
  for (const Event &event : events) {
    const auto recent = IsRelease(event.kind) ? handed_out.find(event.address) : handed_out.end();
    if (recent != handed_out.end()) {
      PutVarint((count - 1 - recent->second) << 1, bytes);
      handed_out.erase(recent);
    } else {
      PutVarint(ZigZag(event.address - previous) << 1 | 1, bytes);
    }
    if (!IsRelease(event.kind)) handed_out[event.address] = count++;
    previous = event.address;
  }
}

bool DecodeAddresses(absl::string_view *bytes, std::vector<Event> *events) {
  std::vector<uint64_t> handed_out;
  uint64_t previous = 0;
  for (Event &event : *events) {
    uint64_t number;
    if (!TakeVarint(bytes, &number)) return false;
    if ((number & 1) != 0) {
      event.address = previous + UnZigZag(number >> 1);
    } else {
      if (number >> 1 >= handed_out.size()) return false;
      event.address = handed_out[handed_out.size() - 1 - (number >> 1)];
    }
    if (!IsRelease(event.kind)) handed_out.push_back(event.address);
    previous = event.address;
  }
  return true;
}

bool DecodeAmounts(absl::string_view *bytes, std::vector<Event> *events) {
  for (Event &event : *events) {
    if (!TakeVarint(bytes, &event.amount) || event.amount > TRACE_AMOUNT_MAX) return false;
  }
  return true;
}

bool DecodeKinds(absl::string_view *bytes, std::vector<Event> *events) {
  for (Event &event : *events) {
    event.kind = static_cast<uint8_t>(bytes->front());
    bytes->remove_prefix(1);
    if (event.kind == TRACE_NOTHING || event.kind >= TRACE_KIND_END) return false;
  }
  return true;
}

bool DecodeAlignments(absl::string_view *bytes, std::vector<Event> *events) {
  for (Event &event : *events) {
    if (!TakesAlignment(event.kind)) continue;
    if (bytes->empty()) return false;
    event.log2_align = static_cast<uint8_t>(bytes->front());
    bytes->remove_prefix(1);
    if (event.log2_align >= 64) return false;
  }
  return true;
}

}  // namespace

const char *KindName(uint8_t kind) {
  static constexpr const char *kNames[TRACE_KIND_END] = {
      "nothing", "malloc",        "calloc",         "resize_begin", "realloc", "reallocarray",
      "free",    "aligned_alloc", "posix_memalign", "memalign",     "valloc",  "pvalloc"};
  return kind < TRACE_KIND_END ? kNames[kind] : "unknown";
}

std::string EncodeSection(const Section &section) {
  const std::vector<Event> &events = section.events;
  std::string bytes;
  PutVarint(section.thread, &bytes);
  PutVarint(section.sequence, &bytes);
  PutVarint(events.size(), &bytes);
  for (const Event &event : events) bytes.push_back(static_cast<char>(event.kind));
  EncodeTimes(events, &bytes);
  EncodeAddresses(events, &bytes);
  for (const Event &event : events) PutVarint(event.amount, &bytes);
  for (const Event &event : events) {
    if (TakesAlignment(event.kind)) bytes.push_back(static_cast<char>(event.log2_align));
  }
  return bytes;
}

absl::StatusOr<Section> DecodeSection(absl::string_view bytes) {
  uint64_t thread;
  uint64_t sequence;
  uint64_t count;
  if (!TakeVarint(&bytes, &thread) || !TakeVarint(&bytes, &sequence) ||
      !TakeVarint(&bytes, &count) || thread > UINT32_MAX || sequence > UINT32_MAX) {
    return Malformed("no beginning");
  }
  if (count == 0 || count > kMaxSectionEvents || count > bytes.size()) {
    return Malformed("an impossible number of events");
  }
  Section section;
  section.thread = static_cast<uint32_t>(thread);
  section.sequence = static_cast<uint32_t>(sequence);
  section.events.resize(count);
  for (Event &event : section.events) event.thread = section.thread;
  if (!DecodeKinds(&bytes, &section.events)) return Malformed("an unknown kind of event");
  if (!DecodeTimes(&bytes, &section.events)) return Malformed("bad times");
  if (!DecodeAddresses(&bytes, &section.events)) return Malformed("bad addresses");
  if (!DecodeAmounts(&bytes, &section.events)) return Malformed("bad sizes");
  if (!DecodeAlignments(&bytes, &section.events)) return Malformed("bad alignments");
  if (!bytes.empty()) return Malformed("bytes behind its end");
  return section;
}

}  // namespace loam::trace
