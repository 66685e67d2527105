#include "tests/misuse/misuse.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace loam::test {

void Scene::Accuse(const void *pointer) const { dprintf(STDOUT_FILENO, "accused %p\n", pointer); }

char *Scene::Block() const {
  auto *block = static_cast<char *>(v.malloc(size));
  if (block == nullptr) std::abort();
  std::memset(block, 'b', size);
  return block;
}

namespace {

// ---- double free -----------------------------------------------------------

void DoubleFreeAtOnce(const Scene &scene) {
  char *block = scene.Block();
  scene.v.free(block);
  scene.Accuse(block);
  scene.v.free(block);
}

void DoubleFreeAfterOtherFrees(const Scene &scene) {
  char *blocks[8];
  for (char *&block : blocks) block = scene.Block();
  for (char *block : blocks) scene.v.free(block);
  scene.Accuse(blocks[3]);
  scene.v.free(blocks[3]);
}

// The neighbours live on, so that the block does not coalesce away.
void DoubleFreeBetweenNeighbours(const Scene &scene) {
  char *blocks[8];
  for (char *&block : blocks) block = scene.Block();
  scene.v.free(blocks[2]);
  scene.v.free(blocks[5]);
  scene.Accuse(blocks[2]);
  scene.v.free(blocks[2]);
}

// Between the two, what marked the block as free may have gone back to the system.
void DoubleFreeAfterATrim(const Scene &scene) {
  char *blocks[64];
  for (char *&block : blocks) block = scene.Block();
  for (int i = 20; i < 44; ++i) scene.v.free(blocks[i]);
  scene.v.trim(0);
  scene.Accuse(blocks[32]);
  scene.v.free(blocks[32]);
}

void DoubleFreeByAnotherThread(const Scene &scene) {
  char *block = scene.Block();
  scene.v.free(block);
  scene.Accuse(block);
  std::thread([&] { scene.v.free(block); }).join();
}

// ---- pointers that are no block's ------------------------------------------

using Taker = void (*)(const loam_variant &v, void *pointer);

void TakeByFree(const loam_variant &v, void *pointer) { v.free(pointer); }
void TakeByRealloc(const loam_variant &v, void *pointer) { v.free(v.realloc(pointer, 5000)); }
void TakeByUsableSize(const loam_variant &v, void *pointer) { v.usable_size(pointer); }

template <Taker take>
void Stack(const Scene &scene) {
  alignas(16) char local[256] = "on the stack";
  scene.v.free(scene.Block());
  scene.Accuse(local + 64);
  take(scene.v, local + 64);
}

alignas(16) char global[256] = "a global";

template <Taker take>
void Global(const Scene &scene) {
  scene.v.free(scene.Block());
  scene.Accuse(global + 64);
  take(scene.v, global + 64);
}

template <Taker take>
void Code(const Scene &scene) {
  scene.v.free(scene.Block());
  auto *code = reinterpret_cast<char *>(&Misuses);
  code += 16 - reinterpret_cast<size_t>(code) % 16;
  scene.Accuse(code);
  take(scene.v, code);
}

template <Taker take>
void Interior(const Scene &scene) {
  char *block = scene.Block();
  scene.Accuse(block + 16);
  take(scene.v, block + 16);
}

template <Taker take>
void Misaligned(const Scene &scene) {
  char *block = scene.Block();
  scene.Accuse(block + 1);
  take(scene.v, block + 1);
}

template <Taker take>
void Foreign(const Scene &scene) {
  scene.v.free(scene.Block());
  void *mapping =
      mmap(nullptr, size_t{1} << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) std::abort();
  char *inside = static_cast<char *>(mapping) + 4096;
  scene.Accuse(inside);
  take(scene.v, inside);
}

// An address that belongs to nobody: there is nothing to read at it.
template <Taker take>
void Wild(const Scene &scene) {
  scene.v.free(scene.Block());
  auto *wild = reinterpret_cast<char *>(size_t{0x123456789000});
  scene.Accuse(wild);
  take(scene.v, wild);
}

// Inside a heap, where no block ever began.
template <Taker take>
void NeverAllocated(const Scene &scene) {
  char *block = scene.Block();
  char *beyond = block + (scene.v.usable_size(block) + 31) / 16 * 16 + 4096;
  scene.Accuse(beyond);
  take(scene.v, beyond);
}

template <Taker take>
void Freed(const Scene &scene) {
  char *fence = scene.Block();
  char *block = scene.Block();
  char *other = scene.Block();
  scene.v.free(block);
  scene.Accuse(block);
  take(scene.v, block);
  scene.v.free(fence);
  scene.v.free(other);
}

// ---- writes where no write may be -------------------------------------------

// A store of 8 bytes past the end, into whatever lies there.
void OverflowForward(const Scene &scene) {
  char *blocks[4];
  for (char *&block : blocks) block = scene.Block();
  scene.Accuse(blocks[1]);
  char *end = blocks[1] + scene.v.usable_size(blocks[1]);
  for (char *block : blocks) {
    if (block == end || block == end + 8 || block == end + 16) scene.Accuse(block);
  }
  std::memset(end, 'o', 8);
  for (char *block : blocks) scene.v.free(block);
}

// A store of 8 bytes before the beginning.
void OverflowBackward(const Scene &scene) {
  char *blocks[3];
  for (char *&block : blocks) block = scene.Block();
  scene.Accuse(blocks[1]);
  std::memset(blocks[1] - 8, 'o', 8);
  scene.v.free(blocks[1]);
}

// The words at the beginning of a free block, where a link of a list may be.
void WriteAfterFree(const Scene &scene) {
  char *blocks[5];
  for (char *&block : blocks) block = scene.Block();
  scene.v.free(blocks[1]);
  scene.v.free(blocks[3]);
  for (char *block : {blocks[1], blocks[3]}) {
    scene.Accuse(block);
    std::memset(block, 'w', 16);
  }
  for (int i = 0; i < 4; ++i) scene.Block();
  for (char *block : {blocks[0], blocks[2], blocks[4]}) scene.v.free(block);
}

}  // namespace

