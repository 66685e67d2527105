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
#include "common/stack/memo.h"

#ifdef __cplusplus
extern "C" {
#endif

// The return addresses of the calling thread's stack, innermost first, without the `skip`
// innermost functions (0: the caller of loam_stack_capture is the first): up to `max`, where
// skip + max is at most LOAM_MEMO_FRAMES_MAX. How many; 0 where the calling thread is already
// capturing, and in a static program before its constructors. A call is one byte before its return
// address; the address of what a signal interrupted is told as if it were one, too.
//
// `memo`, or NULL: the thread's last stack. What the two have in common is not unwound again, which
// costs some thousand instructions a frame.
size_t loam_stack_capture(uintptr_t *frames, size_t max, size_t skip, struct loam_stack_memo *memo);

// Writes a line for each frame to the file descriptor, as in
//     #0 0x55d0c0de1189 make_list+0x19 (/usr/bin/lister+0x1189)
// behind `indent`. What is not known is left out. With names only between
// loam_symbols_open and loam_symbols_close (symbols.h).
void loam_stack_print(int fd, const uintptr_t *frames, size_t count, const char *indent);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // LOAM_COMMON_STACK_STACK_H_
