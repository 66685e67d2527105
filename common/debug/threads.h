// The other threads of the process, made to stand still while one looks at the memory of all.

#ifndef LOAM_COMMON_DEBUG_THREADS_H_
#define LOAM_COMMON_DEBUG_THREADS_H_

#include <stdint.h>

#include "common/debug/memory.h"

// Stops each other thread in a handler of a signal that the program has no use for. Those that
// block that signal, or do not come for a second, go on. Between the two calls take no lock that
// another thread may hold, and do not allocate.
void loam_threads_stop(void);
void loam_threads_resume(void);

// Once, on each thread: what it leaves on its stack when it ends, which libc keeps for another,
// is no root.
void loam_threads_watch(void);

// Where in [start, end), a mapping, roots begin: at the bottom of the stack that a stopped
// thread, or the caller with `own_bottom`, has there, or one that ended had; what is below is left
// from calls that ended. `start`, where it is no stack, or of several.
uintptr_t loam_threads_cut(uintptr_t start, uintptr_t end, uintptr_t own_bottom);

// The registers of the stopped threads, where they do not lie on the stacks that begin there.
void loam_threads_visit_registers(loam_words_visitor visit, void *context);

#endif  // LOAM_COMMON_DEBUG_THREADS_H_
