#include "common/debug/records.h"

#include "common/os/os.h"

enum {
  GUARD_BYTES = 1 << 16,  // at least a page, whatever its size
  BUCKETS_MIN = 1 << 12,
};

struct loam_record_chunk {
  size_t used;
  uint32_t free;
  struct loam_record records[LOAM_RECORD_CHUNK];
};

// --- Mappings ----------------------------------------------------------------

static size_t guarded_bytes(size_t bytes) { return bytes + 2 * (size_t)GUARD_BYTES; }

static void *map_guarded(struct loam_records *records, size_t bytes) {
  bytes = loam_os_round_to_page(bytes);
  char *start = loam_os_reserve(guarded_bytes(bytes), 1);
  if (start == NULL) return NULL;
  if (!loam_os_commit(start + GUARD_BYTES, bytes)) {
    loam_os_release(start, guarded_bytes(bytes));
    return NULL;
  }
  records->mapped_bytes += guarded_bytes(bytes);
  return start + GUARD_BYTES;
}

// False where the kernel would not take it: it stands, and counts as before.
static bool unmap_guarded(struct loam_records *records, void *start, size_t bytes) {
  bytes = loam_os_round_to_page(bytes);
  if (!loam_os_release((char *)start - GUARD_BYTES, guarded_bytes(bytes))) return false;
  records->mapped_bytes -= guarded_bytes(bytes);
  return true;
}

// --- Chunks ------------------------------------------------------------------

struct loam_record *loam_record_at(const struct loam_records *records, uint32_t number) {
  struct loam_record_chunk *chunk = records->chunks[(number - 1) / LOAM_RECORD_CHUNK];
  return &chunk->records[(number - 1) % LOAM_RECORD_CHUNK];
}

static uint32_t number_of(size_t chunk, size_t place) {
  return (uint32_t)(chunk * LOAM_RECORD_CHUNK + place + 1);
}

static bool make_chunk(struct loam_records *records, size_t index) {
  struct loam_record_chunk *chunk = map_guarded(records, sizeof *chunk);
  if (chunk == NULL) return false;
  for (size_t place = 0; place < LOAM_RECORD_CHUNK; place++) {
    bool is_last = place + 1 == LOAM_RECORD_CHUNK;
    chunk->records[place].next = is_last ? 0 : number_of(index, place + 1);
  }
  chunk->free = number_of(index, 0);
  records->chunks[index] = chunk;
  if (index == records->chunk_count) records->chunk_count++;
  return true;
}

// A record off the free ones of the first chunk that has some; 0 where there is no memory.
static uint32_t take_free(struct loam_records *records) {
  size_t index = records->first_with_room;
  while (index < records->chunk_count && records->chunks[index] != NULL &&
         records->chunks[index]->free == 0) {
    index++;
  }
  records->first_with_room = index;
  if (index == LOAM_RECORD_CHUNKS_MAX) return 0;
  if (records->chunks[index] == NULL && !make_chunk(records, index)) return 0;
  struct loam_record_chunk *chunk = records->chunks[index];
  uint32_t number = chunk->free;
  chunk->free = loam_record_at(records, number)->next;
  chunk->used++;
  return number;
}

void loam_record_release(struct loam_records *records, uint32_t number) {
  size_t index = (number - 1) / LOAM_RECORD_CHUNK;
  struct loam_record *record = loam_record_at(records, number);
  *record = (struct loam_record){.next = records->chunks[index]->free};
  records->chunks[index]->free = number;
  records->chunks[index]->used--;
  if (index < records->first_with_room) records->first_with_room = index;
}

// --- Buckets -----------------------------------------------------------------

static uint32_t *bucket_of(const struct loam_records *records, uintptr_t address) {
  uint64_t hash = (address >> 4) * 0x9e3779b97f4a7c15u;
  return &records->buckets[(hash >> 32) & (records->bucket_count - 1)];
}

static bool is_listed(const struct loam_record *record) {
  return record->state != LOAM_UNUSED && record->state != LOAM_GONE;
}

// Where there is no memory for other buckets, those there are go on.
static void rehash(struct loam_records *records, size_t bucket_count) {
  uint32_t *buckets = map_guarded(records, bucket_count * sizeof *buckets);
  if (buckets == NULL) return;
  if (records->buckets != NULL) {
    unmap_guarded(records, records->buckets, records->bucket_count * sizeof *buckets);
  }
  records->buckets = buckets;
  records->bucket_count = bucket_count;
  uint32_t number = 0;
  for (struct loam_record *record; (record = loam_record_next(records, &number)) != NULL;) {
    if (!is_listed(record)) continue;
    uint32_t *bucket = bucket_of(records, ~record->hidden);
    record->next = *bucket;
    *bucket = number;
  }
}

