// The recorder's end of the memory that it shares with traced programs.

#ifndef LOAM_BENCHMARKS_TRACE_RECORD_SHARED_REGION_H_
#define LOAM_BENCHMARKS_TRACE_RECORD_SHARED_REGION_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "benchmarks/trace/preload/region.h"

namespace loam::trace {

// Makes and owns the memory. It has no name in any folder, so nothing stays
// behind, however this process ends; programs keep what they mapped. The thread
// that creates it must outlive it: its end tells programs that no one records.
class SharedRegion {
 public:
  static absl::StatusOr<std::unique_ptr<SharedRegion>> Create(bool follow);
  ~SharedRegion();
  SharedRegion(const SharedRegion &) = delete;
  SharedRegion &operator=(const SharedRegion &) = delete;

  trace_region *get() { return region_; }

  // Where programs of the same user can open it while this process lives.
  std::string Path() const;

  // The next signal: wait for one that is not `seen`, or until a signal handler
  // ran, or for `patience_ms`.
  uint32_t Signal() const;
  void AwaitSignal(uint32_t seen, int64_t patience_ms) const;

  // Wakes programs that wait for a free chunk.
  void WakePrograms();

 private:
  SharedRegion(int file, trace_region *region) : file_(file), region_(region) {}

  int file_;
  trace_region *region_;
};

}  // namespace loam::trace

#endif  // LOAM_BENCHMARKS_TRACE_RECORD_SHARED_REGION_H_