const std::vector<Misuse> &Misuses() {
  static const std::vector<size_t> every_size = {kSmall, kMedium, kLarge};
  static const std::vector<size_t> heap_sizes = {kSmall, kMedium};
  static const std::vector<size_t> one_size = {kSmall};
  static const std::vector<Misuse> misuses = {
      {"double_free_at_once", DoubleFreeAtOnce, every_size},
      {"double_free_after_other_frees", DoubleFreeAfterOtherFrees, every_size},
      {"double_free_between_neighbours", DoubleFreeBetweenNeighbours, every_size},
      {"double_free_after_a_trim", DoubleFreeAfterATrim, every_size},
      {"double_free_by_another_thread", DoubleFreeByAnotherThread, every_size},

      {"free_of_stack", Stack<TakeByFree>, one_size},
      {"free_of_global", Global<TakeByFree>, one_size},
      {"free_of_code", Code<TakeByFree>, one_size},
      {"free_of_interior", Interior<TakeByFree>, every_size},
      {"free_of_misaligned", Misaligned<TakeByFree>, every_size},
      {"free_of_foreign_mapping", Foreign<TakeByFree>, one_size},
      {"free_of_wild_address", Wild<TakeByFree>, one_size},
      {"free_of_never_allocated", NeverAllocated<TakeByFree>, heap_sizes},

      {"realloc_of_freed", Freed<TakeByRealloc>, every_size},
      {"realloc_of_stack", Stack<TakeByRealloc>, one_size},
      {"realloc_of_global", Global<TakeByRealloc>, one_size},
      {"realloc_of_code", Code<TakeByRealloc>, one_size},
      {"realloc_of_interior", Interior<TakeByRealloc>, every_size},
      {"realloc_of_misaligned", Misaligned<TakeByRealloc>, every_size},
      {"realloc_of_foreign_mapping", Foreign<TakeByRealloc>, one_size},
      {"realloc_of_wild_address", Wild<TakeByRealloc>, one_size},
      {"realloc_of_never_allocated", NeverAllocated<TakeByRealloc>, heap_sizes},

      {"usable_size_of_freed", Freed<TakeByUsableSize>, every_size},
      {"usable_size_of_stack", Stack<TakeByUsableSize>, one_size},
      {"usable_size_of_global", Global<TakeByUsableSize>, one_size},
      {"usable_size_of_code", Code<TakeByUsableSize>, one_size},
      {"usable_size_of_interior", Interior<TakeByUsableSize>, every_size},
      {"usable_size_of_misaligned", Misaligned<TakeByUsableSize>, every_size},
      {"usable_size_of_foreign_mapping", Foreign<TakeByUsableSize>, one_size},
      {"usable_size_of_wild_address", Wild<TakeByUsableSize>, one_size},
      {"usable_size_of_never_allocated", NeverAllocated<TakeByUsableSize>, heap_sizes},

      {"overflow_forward", OverflowForward, heap_sizes},
      {"overflow_backward", OverflowBackward, every_size},
      {"write_after_free", WriteAfterFree, heap_sizes},
  };
  return misuses;
}

}  // namespace loam::test
