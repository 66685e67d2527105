// What the threads of a stress run share: the variant, the blocks that they hand
// around, heaps that several of them use, and the account of it all. Every
// function may be called by any thread.

#ifndef LOAM_TESTS_STRESS_WORLD_H_
#define LOAM_TESTS_STRESS_WORLD_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/variant/variant.h"
#include "tests/support/random.h"

namespace loam::test {

class World;

// A heap that is destroyed when the last one who uses it lets go, with whatever
// blocks it still has.
class SharedHeap {
 public:
  SharedHeap(World *world, loam_heap *heap);
  ~SharedHeap();
  SharedHeap(const SharedHeap &) = delete;
  SharedHeap &operator=(const SharedHeap &) = delete;

  loam_heap *get() const { return heap_; }
  std::atomic<size_t> *live_bytes() { return &live_bytes_; }

 private:
  World *const world_;
  loam_heap *const heap_;
  std::atomic<size_t> live_bytes_{0};
};

// A block, stamped over its whole size, and who may free it: whoever has this.
struct Parcel {
  void *block = nullptr;
  size_t size = 0;
  uint64_t seed = 0;
  std::shared_ptr<SharedHeap> heap;  // NULL: the process's
  bool plain = true;                 // of malloc's family: free_sized may end it
};

// Sums over a run.
struct Counts {
  std::atomic<uint64_t> operations{0};
  std::atomic<uint64_t> refused{0};  // NULL, as a system call was made to fail
  std::atomic<uint64_t> failed_calls{0};
  std::atomic<uint64_t> threads{0};
  std::atomic<uint64_t> forks{0};
  std::atomic<uint64_t> heaps{0};
  std::atomic<uint64_t> checks{0};
  std::atomic<uint64_t> trims{0};
};

class World {
 public:
  static constexpr size_t kHeapsMax = 16;  // alive at a time

  World(const loam_variant &variant, size_t threads, size_t live_bytes_max);
  ~World();

  // --- Blocks ----------------------------------------------------------------

  // A block by any of the entry points, stamped; of the heap, if it is not NULL.
  // An empty parcel where the run's live bytes are at their limit, or where a
  // system call was made to fail.
  Parcel Make(Random *random, const std::shared_ptr<SharedHeap> &heap);

  // Changes the size, contents kept.
  void Resize(Random *random, Parcel *parcel);

  // Verifies the content, and frees the block. Empty parcels are fine.
  void Release(Random *random, Parcel *parcel);

  void Verify(const Parcel &parcel);

  // --- From thread to thread -------------------------------------------------

  // Swaps the parcel with what lies in one of the boxes: perhaps nothing.
  void Exchange(Random *random, Parcel *parcel);

  // What a thread leaves behind when it ends, for one that begins.
  void Leave(std::vector<Parcel> parcels);
  std::vector<Parcel> Adopt();

  // One of the heaps, new or in use by others. NULL when there is none to have. A
  // heap that is no longer given here lives on while there are parcels of it.
  std::shared_ptr<SharedHeap> PickHeap(Random *random);

  // Frees all that lies anywhere. No thread may be using the world.
  void Empty(Random *random);

  // --- Account ---------------------------------------------------------------

  const loam_variant &variant() const { return v_; }
  Counts *counts() { return &counts_; }
  size_t live_bytes_max() const { return live_bytes_max_; }

  // While on, some system calls fail.
  void MakeSystemCallsFail(bool on);

  // Notes what went wrong; the run ends soon.
  void Fail(const std::string &what);
  bool failed() const { return failed_; }
  std::string failures();

  // Set when threads are to end.
  std::atomic<bool> stop{false};

 private:
  friend class SharedHeap;

  struct Box {
    std::mutex mutex;
    Parcel parcel;
  };

  static constexpr size_t kHeaps = 4;

  bool Reserve(size_t bytes);
  void *Allocate(Random *random, size_t size, loam_heap *heap, bool *plain);

  const loam_variant &v_;
  const size_t live_bytes_max_;
  std::atomic<size_t> live_bytes_{0};
  std::atomic<size_t> live_heaps_{0};
  Counts counts_;
  std::vector<Box> boxes_;
  std::mutex heaps_mutex_;
  std::shared_ptr<SharedHeap> heaps_[kHeaps];
  std::mutex left_mutex_;
  std::vector<std::vector<Parcel>> left_;
  std::mutex failures_mutex_;
  std::string failures_;
  std::atomic<bool> failed_{false};
};

}  // namespace loam::test

#endif  // LOAM_TESTS_STRESS_WORLD_H_
