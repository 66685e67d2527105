// The textbook's TLSF as an Allocator. In a header, for both of its compilations.

#ifndef LOAM_TESTS_WORST_CASE_TEXTBOOK_ALLOCATOR_H_
#define LOAM_TESTS_WORST_CASE_TEXTBOOK_ALLOCATOR_H_

#include <cstdio>
#include <cstdlib>

#include "tests/worst_case/allocator.h"
#include "tests/worst_case/textbook_tlsf.h"

namespace loam::test {

// Over a new heap in the memory, which must hold one.
inline Allocator TextbookTlsf(void *memory, size_t bytes) {
  textbook_tlsf *heap = textbook_tlsf_create(memory, bytes);
  if (heap == nullptr) {
    fprintf(stderr, "textbook_tlsf: no heap in %zu bytes\n", bytes);
    std::abort();
  }
  return {"textbook_tlsf", true, heap, AsFunction(textbook_tlsf_malloc),
          AsFunction(textbook_tlsf_free)};
}

}  // namespace loam::test

#endif  // LOAM_TESTS_WORST_CASE_TEXTBOOK_ALLOCATOR_H_
