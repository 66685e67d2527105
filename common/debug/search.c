#include "common/debug/search.h"

#include "common/debug/memory.h"
#include "common/debug/threads.h"
#include "common/os/os.h"

// --- The blocks, sorted ------------------------------------------------------

static uintptr_t start_of(const struct loam_known_block *block) { return ~block->hidden; }

// A block of no bytes has an address all the same.
static uintptr_t end_of(const struct loam_search *search, size_t index) {
  const struct loam_known_block *block = &search->blocks[index];
  size_t size = loam_record_at(&search->debug->records, block->number)->size;
  return start_of(block) + (size != 0 ? size : 1);
}

static void sift_down(struct loam_known_block *blocks, size_t root, size_t count) {
  struct loam_known_block moved = blocks[root];
  for (size_t child; (child = 2 * root + 1) < count; root = child) {
    if (child + 1 < count && start_of(&blocks[child + 1]) > start_of(&blocks[child])) child++;
    if (start_of(&blocks[child]) <= start_of(&moved)) break;
    blocks[root] = blocks[child];
  }
  blocks[root] = moved;
}

// Heapsort: qsort may allocate.
static void sort(struct loam_known_block *blocks, size_t count) {
  for (size_t i = count / 2; i-- > 0;) sift_down(blocks, i, count);
  for (size_t i = count; i-- > 1;) {
    struct loam_known_block last = blocks[i];
    blocks[i] = blocks[0];
    blocks[0] = last;
    sift_down(blocks, 0, i);
  }
}

static bool gather(struct loam_search *search) {
  const struct loam_records *records = &search->debug->records;
  search->mapped_bytes = loam_os_round_to_page((records->count + 1) * sizeof *search->blocks);
  search->blocks = loam_os_map(search->mapped_bytes, 1);
  if (search->blocks == NULL) return false;
  uint32_t cursor = 0;
  for (struct loam_record *record; (record = loam_record_next(records, &cursor)) != NULL;) {
    if (record->state != LOAM_LIVE) continue;
    record->mark = LOAM_LEAKED;
    record->link = 0;
    search->blocks[search->count++] = (struct loam_known_block){record->hidden, cursor};
  }
  sort(search->blocks, search->count);
  if (search->count == 0) return true;
  search->lowest = start_of(&search->blocks[0]);
  search->end = end_of(search, search->count - 1);
  return true;
}

// The first block that ends behind the address: count where there is none.
static size_t first_behind(const struct loam_search *search, uintptr_t address) {
  size_t low = 0, high = search->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (end_of(search, middle) > address) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

// --- Pointers ----------------------------------------------------------------

static void follow(struct loam_search *search, uintptr_t value) {
  if (value < search->lowest || value >= search->end) return;
  size_t index = first_behind(search, value);
  if (index == search->count || value < start_of(&search->blocks[index])) return;
  uint32_t number = search->blocks[index].number;
  struct loam_record *record = loam_record_at(&search->debug->records, number);
  if (record->mark != LOAM_LEAKED || number == search->self) return;
  record->mark = (uint8_t)search->mark;
  record->link = search->work;
  search->work = number;
}

static void follow_words(const uintptr_t *words, size_t count, void *context) {
  for (size_t i = 0; i < count; i++) follow(context, words[i]);
}

static void read_block(struct loam_search *search, const struct loam_record *record) {
  uintptr_t start = (uintptr_t)loam_record_block(record);
  loam_memory_read(start, start + record->size, follow_words, search);
}

static void work_off(struct loam_search *search) {
  while (search->work != 0) {
    struct loam_record *record = loam_record_at(&search->debug->records, search->work);
    search->work = record->link;
    record->link = 0;
    read_block(search, record);
  }
}

// --- Roots -------------------------------------------------------------------

// All between the blocks. (What the heap below keeps there has pointers to where its own
// blocks begin: before the program's, with a zone between.)
static void visit_root(uintptr_t start, uintptr_t end, void *context) {
  struct loam_search *search = context;
  start = loam_threads_cut(start, end, search->stack_bottom);
  for (size_t i = first_behind(search, start); start < end; i++) {
    bool is_block = i < search->count && start_of(&search->blocks[i]) < end;
    uintptr_t until = is_block ? start_of(&search->blocks[i]) : end;
    if (start < until) loam_memory_read(start, until, follow_words, search);
    start = is_block ? end_of(search, i) : end;
  }
}

// What leaks through another block is one leak with it. A ring of blocks is told of by one of
// them.
static void tell_indirect(struct loam_search *search) {
  search->mark = LOAM_LEAKED_INDIRECTLY;
  for (size_t i = 0; i < search->count; i++) {
    uint32_t number = search->blocks[i].number;
    const struct loam_record *record = loam_record_at(&search->debug->records, number);
    if (record->mark != LOAM_LEAKED) continue;
    search->self = number;
    read_block(search, record);
    work_off(search);
  }
}

bool loam_search_run(struct loam_search *search, struct loam_debug *debug, uintptr_t stack_bottom) {
  *search =
      (struct loam_search){.debug = debug, .stack_bottom = stack_bottom, .mark = LOAM_REACHABLE};
  if (!gather(search)) return false;
  if (!loam_memory_for_each(visit_root, search)) {
    loam_search_end(search);
    return false;
  }
  loam_threads_visit_registers(follow_words, search);
  work_off(search);
  tell_indirect(search);
  return true;
}

void loam_search_end(struct loam_search *search) {
  loam_os_release(search->blocks, search->mapped_bytes);
}
