#include "tests/worst_case/allocator.h"

namespace loam::test {

void *Allocator::Malloc(size_t size) const {
  if (heap == nullptr) return reinterpret_cast<void *(*)(size_t)>(malloc)(size);
  return reinterpret_cast<void *(*)(void *, size_t)>(malloc)(heap, size);
}

void Allocator::Free(void *block) const {
  if (heap == nullptr) {
    reinterpret_cast<void (*)(void *)>(free)(block);
  } else {
    reinterpret_cast<void (*)(void *, void *)>(free)(heap, block);
  }
}

Allocator LoamVariant(const loam_variant &variant, void *memory, size_t bytes) {
  loam_heap *heap = variant.heap_create_with_memory != nullptr
                        ? variant.heap_create_with_memory(memory, bytes)
                        : nullptr;
  if (heap == nullptr) {
    return {variant.name, false, nullptr, AsFunction(variant.malloc), AsFunction(variant.free)};
  }
  return {variant.name, true, heap, AsFunction(variant.heap_malloc), AsFunction(variant.heap_free)};
}

Allocator Libc() { return {"libc", false, nullptr, AsFunction(&::malloc), AsFunction(&::free)}; }

}  // namespace loam::test
