// What the matrix is made of: allocators, workloads, cells, repetitions.

#ifndef LOAM_BENCHMARKS_HARNESS_MODEL_H_
#define LOAM_BENCHMARKS_HARNESS_MODEL_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace loam::matrix {

enum class AllocatorKind {
  kSystem,  // what the C library brings: no preload
  kLoam,    // a variant of this workspace
  kPeer,    // another allocator that is installed
  kFloor,   // no allocator: the limit; never the best of a row
  kGiven,   // named by --allocator
};

struct Allocator {
  std::string name;
  AllocatorKind kind = AllocatorKind::kSystem;
  std::string library;  // to preload; empty for the system's own
  // Learnt by asking a process that runs under it:
  std::string served_by;  // path of the library that answered malloc
  std::string version;    // as the library tells it, or empty
  std::string sha256;     // of that file
  // Why it cannot be measured, or empty.
  std::string problem;
};

// A real program, for workloads of the family `program`.
struct Program {
  std::vector<std::string> setup;    // run once before all measuring, not measured; or empty
  std::vector<std::string> command;  // first the resolved path
  std::vector<std::string> told;     // the same for a result: {folder} for where its scripts are
  std::string measured;              // path of the program that the command is or becomes
  std::vector<std::string> environment;  // NAME=VALUE
  std::string stdin_path;                // or empty
};

// A recorded program, for workloads of the family `trace`.
struct Trace {
  std::string path;
  int threads = 1;                   // at a time; this and the next once it is prepared
  std::vector<std::string> command;  // what replays it
};

// What was live and resident once so many operations of a trace were done.
struct TraceSample {
  int64_t operation = 0;
  int64_t live_bytes = 0;
  int64_t rss_bytes = 0;
};

struct Workload {
  std::string name;  // family/name
  std::string stresses;
  std::string stands_for;
  bool threaded = false;
  bool one_way = false;  // its threads: some only allocate, others only free
  std::optional<Program> program;
  std::optional<Trace> trace;
  std::string problem;  // why it cannot run here, or empty

  std::string Family() const { return name.substr(0, name.find('/')); }
};

// What a process had resident at some time since its start.
struct RssSample {
  int64_t time_ns = 0;
  int64_t rss_bytes = 0;
};

// What one process used, as the launcher saw it.
struct Usage {
  int64_t wall_ns = 0;
  int64_t user_ns = 0;
  int64_t system_ns = 0;
  int64_t peak_rss_bytes = 0;
  int64_t minor_faults = 0;
  int64_t major_faults = 0;
  int64_t voluntary_switches = 0;
  int64_t involuntary_switches = 0;
  std::optional<int64_t> cycles;  // in user mode; none where the machine has no counters
  std::optional<int64_t> instructions;
  std::optional<int64_t> mean_rss_bytes;  // over time; this and the next where it was sampled
  std::vector<RssSample> rss_samples;
};

// What the program held at some moment, and what was resident.
struct MemoryPoint {
  int64_t live_bytes = 0;
  int64_t rss_bytes = 0;
};

// How long single calls took; the reading of the clock is taken off.
struct CallLatency {
  int64_t count = 0;
  double p50_ns = 0;
  double p90_ns = 0;
  double p99_ns = 0;
  double p99_9_ns = 0;
  double p99_99_ns = 0;
  double max_ns = 0;
};

// Of a second process that did the same work and timed each call.
struct Latency {
  double clock_ns = 0;       // what a reading of the clock takes
  double clock_step_ns = 0;  // how finely it tells
  std::optional<CallLatency> malloc_calls;
  std::optional<CallLatency> free_calls;
};

// One fresh process that did the work. What was not measured has no value.
struct Repetition {
  int round = 0;
  int64_t operations = 1;  // 1 for a program as a whole
  int64_t work_wall_ns = 0;
  int64_t work_cpu_ns = 0;
  std::optional<int64_t> live_peak_bytes;
  std::optional<int64_t> trough_rss_bytes;
  std::optional<int64_t> trough_live_bytes;
  std::optional<int64_t> settled_rss_bytes;
  std::optional<int64_t> start_rss_bytes;
  std::optional<int64_t> end_rss_bytes;
  std::vector<MemoryPoint> memory_points;
  std::vector<TraceSample> trace_samples;  // of round 0, where it is a trace
  std::optional<Latency> latency;
  // How often a third process, which did the same work under strace, called the
  // kernel, by name; none where it was not counted.
  std::optional<std::map<std::string, int64_t>> system_calls;
  Usage process;
};

enum class CellStatus { kOk, kFailed, kTimedOut, kSkipped };

struct Cell {
  size_t allocator = 0;  // index into Matrix::allocators
  size_t workload = 0;   // index into Matrix::workloads
  int threads = 1;
  size_t machine = 0;  // index into Matrix::machines
  CellStatus status = CellStatus::kOk;
  std::string message;  // why it is not ok
  std::vector<Repetition> repetitions;
};

struct Matrix {
  std::vector<Allocator> allocators;
  std::vector<Workload> workloads;
  std::vector<Cell> cells;
  // Where cells were measured; more than one only after a merge of shards. All
  // cells of a row are of one machine.
  std::vector<std::string> machines = {""};
  size_t baseline = 0;   // index into allocators
  bool complete = true;  // false when the run was interrupted
};

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_HARNESS_MODEL_H_
