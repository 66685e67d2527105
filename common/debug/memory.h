// The memory of this process as a search for leaks reads it: what is not there is skipped, not
// touched. Of one thread at a time. Never allocates.

#ifndef LOAM_COMMON_DEBUG_MEMORY_H_
#define LOAM_COMMON_DEBUG_MEMORY_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Called for each piece that was read: `words` words that lie at an address.
typedef void (*loam_words_visitor)(const uintptr_t *words, size_t count, void *context);

// Called for each stretch of memory, whole pages.
typedef void (*loam_range_visitor)(uintptr_t start, uintptr_t end, void *context);

// Reads [start, end) in pieces.
void loam_memory_read(uintptr_t start, uintptr_t end, loam_words_visitor visit, void *context);

// Every mapping that can be written, but those of devices: only pages that are there. False
// where the kernel does not say.
bool loam_memory_for_each(loam_range_visitor visit, void *context);

#endif  // LOAM_COMMON_DEBUG_MEMORY_H_
