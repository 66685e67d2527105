// Accesses to large blocks that were freed: their pages fault (zones.h), and the fault is told as
// what it is.

#ifndef LOAM_COMMON_DEBUG_FAULTS_H_
#define LOAM_COMMON_DEBUG_FAULTS_H_

struct loam_debug;

// Once for each variant. Where several are in a process, only the first one tells.
void loam_debug_watch_faults(struct loam_debug *debug);

#endif  // LOAM_COMMON_DEBUG_FAULTS_H_
