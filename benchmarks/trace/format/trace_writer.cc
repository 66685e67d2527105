#include "benchmarks/trace/format/trace_writer.h"

#include <fcntl.h>
#include <unistd.h>
#include <zstd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "benchmarks/trace/format/frames.h"

namespace loam::trace {
namespace {

// A command line may be in no encoding at all.
std::string Dump(const nlohmann::ordered_json &json) {
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace

TraceWriter::TraceWriter(const std::string &path, int file, int level)
    : path_(path), file_(file), context_(ZSTD_createCCtx()) {
  ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(context_, ZSTD_c_checksumFlag, 1);
}

TraceWriter::~TraceWriter() {
  if (file_ >= 0) close(file_);
  ZSTD_freeCCtx(context_);
}

absl::StatusOr<std::unique_ptr<TraceWriter>> TraceWriter::Create(const std::string &path, int level,
                                                                 nlohmann::ordered_json header) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) {
    return absl::UnavailableError(absl::StrCat("cannot write ", path, ": ", strerror(errno)));
  }
  auto writer = std::unique_ptr<TraceWriter>(new TraceWriter(path, file, level));
  const std::string text = absl::StrCat(kMagic, kFormatVersion, "\n", Dump(header));
  const absl::Status status = writer->WriteFrame(kHeaderTag, text.substr(1));
  if (!status.ok()) return status;
  return writer;
}

absl::Status TraceWriter::WriteFrame(char tag, const std::string &content) {
  if (!status_.ok()) return status_;
  const std::string piece = tag + content;
  std::string frame(ZSTD_compressBound(piece.size()), '\0');
  const size_t bytes =
      ZSTD_compress2(context_, frame.data(), frame.size(), piece.data(), piece.size());
  if (ZSTD_isError(bytes) != 0) {
    status_ = absl::InternalError(absl::StrCat("zstd: ", ZSTD_getErrorName(bytes)));
    return status_;
  }
  for (size_t written = 0; written < bytes;) {
    const ssize_t count = write(file_, frame.data() + written, bytes - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      status_ = absl::DataLossError(absl::StrCat("cannot write ", path_, ": ", strerror(errno)));
      return status_;
    }
    written += static_cast<size_t>(count);
  }
  file_bytes_ += bytes;
  return absl::OkStatus();
}

absl::Status TraceWriter::Append(uint32_t thread, std::vector<Event> events) {
  if (events.empty()) return status_;
  if (thread >= next_sequence_.size()) next_sequence_.resize(size_t{thread} + 1);
  Section section;
  section.thread = thread;
  section.sequence = next_sequence_[thread]++;
  section.events = std::move(events);
  event_count_ += section.events.size();
  return WriteFrame(kSectionTag, EncodeSection(section));
}

absl::Status TraceWriter::Finish(nlohmann::ordered_json end) {
  end["events"] = event_count_;
  end["threads"] = thread_count();
  const absl::Status status = WriteFrame(kEndTag, Dump(end));
  if (close(file_) != 0 && status_.ok()) {
    status_ = absl::DataLossError(absl::StrCat("cannot write ", path_, ": ", strerror(errno)));
  }
  file_ = -1;
  return status_.ok() ? status : status_;
}

}  // namespace loam::trace
