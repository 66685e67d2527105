// Taking blocks from the malloc under test, using them, and giving them back.
//
// A block's first word holds its size: written when it is taken, read when it
// is given back, as a program touches an object when it makes and destroys it.
// A block that lost its size was overwritten: the cell then ends as failed.

#ifndef LOAM_BENCHMARKS_CELL_BLOCKS_H_
#define LOAM_BENCHMARKS_CELL_BLOCKS_H_

#include <stdlib.h>

#include <cstddef>
#include <cstdint>

#include "benchmark/benchmark.h"
#include "benchmarks/cell/latency.h"

namespace loam::cell {

constexpr size_t kSmallestBlock = sizeof(uint64_t);
constexpr size_t kPage = 4096;

[[noreturn]] void DieOutOfMemory(size_t size);
[[noreturn]] void DieUnlinked(const char *why);
[[noreturn]] void DieCorrupted(const void *block, size_t expected, size_t found);

// Bytes that the program has asked for and not given back.
class LiveBytes {
 public:
  void Add(size_t bytes) {
    now_ += static_cast<int64_t>(bytes);
    if (now_ > peak_) peak_ = now_;
  }
  void Remove(size_t bytes) { now_ -= static_cast<int64_t>(bytes); }

  int64_t now() const { return now_; }
  int64_t peak() const { return peak_; }

 private:
  int64_t now_ = 0;
  int64_t peak_ = 0;
};

// Writes the size into the block, and a byte into each of its other pages.
inline void Touch(void *block, size_t size) {
  *static_cast<uint64_t *>(block) = size;
  char *bytes = static_cast<char *>(block);
  for (size_t at = kPage; at < size; at += kPage) bytes[at] = 1;
  benchmark::DoNotOptimize(block);
}

// The block, once it is known to be there, touched.
inline void *Received(void *block, size_t size) {
  if (__builtin_expect(block == nullptr, 0)) DieOutOfMemory(size);
  Touch(block, size);
  return block;
}

// The two calls that everything here is about.
inline void *Malloc(size_t size) {
  return Timed(&Latencies::take, [size] { return malloc(size); });
}
inline void Free(void *block) {
  Timed(&Latencies::give, [block] { free(block); });
}

inline void *Take(size_t size) { return Received(Malloc(size), size); }

inline void *Take(size_t size, LiveBytes *live) {
  live->Add(size);
  return Take(size);
}

inline size_t SizeOf(const void *block) { return *static_cast<const uint64_t *>(block); }

inline void Give(void *block) {
  benchmark::DoNotOptimize(SizeOf(block));
  Free(block);
}

inline void Give(void *block, LiveBytes *live) {
  live->Remove(SizeOf(block));
  Free(block);
}

// For work that knows which size each block must still say.
inline void Expect(const void *block, size_t size) {
  if (__builtin_expect(SizeOf(block) != size, 0)) DieCorrupted(block, size, SizeOf(block));
}

}  // namespace loam::cell

#endif  // LOAM_BENCHMARKS_CELL_BLOCKS_H_
