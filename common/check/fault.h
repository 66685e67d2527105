// Telling of accesses that the kernel refuses: memory that is kept from the program on purpose lies
// between pages that fault, or is such pages.

#ifndef LOAM_COMMON_CHECK_FAULT_H_
#define LOAM_COMMON_CHECK_FAULT_H_

#include <stdbool.h>

// Reports an access to an address that faulted, if it can tell why; whether it did. Called in a
// handler of SIGSEGV, on the thread that faulted, by one thread at a time.
typedef bool (*loam_fault_teller)(const void *address);

// From now on asks `tell` about each fault, as it does whoever watches already, until one has told
// of one. The signal then goes to whoever handled it before, or ends the process as it would have.
// A program that handles SIGSEGV itself later takes the reports away, not the faults. Thread-safe;
// at most LOAM_FAULT_TELLERS_MAX in a process, and what comes after these is not asked.
enum { LOAM_FAULT_TELLERS_MAX = 2 };  // guards, and the debug level
void loam_fault_watch(loam_fault_teller tell);

#endif  // LOAM_COMMON_CHECK_FAULT_H_
