#include "benchmarks/trace/replay/compile.h"

#include <algorithm>
#include <fstream>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmarks/trace/replay/facts.h"
#include "benchmarks/trace/replay/plan.h"
#include "benchmarks/trace/replay/slots.h"

namespace loam::trace {
namespace {

constexpr uint64_t kNever = UINT64_MAX;

// A short trace is done several times, for a time that can be measured: as often
// as makes this much work, in plain operations. What else there is to do is about
// as much work as so many of these.
constexpr uint64_t kWorkToMeasure = 4'000'000;
constexpr uint64_t kMaxPasses = 200;
constexpr uint64_t kWorkOfSharing = 8;  // a block between threads, each operation
constexpr uint64_t kWorkOfPage = 16;    // to touch one of a large block
constexpr uint64_t kWorkOfThread = 4000;
constexpr uint64_t kPageBytes = 4096;

constexpr uint64_t kMaxEpochs = 64;
constexpr uint64_t kLeastOperationsInEpoch = 2048;

struct ThreadWork {
  std::vector<Operation> operations;
  uint64_t first = kNever;  // among the operations of all threads
  uint64_t last = 0;
  std::vector<uint64_t> epoch_ends;  // how many of its operations are done
};

Action ActionOf(uint8_t kind) {
  if (kind == TRACE_CALLOC) return Action::kCalloc;
  return TakesAlignment(kind) ? Action::kAligned : Action::kMalloc;
}

class Compiler {
 public:
  explicit Compiler(TraceReader *reader)
      : reader_(reader), facts_(FindFacts(reader)), slots_(facts_), work_(reader->thread_count()) {}

  absl::StatusOr<CompiledTrace> Compile(const std::string &plan_path) {
    if (facts_.operations == 0) return absl::InvalidArgumentError("has nothing to replay");
    PlaceCheckpoints();
    TakeOperations();
    MakeLanes();
    return Write(plan_path);
  }

 private:
  void PlaceCheckpoints();
  void TakeOperations();
  void TakeChange(const Event &event, const Change &change);
  void Put(uint32_t thread, const Operation &operation);
  void EndEpoch();
  void MakeLanes();
  uint32_t EpochOf(uint64_t operation) const;
  absl::StatusOr<CompiledTrace> Write(const std::string &plan_path);

