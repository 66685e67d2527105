#include "tests/profile/programs.h"

#include <iterator>
#include <thread>

#include "tests/support/random.h"

namespace loam::test {

Site sites[kSiteCount];

namespace {

const loam_variant &v = th_variant;

struct Block {
  void *address = nullptr;
  size_t bytes = 0;
  SiteNumber site = kFirst;
};

Block Counted(void *address, SiteNumber site) {
  const size_t bytes = v.usable_size(address);
  sites[site].all_bytes.fetch_add(bytes, std::memory_order_relaxed);
  return {address, bytes, site};
}

// (What follows the call keeps it from being the function's last: its frame is to be seen.)
[[gnu::noinline]] Block AllocateFirst(size_t bytes, loam_heap *heap) {
  return Counted(heap == nullptr ? v.malloc(bytes) : v.heap_malloc(heap, bytes), kFirst);
}

[[gnu::noinline]] Block AllocateSecond(size_t bytes, loam_heap *heap) {
  return Counted(heap == nullptr ? v.calloc(1, bytes) : v.heap_calloc(heap, 1, bytes), kSecond);
}

[[gnu::noinline]] Block AllocateThird(size_t bytes, loam_heap *heap) {
  return Counted(
      heap == nullptr ? v.aligned_alloc(64, bytes) : v.heap_aligned_alloc(heap, 64, bytes), kThird);
}

[[gnu::noinline]] Block Resize(void *block, size_t bytes) {
  return Counted(v.realloc(block, bytes), kResize);
}

using Allocate = Block (*)(size_t bytes, loam_heap *heap);
constexpr Allocate kAllocate[] = {AllocateFirst, AllocateSecond, AllocateThird};

size_t Any(Random *random) { return random->Below(std::size(kAllocate)); }

void CountFreed(const Block &block) {
  sites[block.site].freed_bytes.fetch_add(block.bytes, std::memory_order_relaxed);
}

void Free(const Block &block) {
  CountFreed(block);
  v.free(block.address);
}

// --- Programs ----------------------------------------------------------------

// Two sites in lockstep: whatever meets the slow paths at regular distances prefers one of them.
void Pairs() {
  for (int i = 0; i < 60000; ++i) {
    Free(AllocateFirst(200, nullptr));
    Free(AllocateSecond(200, nullptr));
  }
}

// Ever more, of sizes of two kinds.
void Growing() {
  for (int i = 0; i < 20000; ++i) {
    AllocateFirst(48, nullptr);
    AllocateSecond(100, nullptr);
    if (i % 8 == 0) AllocateThird(1000, nullptr);
  }
}

// Fills and empties a table, from the first to the last.
void Bursts() {
  std::vector<Block> blocks;
  for (int round = 0; round < 30; ++round) {
    for (int i = 0; i < 700; ++i) {
      blocks.push_back(kAllocate[i % 2](i % 2 == 0 ? 256 : 600, nullptr));
    }
    for (const Block &block : blocks) Free(block);
    blocks.clear();
  }
  for (int i = 0; i < 1500; ++i) AllocateThird(2000, nullptr);
}

void MixedFrom(uint64_t seed) {
  Random random(seed);
  std::vector<Block> blocks(600);
  for (int i = 0; i < 12000; ++i) {
    Block &block = blocks[random.Below(blocks.size())];
    if (block.address != nullptr) Free(block);
    const size_t most = i % 16 == 0 ? 30000 : 1500;
    block = kAllocate[Any(&random)](1 + random.Below(most), nullptr);
  }
}

void Mixed() { MixedFrom(1); }

void Threads() {
  std::vector<std::thread> threads;
  for (uint64_t i = 0; i < 4; ++i) threads.emplace_back(MixedFrom, i);
  for (std::thread &thread : threads) thread.join();
}

// Spans and mappings, some that grow where they are.
void Large() {
  Random random(2);
  std::vector<Block> blocks(12);
  for (int i = 0; i < 1200; ++i) {
    Block &block = blocks[random.Below(blocks.size())];
    if (block.address != nullptr && i % 4 == 0) {
      CountFreed(block);
      block = Resize(block.address, block.bytes + 16384);
      continue;
    }
    if (block.address != nullptr) Free(block);
    block = kAllocate[Any(&random)](33000 + random.Below(60000), nullptr);
  }
}

// A heap of one's own that ends with its blocks, and one that stays.
void Heaps() {
  loam_heap *ended = v.heap_create();
  loam_heap *kept = v.heap_create();
  for (int i = 0; i < 3000; ++i) {
    CountFreed(AllocateFirst(700, ended));
    if (i % 16 == 0) CountFreed(AllocateSecond(40000, ended));
    const Block freed = AllocateSecond(300, kept);
    AllocateThird(400, kept);
    CountFreed(freed);
    v.heap_free(kept, freed.address);
  }
  v.heap_destroy(ended);
}

}  // namespace

SiteNumber SiteAt(uintptr_t return_address) {
  constexpr uintptr_t kBytesMax = 300;
  SiteNumber nearest = kSiteCount;
  uintptr_t distance = kBytesMax;
  const uintptr_t starts[kSiteCount] = {
      reinterpret_cast<uintptr_t>(AllocateFirst), reinterpret_cast<uintptr_t>(AllocateSecond),
      reinterpret_cast<uintptr_t>(AllocateThird), reinterpret_cast<uintptr_t>(Resize)};
  for (size_t i = 0; i < kSiteCount; ++i) {
    const uintptr_t from = return_address - starts[i];
    if (from == 0 || from >= distance) continue;
    nearest = static_cast<SiteNumber>(i);
    distance = from;
  }
  return nearest;
}

const std::vector<Program> &Programs() {
  static const std::vector<Program> programs = {
      {"pairs", Pairs},     {"growing", Growing}, {"bursts", Bursts}, {"mixed", Mixed},
      {"threads", Threads}, {"large", Large},     {"heaps", Heaps},
  };
  return programs;
}

}  // namespace loam::test
