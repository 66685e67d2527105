// Call stacks: captured, kept once each, and told with names.
//
// Capturing never allocates, takes no lock of ours, and may be called anywhere a malloc may:
// before main, in a signal handler, while a library is being loaded. Call it with no lock held:
// the unwinder may wait for one of the loader's. Telling reads files with system calls alone.

#ifndef LOAM_COMMON_STACK_STACK_H_
#define LOAM_COMMON_STACK_STACK_H_

#include <stddef.h>
#include <stdint.h>

#include "common/check/report.h"

#ifdef __cplusplus
extern "C" {
#endif

// The return addresses of the calling thread's stack, innermost first, without the `skip`
// innermost functions (0: the caller of loam_stack_capture is the first). How many; 0 where the
// calling thread is already capturing, and in a static program before its constructors. A call is
// one byte before its return address; the address of what a signal interrupted is told as if it
// were one, too.
size_t loam_stack_capture(uintptr_t *frames, size_t max, size_t skip);

// Writes a line for each frame to the file descriptor, as in
//     #0 0x55d0c0de1189 make_list+0x19 (/usr/bin/lister+0x1189)
// behind `indent`. What is not known is left out. With names only between
// loam_symbols_open and loam_symbols_close (symbols.h).
void loam_stack_print(int fd, const uintptr_t *frames, size_t count, const char *indent);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // LOAM_COMMON_STACK_STACK_H_
