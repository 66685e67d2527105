// The textbook's two-level segregated fit (Masmano, Ripoll, Crespo and Real,
// "TLSF: a New Dynamic Memory Allocator for Real-Time Systems", 2004) over
// memory that the caller gives: a baseline to compare worst cases with. It has
// what the paper has and no more: no lock, no checks, no larger alignment than
// 16 bytes.
//
// Free blocks are in lists by size: the first level is the power of two, the
// second one cuts it into 32 equal ranges. A request is rounded up to the next
// range's beginning, so that any block of a list is large enough (good fit), and
// two bitmaps find the lowest list that has one. A freed block merges at once
// with its free neighbours. Nothing loops: every call takes O(1) steps.

#ifndef LOAM_TESTS_WORST_CASE_TEXTBOOK_TLSF_H_
#define LOAM_TESTS_WORST_CASE_TEXTBOOK_TLSF_H_

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct textbook_tlsf;

// A heap inside the memory, or NULL when that is too small. It has nothing
// outside, so there is nothing to destroy.
struct textbook_tlsf *textbook_tlsf_create(void *memory, size_t bytes);

// A block of at least `size` bytes, or NULL.
void *textbook_tlsf_malloc(struct textbook_tlsf *heap, size_t size);

// Ends a block; NULL is fine.
void textbook_tlsf_free(struct textbook_tlsf *heap, void *block);

// Walks all blocks and lists: whether they are what they should be.
bool textbook_tlsf_check(const struct textbook_tlsf *heap);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // LOAM_TESTS_WORST_CASE_TEXTBOOK_TLSF_H_
