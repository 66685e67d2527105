// An allocator over a heap, as a value that can be called plainly and stepped
// through (step.h): the two functions themselves and the heap that they take.

#ifndef LOAM_TESTS_WORST_CASE_ALLOCATOR_H_
#define LOAM_TESTS_WORST_CASE_ALLOCATOR_H_

#include <cstddef>
#include <string>

#include "common/variant/variant.h"
#include "tests/worst_case/step.h"

namespace loam::test {

struct Allocator {
  std::string name;
  // Where the heap lies inside memory that it was given. Else it is the
  // process's, whose calls may ask the kernel for memory and give it back.
  bool given_memory = false;
  // A heap's functions take it before their own argument; NULL: there is none.
  void *heap = nullptr;
  Function malloc = nullptr;
  Function free = nullptr;

  void *Malloc(size_t size) const;
  void Free(void *block) const;
};

template <typename Type>
Function AsFunction(Type *function) {
  return reinterpret_cast<Function>(function);
}

// Over a new heap in the memory, where the variant has such heaps; else the heap
// of the process.
Allocator LoamVariant(const loam_variant &variant, void *memory, size_t bytes);

Allocator Libc();

}  // namespace loam::test

#endif  // LOAM_TESTS_WORST_CASE_ALLOCATOR_H_
