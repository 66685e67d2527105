// Memory for a workload's own tables, straight from the kernel, so that the
// malloc under test sees only the blocks that the workload is about.

#ifndef LOAM_BENCHMARKS_CELL_SCRATCH_H_
#define LOAM_BENCHMARKS_CELL_SCRATCH_H_

#include <sys/mman.h>

#include <cstddef>

#include "benchmarks/cell/blocks.h"

namespace loam::cell {

// An array of zeroed T, resident from the start, unmapped at the end.
template <typename T>
class Scratch {
 public:
  explicit Scratch(size_t count) : bytes_(count * sizeof(T)) {
    void *memory = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory == MAP_FAILED) DieOutOfMemory(bytes_);
    items_ = static_cast<T *>(memory);
  }
  ~Scratch() { munmap(items_, bytes_); }
  Scratch(const Scratch &) = delete;
  Scratch &operator=(const Scratch &) = delete;

  T &operator[](size_t index) { return items_[index]; }
  T *begin() { return items_; }
  T *end() { return items_ + bytes_ / sizeof(T); }
  size_t size() const { return bytes_ / sizeof(T); }

 private:
  T *items_;
  size_t bytes_;
};

}  // namespace loam::cell

#endif  // LOAM_BENCHMARKS_CELL_SCRATCH_H_
