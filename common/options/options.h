// What can be set at run time through the environment variable LOAM_OPTIONS,
// as in LOAM_OPTIONS=purge_delay_ms=0,stats_at_exit=1. One table names every
// option; the struct, the parser and the documentation come from it. A number may end in K, M
// or G, for times 2^10, 2^20 or 2^30; that of guard_sample may begin with 1/.
//
// A name or value that is wrong is reported in one line and ignored; programs
// that run with another user's rights ignore the variable altogether.

#ifndef LOAM_COMMON_OPTIONS_OPTIONS_H_
#define LOAM_COMMON_OPTIONS_OPTIONS_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// X(name, default, least, most, what it sets)
#define LOAM_OPTIONS_TABLE(X)                                                                  \
  X(arenas, 0, 0, 64, "arenas that threads are spread over; 0: by the processors")             \
  X(large_bytes, 262144, 65536, 1048576, "requests from this size on get pages of their own")  \
  X(large_cache_bytes, 67108864, 0, SIZE_MAX, "freed mappings kept for reuse, in all")         \
  X(purge_delay_ms, 500, 0, 3600000, "how long memory is free before it goes back")            \
  X(huge_pages, 1, 0, 1, "ask for huge pages where memory is in use by the MiB")               \
  X(check_every, 0, 0, SIZE_MAX, "walk and prove the whole heap every so many calls; 0: off")  \
  X(stats_at_exit, 0, 0, 1, "print the statistics when the process ends")                      \
  X(profile_sample, 0, 0, 1099511627776, "heap profile: a sample every so many bytes; 0: off") \
  X(profile_at_exit, 0, 0, 1, "write the heap profile when the process ends")                  \
  X(profile_signal, 0, 0, 64, "write the heap profile on this signal, a number; 0: on none")   \
  X(guard_sample, 0, 0, 4294967295, "one block in so many between guard pages; 0: none")       \
  X(quarantine_bytes, 16777216, 0, SIZE_MAX, "debug: freed memory that waits for reuse")       \
  X(stack_frames, 20, 0, 64, "debug: frames that are kept of a call stack")                    \
  X(check_family, 1, 0, 1, "debug: what new, new[] or malloc made, its own end must end")      \
  X(leaks, 1, 0, 2, "debug: report leaks at exit; 2: and what can still be reached")           \
  X(leak_exit_code, 0, 0, 255, "debug: how a process that leaked exits; 0: as without")

// X(name, what it sets): up to LOAM_OPTION_TEXT_MAX - 1 bytes; at first none.
#define LOAM_TEXT_OPTIONS_TABLE(X)                                                   \
  X(profile_file, "how names of written heap profiles begin: then .PID.NUMBER.heap") \
  X(report, "debug: json, for one object on a line; text, for people")               \
  X(report_file, "debug: where reports are appended; none: to stderr")

enum { LOAM_OPTION_TEXT_MAX = 256 };

struct loam_options {
#define LOAM_OPTIONS_FIELD(name, preset, least, most, text) size_t name;
  LOAM_OPTIONS_TABLE(LOAM_OPTIONS_FIELD)
#undef LOAM_OPTIONS_FIELD
#define LOAM_OPTIONS_FIELD(name, text) char name[LOAM_OPTION_TEXT_MAX];
  LOAM_TEXT_OPTIONS_TABLE(LOAM_OPTIONS_FIELD)
#undef LOAM_OPTIONS_FIELD
};

// Fills *options from `text`, the value of LOAM_OPTIONS or NULL, reporting what
// is wrong under the variant's name; in silence where that is NULL. Never allocates.
void loam_options_parse(struct loam_options *options, const char *text, const char *variant);

// The same, from this process's environment.
void loam_options_from_environment(struct loam_options *options, const char *variant);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // LOAM_COMMON_OPTIONS_OPTIONS_H_
