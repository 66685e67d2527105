// Patterns in memory: what the program has not written yet, must not write, or must not write
// any more.

#ifndef LOAM_COMMON_DEBUG_ZONES_H_
#define LOAM_COMMON_DEBUG_ZONES_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/debug/records.h"

enum {
  LOAM_FILL_NEW = 0xa5,    // a block that was handed out
  LOAM_FILL_FREED = 0x5a,  // one that was taken back
  LOAM_FILL_ZONE = 0xfd,   // before and behind a block
  // Larger blocks get a fill at their ends alone, LOAM_FILL_END_BYTES each: most of one may be
  // there to be never touched. Their pages cannot be touched while they wait.
  LOAM_FILL_BYTES_MAX = 1 << 20,
  LOAM_FILL_END_BYTES = 1 << 16,
};

// Where memory is not as it was filled.
struct loam_damage {
  const unsigned char *first;  // the first byte of it; NULL: none
  size_t bytes;                // from there to the last
  unsigned char expected;
};

void loam_fill_zones(const struct loam_record *record);
void loam_fill_block(const struct loam_record *record, unsigned char fill);

// Lets accesses to the whole pages of a large block fault, where the kernel lets us; and makes
// them memory again, with any content: false where the kernel will not.
void loam_forbid_block(struct loam_record *record);
bool loam_allow_block(struct loam_record *record);

// What is wrong with the zones, the nearer to the block the sooner; and with the block itself.
struct loam_damage loam_zones_damage(const struct loam_record *record);
struct loam_damage loam_fill_damage(const struct loam_record *record, unsigned char fill);

#endif  // LOAM_COMMON_DEBUG_ZONES_H_
