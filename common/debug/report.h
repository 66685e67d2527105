// What the debug level says: one line that all reports begin with, then what it knows of the
// block. For people, or with report=json as one JSON object on one line. It goes to stderr,
// or where report_file says.
//
// Called with no lock held. Never allocates.

#ifndef LOAM_COMMON_DEBUG_REPORT_H_
#define LOAM_COMMON_DEBUG_REPORT_H_

#include "common/debug/debug.h"
#include "common/text/text.h"

struct loam_finding {
  const char *kind;                  // a word for programs: "overflow", "double_free", ...
  const char *what;                  // for people
  const void *address;               // of the block, or what was taken for one
  const struct loam_record *record;  // a copy of what is known of the block; NULL: nothing
  struct loam_damage damage;         // where its memory was changed
  uint32_t stack;                    // of the call that found it
};

// Writes the report.
void loam_debug_report(const struct loam_debug *debug, const struct loam_finding *finding);

// The same, then aborts.
void loam_debug_fatal(const struct loam_debug *debug, const struct loam_finding *finding)
    __attribute__((cold, noreturn));

// What is wrong with the memory of a block that has this state, if anything: fills in all but
// `address`, `record` and `stack`.
bool loam_debug_find_damage(const struct loam_record *record, struct loam_finding *finding);

// Ends the process if anything is wrong with it.
void loam_debug_prove(const struct loam_debug *debug, const struct loam_record *record,
                      uint32_t stack);

enum { LOAM_REPORT_BUFFER_BYTES = 4096 };

// Where reports go: to be closed with loam_report_close.
int loam_report_open(const struct loam_debug *debug);
void loam_report_close(int fd);

// The frames of a stack, in either form.
void loam_put_stack_text(struct loam_text *text, uint32_t stack);
void loam_put_stack_json(struct loam_text *text, uint32_t stack);

#endif  // LOAM_COMMON_DEBUG_REPORT_H_