  TraceReader *reader_;
  Facts facts_;
  Slots slots_;
  std::vector<ThreadWork> work_;  // by the trace's threads
  std::vector<Operation> leftovers_;
  std::vector<Checkpoint> checkpoints_;
  uint32_t peak_checkpoint_ = 0;
  uint64_t done_ = 0;       // operations
  uint64_t work_done_ = 0;  // in plain operations
  uint64_t live_bytes_ = 0;
  size_t epoch_ = 0;
  std::vector<PlanThread> threads_;
  std::vector<uint32_t> thread_index_;  // into work_, by threads_
  std::vector<PlanLane> lanes_;
};

// At equal distances, and where the most bytes are live.
void Compiler::PlaceCheckpoints() {
  const uint64_t epochs =
      std::clamp<uint64_t>(facts_.operations / kLeastOperationsInEpoch, 1, kMaxEpochs);
  std::vector<uint64_t> places = {facts_.peak_operation};
  for (uint64_t i = 1; i <= epochs; i++) places.push_back(facts_.operations * i / epochs);
  std::sort(places.begin(), places.end());
  places.erase(std::unique(places.begin(), places.end()), places.end());
  for (uint64_t place : places) {
    if (place == facts_.peak_operation)
      peak_checkpoint_ = static_cast<uint32_t>(checkpoints_.size());
    checkpoints_.push_back({place, 0, 0, 0});
  }
}

void Compiler::EndEpoch() {
  checkpoints_[epoch_].live_bytes = live_bytes_;
  for (ThreadWork &work : work_) work.epoch_ends.push_back(work.operations.size());
  epoch_++;
}

void Compiler::Put(uint32_t thread, const Operation &operation) {
  // Only now: an event may be two operations.
  if (done_ == checkpoints_[epoch_].operation) EndEpoch();
  ThreadWork &work = work_[thread];
  if (work.first == kNever) work.first = done_;
  work.last = done_++;
  const uint64_t pages = std::min<uint64_t>(operation.bytes / kPageBytes, operation.touched_pages);
  work_done_ += 1 + operation.shared * kWorkOfSharing + pages * kWorkOfPage;
  work.operations.push_back(operation);
}

void Compiler::TakeChange(const Event &event, const Change &change) {
  using Kind = Change::Kind;
  if (change.kind == Kind::kEnded || change.kind == Kind::kDoubled) {
    Put(event.thread, slots_.Free(change.before.chain, event.thread));
    live_bytes_ -= change.before.bytes;
  }
  if (!MakesBlock(change)) return;
  const Block &after = change.after;
  Operation operation =
      after.chain == after.id ? slots_.Make(after.chain, event.thread) : slots_.Resize(after.chain);
  if (after.chain == after.id) operation.action = ActionOf(event.kind);
  operation.bytes = after.bytes;
  operation.log2_align = event.log2_align;
  operation.touched_pages = facts_.touched_pages[after.id];
  Put(event.thread, operation);
  live_bytes_ += after.bytes;
  if (change.kind == Kind::kResized) live_bytes_ -= change.before.bytes;
}

void Compiler::TakeOperations() {
  LiveBlocks blocks;
  reader_->Rewind();
  for (Event event; reader_->Next(&event);) TakeChange(event, blocks.Apply(event));
  EndEpoch();
  for (uint64_t chain : slots_.StillLive()) leftovers_.push_back(slots_.Free(chain, kNoThread));
}

uint32_t Compiler::EpochOf(uint64_t operation) const {
  const auto after = std::upper_bound(
      checkpoints_.begin(), checkpoints_.end(), operation,
      [](uint64_t place, const Checkpoint &checkpoint) { return place < checkpoint.operation; });
  return static_cast<uint32_t>(after - checkpoints_.begin());
}

// A thread goes behind one that had ended before it began, if there is one.
void Compiler::MakeLanes() {
  for (uint32_t i = 0; i < work_.size(); i++) {
    if (work_[i].first != kNever) thread_index_.push_back(i);
  }
  std::sort(thread_index_.begin(), thread_index_.end(),
            [this](uint32_t a, uint32_t b) { return work_[a].first < work_[b].first; });
  std::vector<uint32_t> last_of_lane;
  for (uint32_t i = 0; i < thread_index_.size(); i++) {
    const ThreadWork &work = work_[thread_index_[i]];
    PlanThread thread = {0, 0, EpochOf(work.first), EpochOf(work.last), 0, 0};
    uint32_t lane = std::min<uint32_t>(1, i);
    while (lane < lanes_.size() && work_[thread_index_[last_of_lane[lane]]].last >= work.first) {
      lane++;
    }
    thread.lane = lane;
    if (lane == lanes_.size()) {
      lanes_.push_back({i, thread.first_epoch, 0, 0});
      last_of_lane.push_back(i);
    } else {
      threads_[last_of_lane[lane]].next_plus_1 = i + 1;
      last_of_lane[lane] = i;
    }
    lanes_[lane].last_epoch = thread.last_epoch;
    threads_.push_back(thread);
  }
  for (size_t lane = 1; lane < lanes_.size(); lane++) {
    for (uint32_t epoch = lanes_[lane].first_epoch; epoch <= lanes_[lane].last_epoch; epoch++) {
      checkpoints_[epoch].lanes++;
    }
  }
}

template <typename T>
void WriteArray(const std::vector<T> &items, std::ofstream *file) {
  file->write(reinterpret_cast<const char *>(items.data()),
              static_cast<std::streamsize>(items.size() * sizeof(T)));
}

absl::StatusOr<CompiledTrace> Compiler::Write(const std::string &plan_path) {
  std::vector<uint64_t> epoch_ends;
  uint64_t operations = 0;
  for (size_t i = 0; i < threads_.size(); i++) {
    const ThreadWork &work = work_[thread_index_[i]];
    threads_[i].first_operation = operations;
    threads_[i].first_epoch_end = epoch_ends.size();
    for (uint32_t epoch = threads_[i].first_epoch; epoch <= threads_[i].last_epoch; epoch++) {
      epoch_ends.push_back(operations + work.epoch_ends[epoch]);
    }
    operations += work.operations.size();
  }
  const uint64_t work = work_done_ + threads_.size() * kWorkOfThread;
  PlanHeader header = {};
  header.magic = kPlanMagic;
  header.threads = static_cast<uint32_t>(threads_.size());
  header.lanes = static_cast<uint32_t>(lanes_.size());
  header.checkpoints = static_cast<uint32_t>(checkpoints_.size());
  header.peak_checkpoint = peak_checkpoint_;
  header.passes = static_cast<uint32_t>(std::clamp<uint64_t>(kWorkToMeasure / work, 1, kMaxPasses));
  header.epoch_ends = epoch_ends.size();
  header.operations = operations;
  header.leftovers = leftovers_.size();
  header.own_slots = slots_.own_count();
  header.shared_slots = slots_.shared_count();
  header.file_bytes = sizeof header + threads_.size() * sizeof(PlanThread) +
                      lanes_.size() * sizeof(PlanLane) + checkpoints_.size() * sizeof(Checkpoint) +
                      epoch_ends.size() * sizeof(uint64_t) +
                      (operations + leftovers_.size()) * sizeof(Operation);
  std::ofstream file(plan_path, std::ios::binary);
  file.write(reinterpret_cast<const char *>(&header), sizeof header);
  WriteArray(threads_, &file);
  WriteArray(lanes_, &file);
  WriteArray(checkpoints_, &file);
  WriteArray(epoch_ends, &file);
  for (uint32_t index : thread_index_) WriteArray(work_[index].operations, &file);
  WriteArray(leftovers_, &file);
  file.close();
  if (!file) return absl::DataLossError(absl::StrCat("cannot write ", plan_path, ": disk full?"));
  return CompiledTrace{operations, checkpoints_[peak_checkpoint_].live_bytes, header.lanes,
                       header.passes};
}

}  // namespace

absl::StatusOr<CompiledTrace> CompileTrace(const std::string &trace_path,
                                           const std::string &plan_path) {
  absl::StatusOr<TraceReader> reader = TraceReader::Open(trace_path);
  if (!reader.ok()) return reader.status();
  absl::StatusOr<CompiledTrace> compiled = Compiler(&*reader).Compile(plan_path);
  if (compiled.ok()) return compiled;
  return absl::InvalidArgumentError(absl::StrCat(trace_path, ": ", compiled.status().message()));
}

}  // namespace loam::trace
