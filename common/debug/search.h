// The blocks of a search for leaks by address, and what was found to lead where.

#ifndef LOAM_COMMON_DEBUG_SEARCH_H_
#define LOAM_COMMON_DEBUG_SEARCH_H_

#include "common/debug/debug.h"

// record->mark.
enum loam_mark { LOAM_LEAKED, LOAM_LEAKED_INDIRECTLY, LOAM_REACHABLE };

struct loam_known_block {
  uintptr_t hidden;  // as in the record
  uint32_t number;   // of the record
};

// Invariants:
//   blocks[0 .. count) are all LIVE records, their addresses ascending
//   work: records that were marked and whose content was not yet read, linked by `link`
struct loam_search {
  struct loam_debug *debug;
  struct loam_known_block *blocks;
  size_t count, mapped_bytes;
  uintptr_t lowest, end;   // no block lies outside
  uintptr_t stack_bottom;  // of the calling thread: what lies below in the same mapping is no root
  uint32_t work;
  enum loam_mark mark;  // that is given
  uint32_t self;        // a record that gets none
};

// Marks every LIVE record. Under the lock. False where there is no memory.
bool loam_search_run(struct loam_search *search, struct loam_debug *debug, uintptr_t stack_bottom);
void loam_search_end(struct loam_search *search);

#endif  // LOAM_COMMON_DEBUG_SEARCH_H_
