// Names that this libc's headers may not declare.

#ifndef LOAM_TESTS_WHOLE_PROGRAM_STANDARD_NAMES_H_
#define LOAM_TESTS_WHOLE_PROGRAM_STANDARD_NAMES_H_

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

void free_sized(void *block, size_t size);
void free_aligned_sized(void *block, size_t alignment, size_t size);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // LOAM_TESTS_WHOLE_PROGRAM_STANDARD_NAMES_H_
