// Pointers that are no live block's, given to what takes a block.

#include <malloc.h>
#include <sys/mman.h>

#include <cstdlib>

#include "tests/misuse/misuse.h"

namespace loam::test {
namespace {

using Taker = void (*)(void *pointer);

void TakeByFree(void *pointer) { free(pointer); }
void TakeByRealloc(void *pointer) { free(realloc(pointer, 5000)); }
void TakeByUsableSize(void *pointer) { malloc_usable_size(pointer); }

template <Taker take>
void Take(const Scene &scene, char *pointer) {
  scene.Accuse(pointer);
  scene.Deed();
  take(pointer);
}

template <Taker take>
void Stack(const Scene &scene) {
  alignas(16) char local[256] = "on the stack";
  free(scene.Block());
  Take<take>(scene, local + 64);
}

alignas(16) char global[256] = "a global";

template <Taker take>
void Global(const Scene &scene) {
  free(scene.Block());
  Take<take>(scene, global + 64);
}

template <Taker take>
void Code(const Scene &scene) {
  free(scene.Block());
  auto *code = reinterpret_cast<char *>(&BadPointers);
  Take<take>(scene, code + 16 - reinterpret_cast<size_t>(code) % 16);
}

template <Taker take>
void Interior(const Scene &scene) {
  Take<take>(scene, scene.Block() + 16);
}

template <Taker take>
void Misaligned(const Scene &scene) {
  Take<take>(scene, scene.Block() + 1);
}

template <Taker take>
void Foreign(const Scene &scene) {
  free(scene.Block());
  void *mapping =
      mmap(nullptr, size_t{1} << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) std::abort();
  Take<take>(scene, static_cast<char *>(mapping) + 4096);
}

// An address that belongs to nobody: there is nothing to read at it.
template <Taker take>
void Wild(const Scene &scene) {
  free(scene.Block());
  Take<take>(scene, reinterpret_cast<char *>(size_t{0x123456789000}));
}

// Inside a heap, where no block ever began: behind all that the program's start has taken, which is
// some tens of KiB, at places that the hardened level draws.
constexpr size_t kBehindAll = size_t{256} << 10;

template <Taker take>
void NeverAllocated(const Scene &scene) {
  char *block = scene.Block();
  Take<take>(scene, block + (malloc_usable_size(block) + 31) / 16 * 16 + kBehindAll);
}

template <Taker take>
void Freed(const Scene &scene) {
  char *fence = scene.Block();
  char *block = scene.Block();
  char *other = scene.Block();
  free(block);
  Take<take>(scene, block);
  free(fence);
  free(other);
}

}  // namespace

std::vector<Misuse> BadPointers() {
  return {
      {"free_of_stack", Stack<TakeByFree>, OneSize()},
      {"free_of_global", Global<TakeByFree>, OneSize()},
      {"free_of_code", Code<TakeByFree>, OneSize()},
      {"free_of_interior", Interior<TakeByFree>, EverySize()},
      {"free_of_misaligned", Misaligned<TakeByFree>, EverySize()},
      {"free_of_foreign_mapping", Foreign<TakeByFree>, OneSize()},
      {"free_of_wild_address", Wild<TakeByFree>, OneSize()},
      {"free_of_never_allocated", NeverAllocated<TakeByFree>, HeapSizes()},

      {"realloc_of_freed", Freed<TakeByRealloc>, EverySize()},
      {"realloc_of_stack", Stack<TakeByRealloc>, OneSize()},
      {"realloc_of_global", Global<TakeByRealloc>, OneSize()},
      {"realloc_of_code", Code<TakeByRealloc>, OneSize()},
      {"realloc_of_interior", Interior<TakeByRealloc>, EverySize()},
      {"realloc_of_misaligned", Misaligned<TakeByRealloc>, EverySize()},
      {"realloc_of_foreign_mapping", Foreign<TakeByRealloc>, OneSize()},
      {"realloc_of_wild_address", Wild<TakeByRealloc>, OneSize()},
      {"realloc_of_never_allocated", NeverAllocated<TakeByRealloc>, HeapSizes()},

      {"usable_size_of_freed", Freed<TakeByUsableSize>, EverySize()},
      {"usable_size_of_stack", Stack<TakeByUsableSize>, OneSize()},
      {"usable_size_of_global", Global<TakeByUsableSize>, OneSize()},
      {"usable_size_of_code", Code<TakeByUsableSize>, OneSize()},
      {"usable_size_of_interior", Interior<TakeByUsableSize>, EverySize()},
      {"usable_size_of_misaligned", Misaligned<TakeByUsableSize>, EverySize()},
      {"usable_size_of_foreign_mapping", Foreign<TakeByUsableSize>, OneSize()},
      {"usable_size_of_wild_address", Wild<TakeByUsableSize>, OneSize()},
      {"usable_size_of_never_allocated", NeverAllocated<TakeByUsableSize>, HeapSizes()},
  };
}

}  // namespace loam::test
