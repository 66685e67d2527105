#include "benchmarks/trace/format/trace_reader.h"

#include <zstd.h>

#include <fstream>
#include <sstream>
#include <tuple>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "benchmarks/trace/format/frames.h"

namespace loam::trace {
namespace {

// Bounds, so that a few hostile bytes cannot take all memory.
constexpr uint32_t kMaxThreads = 1 << 20;
constexpr size_t kMaxDecodedBytes = size_t{1} << 30;  // a section of each thread

// Whether it is an object in which these fields, where there, are counts.
bool IsObjectWithCounts(const nlohmann::json &json, std::initializer_list<const char *> fields) {
  if (!json.is_object()) return false;
  for (const char *field : fields) {
    if (json.contains(field) && !json[field].is_number_unsigned()) return false;
  }
  return true;
}

}  // namespace

bool TraceReader::Head::operator>(const Head &other) const {
  return std::tie(time_ns, hands_out, thread) >
         std::tie(other.time_ns, other.hands_out, other.thread);
}

void TraceReader::FreeContext::operator()(ZSTD_DCtx_s *context) const { ZSTD_freeDCtx(context); }

absl::StatusOr<TraceReader> TraceReader::Open(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat(path, " cannot be read"));
  std::ostringstream bytes;
  bytes << file.rdbuf();
  absl::StatusOr<TraceReader> reader = FromBytes(bytes.str());
  if (!reader.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(path, " ", reader.status().message()));
  }
  return reader;
}

absl::StatusOr<TraceReader> TraceReader::FromBytes(std::string bytes) {
  TraceReader reader;
  reader.bytes_ = std::move(bytes);
  reader.context_.reset(ZSTD_createDCtx());
  const absl::Status status = reader.Index();
  if (!status.ok()) return status;
  reader.Rewind();
  return reader;
}

absl::StatusOr<std::string> TraceReader::Decompress(size_t offset, size_t *frame_bytes) {
  const char *frame = bytes_.data() + offset;
  *frame_bytes = ZSTD_findFrameCompressedSize(frame, bytes_.size() - offset);
  if (ZSTD_isError(*frame_bytes) != 0) return absl::DataLossError("is cut off");
  const unsigned long long content_bytes = ZSTD_getFrameContentSize(frame, *frame_bytes);
  if (content_bytes == 0 || content_bytes > kMaxFrameBytes) {
    return absl::DataLossError("has no sensible size");
  }
  std::string content(content_bytes, '\0');
  const size_t got =
      ZSTD_decompressDCtx(context_.get(), content.data(), content.size(), frame, *frame_bytes);
  if (ZSTD_isError(got) != 0 || got != content_bytes) return absl::DataLossError("is corrupt");
  return content;
}

absl::Status TraceReader::IndexHeader(const std::string &piece) {
  absl::string_view text = piece;
  const size_t line_end = text.find('\n');
  int version = 0;
  if (line_end == absl::string_view::npos || !absl::ConsumePrefix(&text, kMagic) ||
      !absl::SimpleAtoi(piece.substr(sizeof kMagic - 1, line_end - (sizeof kMagic - 1)),
                        &version)) {
    return absl::InvalidArgumentError("is not a trace");
  }
  if (version != kFormatVersion) {
    return absl::InvalidArgumentError(absl::StrCat("is of version ", version,
                                                   " of the trace format, of which only ",
                                                   kFormatVersion, " is known here"));
  }
  header_ = nlohmann::json::parse(piece.substr(line_end + 1), nullptr, false);
  if (!header_.is_object() || (header_.contains("forked") && !header_["forked"].is_boolean())) {
    return absl::InvalidArgumentError("has a header that is not JSON as it should be");
  }
  return absl::OkStatus();
}

