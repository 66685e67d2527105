#include "benchmarks/trace/record/harvester.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace loam::trace {
namespace {

template <typename T>
T Load(const T *place) {
  return __atomic_load_n(place, __ATOMIC_ACQUIRE);
}

bool ProcessIsDead(uint32_t process_id) {
  return kill(static_cast<pid_t>(process_id), 0) != 0 && errno == ESRCH;
}

bool ThreadIsDead(uint32_t process_id, uint32_t thread_id) {
  return syscall(SYS_tgkill, process_id, thread_id, 0) != 0 && errno == ESRCH;
}

Event EventOf(const trace_event &raw, uint64_t what, uint32_t thread) {
  Event event;
  event.time_ns = raw.time_ns;
  event.address = raw.address;
  event.amount = what & TRACE_AMOUNT_MAX;
  event.thread = thread;
  event.kind = static_cast<uint8_t>(what >> 56);
  event.log2_align = static_cast<uint8_t>(what >> TRACE_AMOUNT_BITS);
  return event;
}

std::vector<std::string> CommandOf(const trace_image &image) {
  const size_t bytes = std::min<size_t>(image.command_bytes, sizeof image.command);
  std::vector<std::string> words = absl::StrSplit(absl::string_view(image.command, bytes), '\0');
  if (!words.empty() && words.back().empty()) words.pop_back();
  return words;
}

}  // namespace

Harvester::Harvester(SharedRegion *region, std::string output, int level)
    : shared_(region),
      region_(region->get()),
      output_(std::move(output)),
      level_(level),
      written_(TRACE_CHUNK_COUNT) {}

std::string Harvester::PathOf(uint32_t index) const {
  if (index == 0) return output_;
  const std::filesystem::path path(output_);
  const std::string name =
      absl::StrCat(path.stem().string(), ".", index + 1, path.extension().string());
  return (path.parent_path() / name).string();
}

void Harvester::FindImages() {
  const uint32_t count = std::min<uint32_t>(Load(&region_->image_count), TRACE_MAX_IMAGES);
  images_.resize(std::max<size_t>(images_.size(), count));
}

// An image has ended with its process, or when another began in that process.
void Harvester::FindEnded(Depth depth) {
  std::map<uint32_t, size_t> latest;
  for (size_t i = 0; i < images_.size(); i++) {
    const uint32_t process_id = Load(&region_->images[i].process_id);
    if (process_id == 0) continue;
    const auto [place, fresh] = latest.try_emplace(process_id, i);
    if (!fresh) {
      images_[place->second].ended = true;
      place->second = i;
    }
  }
  for (const auto &[process_id, index] : latest) {
    Image &image = images_[index];
    if (!image.ended) image.ended = depth == Depth::kFinal || ProcessIsDead(process_id);
  }
}

std::vector<Harvester::Piece> Harvester::FindPieces(Depth depth) {
  std::vector<Piece> pieces;
  const uint32_t high_water = Load(&region_->chunk_high_water);
  for (uint32_t i = 0; i < std::min<uint32_t>(high_water, TRACE_CHUNK_COUNT); i++) {
    const uint32_t state = Load(&region_->chunk_state[i]);
    if (state == TRACE_CHUNK_FREE) continue;
    if (state == TRACE_CHUNK_OWNED && depth == Depth::kFull) continue;
    const trace_chunk &chunk = region_->chunks[i];
    if (Load(&chunk.thread_id) == 0 || chunk.image >= images_.size()) continue;  // just taken
    pieces.push_back(
        {i, chunk.image, chunk.thread, chunk.sequence, state == TRACE_CHUNK_FULL, false});
  }
  if (depth != Depth::kFull) FindAbandoned(&pieces);
  std::sort(pieces.begin(), pieces.end(), [](const Piece &a, const Piece &b) {
    return std::tie(a.image, a.thread, a.sequence) < std::tie(b.image, b.thread, b.sequence);
  });
  return pieces;
}

// A kernel's thread id may be used again: only the latest thread that had it can
// be alive.
void Harvester::FindAbandoned(std::vector<Piece> *pieces) const {
  std::map<std::pair<uint32_t, uint32_t>, uint32_t> latest;
  for (const Piece &piece : *pieces) {
    uint32_t &thread = latest[{piece.image, region_->chunks[piece.chunk].thread_id}];
    thread = std::max(thread, piece.thread);
  }
  for (Piece &piece : *pieces) {
    const uint32_t thread_id = region_->chunks[piece.chunk].thread_id;
    piece.abandoned =
        !piece.full &&
        (images_[piece.image].ended || latest[{piece.image, thread_id}] != piece.thread ||
         ThreadIsDead(region_->images[piece.image].process_id, thread_id));
  }
}

