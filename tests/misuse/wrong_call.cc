// Calls that contradict each other, and requests that cannot be.

#include <dlfcn.h>
#include <malloc.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

#include "tests/misuse/misuse.h"

namespace loam::test {
namespace {

// C23's names, which a libc of today may lack.
template <typename Function>
Function *Find(const char *name) {
  auto *function = reinterpret_cast<Function *>(dlsym(RTLD_DEFAULT, name));
  if (function == nullptr) std::abort();
  return function;
}

using FreeSized = void(void *block, size_t size);
using FreeAlignedSized = void(void *block, size_t alignment, size_t size);

// What no compiler sees through: it would see what is wrong.
template <typename Value>
Value Opaque(Value value) {
  volatile Value hidden = value;
  return hidden;
}

template <typename Call>
void DoTo(const Scene &scene, char *block, const Call &call) {
  scene.Accuse(block);
  scene.Deed();
  call();
  scene.Reuse();
  scene.UseAll();
}

void SizeTooSmall(const Scene &scene) {
  char *block = scene.Block();
  DoTo(scene, block, [&] { Find<FreeSized>("free_sized")(block, scene.size / 2); });
}

void SizeTooLarge(const Scene &scene) {
  char *block = scene.Block();
  DoTo(scene, block, [&] { Find<FreeSized>("free_sized")(block, scene.size * 2); });
}

void SizedDelete(const Scene &scene) {
  auto *block = static_cast<char *>(::operator new(scene.size));
  DoTo(scene, block, [&] { ::operator delete(block, scene.size * 2); });
}

void AlignedSizeTooLarge(const Scene &scene) {
  auto *block = static_cast<char *>(aligned_alloc(64, scene.size));
  auto *end = Find<FreeAlignedSized>("free_aligned_sized");
  DoTo(scene, block, [&] { end(block, 64, scene.size * 2); });
}

// An alignment that the address does not even have.
void WrongAlignment(const Scene &scene) {
  char *block = scene.Block();
  const auto address = reinterpret_cast<uintptr_t>(block);
  const size_t alignment = (address & -address) * 2;
  auto *end = Find<FreeAlignedSized>("free_aligned_sized");
  DoTo(scene, block, [&] { end(block, alignment, scene.size); });
}

void NewAndFree(const Scene &scene) {
  auto *block = static_cast<char *>(::operator new(scene.size));
  DoTo(scene, block, [&] { free(block); });
}

void MallocAndDelete(const Scene &scene) {
  char *block = scene.Block();
  DoTo(scene, block, [&] { ::operator delete(block); });
}

void NewArrayAndDelete(const Scene &scene) {
  char *block = Opaque(static_cast<char *>(::operator new[](scene.size)));
  DoTo(scene, block, [&] { ::operator delete(block); });
}

// Bytes of a block of no bytes are used.
void ZeroSize(const Scene &) {
  const Scene none = {0};
  Row row(none);
  none.Accuse(row.left(), 16);
  none.Accuse(row.right(), 16);
  none.Deed();
  std::memset(row.left(), 'z', 8);
  for (size_t i = 0; i < 8; ++i) {
    if (row.right()[i] == 'z') NoteHarm();
  }
  none.Frees();
  row.Free();
}

// Harm: a block that cannot hold what was asked for.
void Refused(void *block) {
  if (block != nullptr) NoteHarm();
}

void HugeMalloc(const Scene &scene) {
  scene.Deed();
  for (size_t less = 0; less < 64; ++less) Refused(malloc(Opaque<size_t>(SIZE_MAX - less)));
  Refused(malloc(Opaque<size_t>(PTRDIFF_MAX) + 1));
}

void HugeRealloc(const Scene &scene) {
  char *block = scene.Block();
  scene.Deed();
  for (size_t less = 0; less < 64; ++less) Refused(realloc(block, Opaque<size_t>(SIZE_MAX - less)));
  free(block);
}

void HugeAligned(const Scene &scene) {
  scene.Deed();
  for (size_t less = 0; less < 64; ++less)
    Refused(aligned_alloc(64, Opaque<size_t>(SIZE_MAX - less * 64)));
}

void OverflowingCalloc(const Scene &scene) {
  scene.Deed();
  Refused(calloc(Opaque<size_t>(SIZE_MAX / 2), 3));
  Refused(calloc(Opaque<size_t>(SIZE_MAX / 8 + 1), 8));
  Refused(calloc(Opaque<size_t>(SIZE_MAX), Opaque<size_t>(SIZE_MAX)));
}

void OverflowingReallocarray(const Scene &scene) {
  char *block = scene.Block();
  scene.Deed();
  Refused(reallocarray(Opaque(block), Opaque<size_t>(SIZE_MAX / 8 + 2), 8));
  free(block);
}

// x86-64's `ret`, called in a block.
void ExecutableHeap(const Scene &scene) {
  char *block = scene.Block();
  std::memset(block, 0xc3, 16);
  scene.Accuse(block);
  scene.Deed();
  reinterpret_cast<void (*)()>(block)();
  NoteHarm();
}

}  // namespace

std::vector<Misuse> WrongCalls() {
  return {
      {"free_sized_too_small", SizeTooSmall, EverySize()},
      {"free_sized_too_large", SizeTooLarge, EverySize()},
      {"sized_delete_too_large", SizedDelete, EverySize()},
      {"free_aligned_sized_too_large", AlignedSizeTooLarge, EverySize()},
      {"free_aligned_sized_misaligned", WrongAlignment, EverySize()},
      {"new_and_free", NewAndFree, EverySize()},
      {"malloc_and_delete", MallocAndDelete, EverySize()},
      {"new_array_and_delete", NewArrayAndDelete, EverySize()},
      {"use_of_zero_bytes", ZeroSize, OneSize()},
      {"huge_malloc", HugeMalloc, OneSize()},
      {"huge_realloc", HugeRealloc, EverySize()},
      {"huge_aligned_alloc", HugeAligned, OneSize()},
      {"overflowing_calloc", OverflowingCalloc, OneSize()},
      {"overflowing_reallocarray", OverflowingReallocarray, EverySize()},
      {"executable_heap", ExecutableHeap, EverySize()},
  };
}

}  // namespace loam::test
