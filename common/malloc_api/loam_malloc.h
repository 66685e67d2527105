// What a malloc of Loam has beyond the standard names: for programs that link one, or that look
// the functions up with dlsym(RTLD_DEFAULT, ...) where one may be preloaded.

#ifndef LOAM_COMMON_MALLOC_API_LOAM_MALLOC_H_
#define LOAM_COMMON_MALLOC_API_LOAM_MALLOC_H_

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

// The statistics of the whole variant, as JSON and for Prometheus: see common/stats/export.h.
// 4096 bytes are room for either. A scrape is answered by
//     char text[4096];
//     size_t length = loam_malloc_prometheus(text, sizeof text);
// Each returns the length of the whole text, as snprintf does. Thread-safe; never allocate.
__attribute__((visibility("default"))) size_t loam_malloc_json(char *buffer, size_t size);
__attribute__((visibility("default"))) size_t loam_malloc_prometheus(char *buffer, size_t size);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // LOAM_COMMON_MALLOC_API_LOAM_MALLOC_H_