absl::Status Harvester::OpenWriter(uint32_t index) {
  const trace_image &image = region_->images[index];
  nlohmann::ordered_json header;
  header["command"] = CommandOf(image);
  header["image"] = index;
  header["process_id"] = image.process_id;
  header["forked"] = image.parent != 0;
  header["parent_image"] =
      image.parent == 0 ? nlohmann::ordered_json() : nlohmann::ordered_json(image.parent - 1);
  header["recorded_at"] = absl::FormatTime(absl::RFC3339_sec, absl::Now(), absl::UTCTimeZone());
  header["page_bytes"] = sysconf(_SC_PAGESIZE);
  absl::StatusOr<std::unique_ptr<TraceWriter>> writer =
      TraceWriter::Create(PathOf(index), level_, std::move(header));
  if (!writer.ok()) return writer.status();
  images_[index].writer = *std::move(writer);
  return absl::OkStatus();
}

// Appends what the chunk has and was not written yet.
absl::Status Harvester::Write(const Piece &piece) {
  Image &image = images_[piece.image];
  const trace_chunk &chunk = region_->chunks[piece.chunk];
  uint32_t &next = written_[piece.chunk];
  std::vector<Event> events;
  for (; next < TRACE_CHUNK_EVENTS; next++) {
    const uint64_t what = Load(&chunk.events[next].what);
    if (what == 0) break;
    events.push_back(EventOf(chunk.events[next], what, piece.thread));
  }
  if (events.empty()) return absl::OkStatus();
  if (image.writer == nullptr) {
    const absl::Status status = OpenWriter(piece.image);
    if (!status.ok()) return status;
  }
  return image.writer->Append(piece.thread, std::move(events));
}

void Harvester::Release(const Piece &piece) {
  memset(&region_->chunks[piece.chunk], 0, sizeof(trace_chunk));
  written_[piece.chunk] = 0;
  if (piece.full) __atomic_fetch_sub(&region_->full_count, 1, __ATOMIC_RELAXED);
  __atomic_store_n(&region_->chunk_state[piece.chunk], uint32_t{TRACE_CHUNK_FREE},
                   __ATOMIC_RELEASE);
}

absl::Status Harvester::FinishEnded() {
  absl::Status first;
  for (size_t i = 0; i < images_.size(); i++) {
    Image &image = images_[i];
    if (!image.ended || image.finished) continue;
    image.finished = true;
    if (image.writer == nullptr) continue;
    const uint32_t process_id = region_->images[i].process_id;
    const uint32_t lost = Load(&region_->images[i].lost);
    const auto ended = ended_.find(process_id);
    nlohmann::ordered_json end;
    end["ended"] = ended == ended_.end() ? "unknown" : ended->second;
    end["lost"] = lost;
    const absl::Status status = image.writer->Finish(std::move(end));
    if (first.ok()) first = status;
    recorded_.push_back(
        {image.writer->path(), image.writer->event_count(), image.writer->file_bytes(), lost});
    image.writer.reset();
  }
  return first;
}

absl::Status Harvester::Pass(Depth depth) {
  FindImages();
  if (depth != Depth::kFull) FindEnded(depth);
  const std::vector<Piece> pieces = FindPieces(depth);
  for (const Piece &piece : pieces) {
    std::vector<uint32_t> &next_sequence = images_[piece.image].next_sequence;
    if (piece.thread >= next_sequence.size()) next_sequence.resize(size_t{piece.thread} + 1);
    // The chunk before it was full only after we looked: both come next time.
    if (piece.sequence != next_sequence[piece.thread]) continue;
    if (status_.ok()) status_ = Write(piece);
    if (!piece.full && !piece.abandoned) continue;
    next_sequence[piece.thread]++;
    Release(piece);
  }
  if (depth != Depth::kFull) {
    const absl::Status status = FinishEnded();
    if (status_.ok()) status_ = status;
    const bool exhausted =
        std::all_of(region_->chunk_state, region_->chunk_state + TRACE_CHUNK_COUNT,
                    [](const uint32_t &state) { return Load(&state) == TRACE_CHUNK_OWNED; });
    __atomic_store_n(&region_->chunks_exhausted, uint32_t{exhausted}, __ATOMIC_RELAXED);
  }
  if (!status_.ok()) __atomic_store_n(&region_->recorder_gone, 1u, __ATOMIC_RELAXED);
  if (!pieces.empty()) shared_->WakePrograms();
  return status_;
}

}  // namespace loam::trace