absl::Status TraceReader::IndexPiece(size_t offset, const std::string &piece) {
  if (!end_.is_null()) return absl::DataLossError("is behind the end");
  if (piece[0] == kEndTag) {
    end_ = nlohmann::json::parse(piece.begin() + 1, piece.end(), nullptr, false);
    if (IsObjectWithCounts(end_, {"events", "threads", "lost"})) return absl::OkStatus();
    end_ = nullptr;
    return absl::DataLossError("is an end that is not JSON as it should be");
  }
  if (piece[0] != kSectionTag) return absl::DataLossError("is of an unknown sort");
  const absl::StatusOr<Section> section = DecodeSection(absl::string_view(piece).substr(1));
  if (!section.ok()) return section.status();
  if (section->thread >= kMaxThreads) return absl::DataLossError("has an impossible thread");
  if (section->thread >= threads_.size()) threads_.resize(size_t{section->thread} + 1);
  Thread &thread = threads_[section->thread];
  if (section->sequence != thread.frames.size()) {
    return absl::DataLossError(absl::StrCat("is section ", section->sequence, " of thread ",
                                            section->thread, ", where section ",
                                            thread.frames.size(), " should be"));
  }
  if (section->events.size() > thread.most_events) {
    decoded_bytes_ += (section->events.size() - thread.most_events) * sizeof(Event);
    thread.most_events = section->events.size();
    if (decoded_bytes_ > kMaxDecodedBytes) return absl::DataLossError("has too many threads");
  }
  thread.frames.push_back(offset);
  event_count_ += section->events.size();
  return absl::OkStatus();
}

void TraceReader::CheckEnd() {
  if (end_.is_null()) {
    damage_ = absl::StrCat("has no end: its recorder was stopped after ", event_count_, " events");
  } else if (end_.value("events", uint64_t{0}) != event_count_) {
    damage_ = absl::StrCat("has ", event_count_, " events, but its end counts ",
                           end_.value("events", uint64_t{0}));
  }
}

// Reads every frame once, to know where each thread's sections are and that all
// of them can be decoded.
absl::Status TraceReader::Index() {
  size_t offset = 0;
  while (offset < bytes_.size()) {
    size_t frame_bytes = 0;
    const absl::StatusOr<std::string> piece = Decompress(offset, &frame_bytes);
    if (offset == 0) {
      if (!piece.ok()) return absl::InvalidArgumentError("is not a trace");
      const absl::Status header = IndexHeader(*piece);
      if (!header.ok()) return header;
    } else {
      const absl::Status status = piece.ok() ? IndexPiece(offset, *piece) : piece.status();
      if (!status.ok()) {
        damage_ = absl::StrCat("is damaged at byte ", offset, ": what is there ", status.message(),
                               "; ", event_count_, " events before it can be read");
        return absl::OkStatus();
      }
    }
    offset += frame_bytes;
  }
  if (offset == 0) return absl::InvalidArgumentError("is empty, or no file");
  CheckEnd();
  return absl::OkStatus();
}

void TraceReader::Rewind() {
  heads_ = {};
  for (uint32_t i = 0; i < threads_.size(); i++) {
    threads_[i].next_frame = 0;
    threads_[i].next_event = 0;
    threads_[i].events.clear();
    PushHead(i);
  }
}

void TraceReader::PushHead(uint32_t index) {
  Thread &thread = threads_[index];
  if (thread.next_event == thread.events.size()) {
    thread.events.clear();
    thread.next_event = 0;
    if (thread.next_frame == thread.frames.size()) return;
    size_t frame_bytes;
    // Both went well when the file was indexed.
    const absl::StatusOr<std::string> piece =
        Decompress(thread.frames[thread.next_frame++], &frame_bytes);
    thread.events = DecodeSection(absl::string_view(piece.value()).substr(1)).value().events;
  }
  const Event &event = thread.events[thread.next_event];
  heads_.push({event.time_ns, !IsRelease(event.kind), index});
}

bool TraceReader::Next(Event *event) {
  if (heads_.empty()) return false;
  const uint32_t index = heads_.top().thread;
  heads_.pop();
  *event = threads_[index].events[threads_[index].next_event++];
  PushHead(index);
  return true;
}

}  // namespace loam::trace
