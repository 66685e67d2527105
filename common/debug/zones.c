#include "common/debug/zones.h"

#include <string.h>

#include "common/os/os.h"

struct piece {
  unsigned char *start;
  size_t bytes;
};

// The whole pages inside the block.
static size_t pages_of(const struct loam_record *record, char **start) {
  uintptr_t block = (uintptr_t)loam_record_block(record);
  uintptr_t end = (block + record->size) & ~(loam_os_page_size() - 1);
  *start = (char *)loam_os_round_to_page(block);
  return end - (uintptr_t)*start;
}

void loam_forbid_block(struct loam_record *record) {
  if (record->size <= LOAM_FILL_BYTES_MAX) return;
  char *start;
  size_t bytes = pages_of(record, &start);
  record->is_forbidden = loam_os_forbid(start, bytes) ? 1 : 0;
}

bool loam_allow_block(struct loam_record *record) {
  if (!record->is_forbidden) return true;
  char *start;
  size_t bytes = pages_of(record, &start);
  if (!loam_os_commit(start, bytes)) return false;
  record->is_forbidden = 0;
  return true;
}

// The block in one piece; or what lies before and behind its forbidden pages; or its ends, where it
// is too large to be filled.
static size_t pieces_of(const struct loam_record *record, struct piece *pieces) {
  unsigned char *block = loam_record_block(record);
  pieces[0] = (struct piece){block, record->size};
  if (record->size <= LOAM_FILL_BYTES_MAX) return 1;
  size_t front = LOAM_FILL_END_BYTES, back = LOAM_FILL_END_BYTES;
  if (record->is_forbidden) {
    char *start;
    size_t bytes = pages_of(record, &start);
    front = (size_t)((unsigned char *)start - block);
    back = record->size - front - bytes;
  }
  pieces[0].bytes = front;
  pieces[1] = (struct piece){block + record->size - back, back};
  return 2;
}

static unsigned char *zone_behind(const struct loam_record *record) {
  return (unsigned char *)loam_record_block(record) + record->size;
}

void loam_fill_zones(const struct loam_record *record) {
  memset((char *)loam_record_block(record) - LOAM_ZONE_BYTES, LOAM_FILL_ZONE, LOAM_ZONE_BYTES);
  memset(zone_behind(record), LOAM_FILL_ZONE, LOAM_ZONE_BYTES);
}

void loam_fill_block(const struct loam_record *record, unsigned char fill) {
  struct piece pieces[2];
  size_t count = pieces_of(record, pieces);
  for (size_t i = 0; i < count; i++) memset(pieces[i].start, fill, pieces[i].bytes);
}

// All equal to the first byte, and that to `fill`. (One memcmp over itself, shifted, is fast.)
static bool is_filled(const unsigned char *from, size_t bytes, unsigned char fill) {
  return bytes == 0 || (from[0] == fill && memcmp(from, from + 1, bytes - 1) == 0);
}

static struct loam_damage damage_of(const unsigned char *from, size_t bytes, unsigned char fill) {
  struct loam_damage damage = {.expected = fill};
  if (is_filled(from, bytes, fill)) return damage;
  while (*from == fill) {
    from++;
    bytes--;
  }
  while (from[bytes - 1] == fill) bytes--;
  damage.first = from;
  damage.bytes = bytes;
  return damage;
}

struct loam_damage loam_zones_damage(const struct loam_record *record) {
  struct loam_damage damage = damage_of(zone_behind(record), LOAM_ZONE_BYTES, LOAM_FILL_ZONE);
  if (damage.first != NULL) return damage;
  const unsigned char *before = (const unsigned char *)loam_record_block(record) - LOAM_ZONE_BYTES;
  return damage_of(before, LOAM_ZONE_BYTES, LOAM_FILL_ZONE);
}

struct loam_damage loam_fill_damage(const struct loam_record *record, unsigned char fill) {
  struct piece pieces[2];
  size_t count = pieces_of(record, pieces);
  struct loam_damage damage = {0};
  for (size_t i = 0; i < count && damage.first == NULL; i++) {
    damage = damage_of(pieces[i].start, pieces[i].bytes, fill);
  }
  return damage;
}
