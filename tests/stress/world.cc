#include "tests/stress/world.h"

#include <algorithm>
#include <utility>

#include "common/os/os.h"
#include "tests/support/memory.h"
#include "tests/support/stamp.h"

namespace loam::test {
namespace {

constexpr size_t kOrdinaryMax = 32 * kKiB;
constexpr size_t kLargeMax = 2 * kMiB;  // far over what gets a mapping of its own
constexpr size_t kFailOneIn = 20;

std::atomic<bool> calls_fail{false};
std::atomic<uint64_t> calls_failed{0};

// One call in kFailOneIn, in an order that no pattern of calls follows.
bool FailSome(enum loam_os_call, size_t) {
  static std::atomic<uint64_t> calls{0};
  if (!calls_fail || Mix(calls++) % kFailOneIn != 0) return false;
  ++calls_failed;
  return true;
}

size_t AnySize(Random *random) {
  const size_t kind = random->Below(400);
  if (kind == 0) return random->Below(kLargeMax);
  return random->BlockSize(kind < 20 ? 8 * kOrdinaryMax : kOrdinaryMax);
}

// 32 bytes to 64 KiB.
size_t AnyAlignment(Random *random) { return size_t{32} << random->Below(12); }

}  // namespace

SharedHeap::SharedHeap(World *world, loam_heap *heap) : world_(world), heap_(heap) {
  ++world_->live_heaps_;
}

SharedHeap::~SharedHeap() {
  world_->v_.heap_destroy(heap_);
  world_->live_bytes_ -= live_bytes_;
  --world_->live_heaps_;
}

World::World(const loam_variant &variant, size_t threads, size_t live_bytes_max)
    : v_(variant), live_bytes_max_(live_bytes_max), boxes_(2 * threads) {
  calls_failed = 0;
  loam_os_set_fault_hook(FailSome);
}

World::~World() { loam_os_set_fault_hook(nullptr); }

void World::MakeSystemCallsFail(bool on) {
  calls_fail = on;
  counts_.failed_calls = calls_failed.load();
}

void World::Fail(const std::string &what) {
  const std::lock_guard<std::mutex> lock(failures_mutex_);
  if (failures_.size() < 1000) failures_ += what + "\n";
  failed_ = true;
}

std::string World::failures() {
  const std::lock_guard<std::mutex> lock(failures_mutex_);
  return failures_;
}

// --- Blocks ------------------------------------------------------------------

bool World::Reserve(size_t bytes) {
  if ((live_bytes_ += bytes) <= live_bytes_max_) return true;
  live_bytes_ -= bytes;
  return false;
}

void *World::Allocate(Random *random, size_t size, loam_heap *heap, bool *plain) {
  switch (random->Below(8)) {
    case 0: {
      void *block = heap != nullptr ? v_.heap_calloc(heap, 1, size) : v_.calloc(1, size);
      if (block != nullptr && !IsZero(block, size)) Fail("calloc: not zero");
      return block;
    }
    case 1: {
      const size_t alignment = AnyAlignment(random);
      *plain = false;
      void *block = heap != nullptr ? v_.heap_aligned_alloc(heap, alignment, size)
                                    : v_.aligned_alloc(alignment, size);
      if (reinterpret_cast<uintptr_t>(block) % alignment != 0) Fail("aligned_alloc: not aligned");
      return block;
    }
    default:
      return heap != nullptr ? v_.heap_malloc(heap, size) : v_.malloc(size);
  }
}

Parcel World::Make(Random *random, const std::shared_ptr<SharedHeap> &heap) {
  Parcel parcel;
  parcel.size = AnySize(random);
  parcel.seed = random->Next();
  parcel.heap = heap;
  if (!Reserve(parcel.size)) return {};
  ++counts_.operations;
  const uint64_t failed_before = calls_failed;
  parcel.block =
      Allocate(random, parcel.size, heap != nullptr ? heap->get() : nullptr, &parcel.plain);
  if (parcel.block == nullptr) {
    ++counts_.refused;
    if (calls_failed == failed_before) Fail("NULL, and no system call had failed");
    live_bytes_ -= parcel.size;
    return {};
  }
  if (v_.usable_size(parcel.block) < parcel.size) Fail("usable_size: less than was asked for");
  if (heap != nullptr) *heap->live_bytes() += parcel.size;
  Stamp(parcel.block, parcel.size, parcel.seed);
  return parcel;
}

void World::Resize(Random *random, Parcel *parcel) {
  if (parcel->block == nullptr) return;
  Verify(*parcel);
  const size_t size = AnySize(random);
  if (!Reserve(size)) return;
  ++counts_.operations;
  const uint64_t failed_before = calls_failed;
  const auto &heap = parcel->heap;
  void *moved = heap != nullptr ? v_.heap_realloc(heap->get(), parcel->block, size)
                                : v_.realloc(parcel->block, size);
  if (moved == nullptr) {
    ++counts_.refused;
    if (calls_failed == failed_before) Fail("realloc: NULL, and no system call had failed");
    live_bytes_ -= size;
    Verify(*parcel);
    return;
  }
  if (!IsStamped(moved, std::min(size, parcel->size), parcel->seed)) Fail("realloc: content lost");
  live_bytes_ -= parcel->size;
  if (heap != nullptr) {
    *heap->live_bytes() += size;
    *heap->live_bytes() -= parcel->size;
  }
  Stamp(moved, size, parcel->seed);
  parcel->block = moved;
  parcel->size = size;
  parcel->plain = true;
}

void World::Verify(const Parcel &parcel) {
  if (parcel.block != nullptr && !IsStamped(parcel.block, parcel.size, parcel.seed)) {
    Fail("content of a block of " + std::to_string(parcel.size) + " bytes changed");
  }
}

// A heap's block may also be freed by the plain free.
void World::Release(Random *random, Parcel *parcel) {
  if (parcel->block == nullptr) return;
  Verify(*parcel);
  ++counts_.operations;
  if (parcel->heap != nullptr && random->Below(2) == 0) {
    v_.heap_free(parcel->heap->get(), parcel->block);
  } else if (parcel->plain && random->Below(4) == 0) {
    v_.free_sized(parcel->block, parcel->size);
  } else {
    v_.free(parcel->block);
  }
  live_bytes_ -= parcel->size;
  if (parcel->heap != nullptr) *parcel->heap->live_bytes() -= parcel->size;
  *parcel = Parcel();
}

// --- From thread to thread ---------------------------------------------------

void World::Exchange(Random *random, Parcel *parcel) {
  Box &box = boxes_[random->Below(boxes_.size())];
  const std::lock_guard<std::mutex> lock(box.mutex);
  std::swap(box.parcel, *parcel);
}

void World::Leave(std::vector<Parcel> parcels) {
  const std::lock_guard<std::mutex> lock(left_mutex_);
  left_.push_back(std::move(parcels));
}

std::vector<Parcel> World::Adopt() {
  const std::lock_guard<std::mutex> lock(left_mutex_);
  if (left_.empty()) return {};
  std::vector<Parcel> parcels = std::move(left_.back());
  left_.pop_back();
  return parcels;
}

std::shared_ptr<SharedHeap> World::PickHeap(Random *random) {
  constexpr size_t kRenewOneIn = 8;
  std::shared_ptr<SharedHeap> fresh;
  if (random->Below(kRenewOneIn) == 0 && live_heaps_ < kHeapsMax) {
    const uint64_t failed_before = calls_failed;
    loam_heap *heap = v_.heap_create();
    if (heap != nullptr) {
      fresh = std::make_shared<SharedHeap>(this, heap);
      ++counts_.heaps;
    } else if (calls_failed == failed_before) {
      Fail("heap_create: NULL, and no system call had failed");
    }
  }
  std::shared_ptr<SharedHeap> &place = heaps_[random->Below(kHeaps)];
  const std::lock_guard<std::mutex> lock(heaps_mutex_);
  if (fresh != nullptr) std::swap(fresh, place);
  return place;  // what was there before lets go of its heap after the lock
}

void World::Empty(Random *random) {
  for (std::vector<Parcel> parcels = Adopt(); !parcels.empty(); parcels = Adopt()) {
    for (Parcel &parcel : parcels) Release(random, &parcel);
  }
  for (Box &box : boxes_) Release(random, &box.parcel);
  for (auto &heap : heaps_) heap.reset();
  if (live_bytes_ != 0) Fail("the run's own account of live bytes is not 0 at the end");
}

}  // namespace loam::test