struct loam_record *loam_record_add(struct loam_records *records, const void *block,
                                    uint32_t *number) {
  if (records->bucket_count == 0) rehash(records, BUCKETS_MIN);
  if (records->count >= records->bucket_count) rehash(records, records->bucket_count * 2);
  if (records->bucket_count == 0) return NULL;
  *number = take_free(records);
  if (*number == 0) return NULL;
  struct loam_record *record = loam_record_at(records, *number);
  uint32_t *bucket = bucket_of(records, (uintptr_t)block);
  *record = (struct loam_record){.hidden = ~(uintptr_t)block, .next = *bucket};
  *bucket = *number;
  records->count++;
  return record;
}

struct loam_record *loam_record_find(const struct loam_records *records, const void *block,
                                     uint32_t *number) {
  if (records->bucket_count == 0) return NULL;
  *number = *bucket_of(records, (uintptr_t)block);
  while (*number != 0) {
    struct loam_record *record = loam_record_at(records, *number);
    if (record->hidden == ~(uintptr_t)block) return record;
    *number = record->next;
  }
  return NULL;
}

void loam_record_unlist(struct loam_records *records, struct loam_record *record) {
  uint32_t *link = bucket_of(records, ~record->hidden);
  while (loam_record_at(records, *link) != record) link = &loam_record_at(records, *link)->next;
  *link = record->next;
  record->next = 0;
  records->count--;
}

// --- All of them -------------------------------------------------------------

struct loam_record *loam_record_next(const struct loam_records *records, uint32_t *cursor) {
  for (uint32_t number = *cursor + 1;; number++) {
    size_t index = (number - 1) / LOAM_RECORD_CHUNK;
    if (index >= records->chunk_count) return NULL;
    if (records->chunks[index] == NULL || records->chunks[index]->used == 0) {
      number = number_of(index, LOAM_RECORD_CHUNK - 1);
      continue;
    }
    struct loam_record *record = loam_record_at(records, number);
    if (record->state == LOAM_UNUSED) continue;
    *cursor = number;
    return record;
  }
}

struct loam_record *loam_record_around(const struct loam_records *records, const void *address) {
  uint32_t cursor = 0;
  for (struct loam_record *record; (record = loam_record_next(records, &cursor)) != NULL;) {
    uintptr_t start = (uintptr_t)loam_record_block(record) - LOAM_ZONE_BYTES;
    if (is_listed(record) &&
        (uintptr_t)address - start < record->size + 2 * (size_t)LOAM_ZONE_BYTES) {
      return record;
    }
  }
  return NULL;
}

void loam_records_trim(struct loam_records *records) {
  for (size_t index = 0; index < records->chunk_count; index++) {
    struct loam_record_chunk *chunk = records->chunks[index];
    if (chunk == NULL || chunk->used != 0) continue;
    if (!unmap_guarded(records, chunk, sizeof *chunk)) continue;
    records->chunks[index] = NULL;
    if (index < records->first_with_room) records->first_with_room = index;
  }
  size_t wanted = BUCKETS_MIN;
  while (wanted < records->count) wanted *= 2;
  if (wanted < records->bucket_count) rehash(records, wanted);
}

bool loam_records_check(const struct loam_records *records) {
  size_t listed = 0;
  uint32_t cursor = 0;
  for (struct loam_record *record; (record = loam_record_next(records, &cursor)) != NULL;) {
    if (!is_listed(record)) continue;
    uint32_t number;
    if (loam_record_find(records, loam_record_block(record), &number) != record) return false;
    if (number != cursor) return false;
    listed++;
  }
  if (listed != records->count) return false;
  for (size_t index = 0; index < records->chunk_count; index++) {
    const struct loam_record_chunk *chunk = records->chunks[index];
    if (chunk == NULL) continue;
    size_t free = 0;
    for (uint32_t number = chunk->free; number != 0; free++) {
      if (free == LOAM_RECORD_CHUNK) return false;
      const struct loam_record *record = loam_record_at(records, number);
      if (record->state != LOAM_UNUSED) return false;
      number = record->next;
    }
    if (free + chunk->used != LOAM_RECORD_CHUNK) return false;
  }
  return true;
}
