// What code under test writes to stderr, as text. One capture at a time.

#ifndef LOAM_COMMON_TESTING_CAPTURE_H_
#define LOAM_COMMON_TESTING_CAPTURE_H_

#ifdef __cplusplus
extern "C" {
#endif

// From here on stderr goes into memory.
void loam_capture_begin(void);

// Ends the capture: stderr is as before. The text is good until the next one
// begins; it ends with a line that says so where it was too long to keep.
const char *loam_capture_end(void);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // LOAM_COMMON_TESTING_CAPTURE_H_
