#include "common/debug/leaks.h"

#include <stdio.h>
#include <unistd.h>

#include "common/check/report.h"
#include "common/debug/report.h"
#include "common/debug/search.h"
#include "common/debug/threads.h"
#include "common/os/os.h"
#include "common/stack/symbols.h"

// --- Groups ------------------------------------------------------------------

// Blocks that came from one place, and fare alike.
struct group {
  uint32_t stack;
  enum loam_mark mark;
  size_t blocks, bytes;
  uintptr_t hidden;   // the address of one of them
  uint64_t sequence;  // of that one, which is the oldest
};

// Invariant: used <= room / 2; a group lies where its hash says, or behind it in a row of
// groups.
struct groups {
  struct group *all;
  size_t room, used, mapped_bytes;
};

static bool make_groups(struct groups *groups, size_t most) {
  groups->room = 64;
  while (groups->room < most * 2) groups->room *= 2;
  groups->mapped_bytes = loam_os_round_to_page(groups->room * sizeof *groups->all);
  groups->all = loam_os_map(groups->mapped_bytes, 1);
  return groups->all != NULL;
}

static void add(struct groups *groups, const struct loam_record *record) {
  size_t at = record->alloc_stack * (size_t)0x9e3779b1u + record->mark;
  struct group *group;
  for (;; at++) {
    group = &groups->all[at & (groups->room - 1)];
    if (group->blocks == 0) break;
    if (group->stack == record->alloc_stack && group->mark == (enum loam_mark)record->mark) break;
  }
  if (group->blocks == 0) {
    groups->used++;
    group->stack = record->alloc_stack;
    group->mark = record->mark;
  }
  if (group->blocks == 0 || record->sequence < group->sequence) {
    group->hidden = record->hidden;
    group->sequence = record->sequence;
  }
  group->blocks++;
  group->bytes += record->size;
}

// Together at the front; then what leaks itself first, and of these the largest.
static bool comes_before(const struct group *a, const struct group *b) {
  if (a->mark != b->mark) return a->mark < b->mark;
  if (a->bytes != b->bytes) return a->bytes > b->bytes;
  return a->sequence < b->sequence;
}

static void sort(struct groups *groups) {
  size_t count = 0;
  for (size_t i = 0; i < groups->room; i++) {
    if (groups->all[i].blocks != 0) groups->all[count++] = groups->all[i];
  }
  // Shell's: places are hundreds, rarely thousands.
  for (size_t gap = count / 2; gap > 0; gap /= 2) {
    for (size_t i = gap; i < count; i++) {
      struct group moved = groups->all[i];
      size_t at = i;
      for (; at >= gap && comes_before(&moved, &groups->all[at - gap]); at -= gap) {
        groups->all[at] = groups->all[at - gap];
      }
      groups->all[at] = moved;
    }
  }
}

static void add_to(struct loam_leak_sum *sum, const struct loam_record *record) {
  sum->blocks++;
  sum->bytes += record->size;
}

// Under the lock.
static void gather(const struct loam_search *search, bool with_reachable, struct groups *groups,
                   struct loam_leaks *leaks) {
  *leaks = (struct loam_leaks){0};
  for (size_t i = 0; i < search->count; i++) {
    const struct loam_record *record =
        loam_record_at(&search->debug->records, search->blocks[i].number);
    bool is_reachable = record->mark == LOAM_REACHABLE;
    add_to(is_reachable                  ? &leaks->reachable
           : record->mark == LOAM_LEAKED ? &leaks->direct
                                         : &leaks->indirect,
           record);
    if (!is_reachable || with_reachable) add(groups, record);
  }
}

// --- The report --------------------------------------------------------------

static const char *const mark_names[] = {
    [LOAM_LEAKED] = "leaked",
    [LOAM_LEAKED_INDIRECTLY] = "leaked with what leads there",
    [LOAM_REACHABLE] = "still reachable",
};

static const char *const mark_words[] = {
    [LOAM_LEAKED] = "direct",
    [LOAM_LEAKED_INDIRECTLY] = "indirect",
    [LOAM_REACHABLE] = "reachable",
};

static void put_amount(struct loam_text *text, size_t blocks, size_t bytes) {
  loam_text_decimal(text, bytes);
  loam_text_add(text, bytes == 1 ? " byte in " : " bytes in ");
  loam_text_decimal(text, blocks);
  loam_text_add(text, blocks == 1 ? " block" : " blocks");
}

static void put_name(struct loam_text *text, const struct loam_debug *debug) {
  loam_text_add(text, "loam: ");
  loam_text_add(text, debug->name);
  loam_text_add(text, ": ");
}

static void put_sums_text(struct loam_text *text, const struct loam_debug *debug,
                          const struct loam_leaks *leaks) {
  put_name(text, debug);
  loam_text_add(text, "leaked ");
  put_amount(text, leaks->direct.blocks, leaks->direct.bytes);
  loam_text_add(text, ", with them ");
  put_amount(text, leaks->indirect.blocks, leaks->indirect.bytes);
  loam_text_add(text, "; still reachable ");
  put_amount(text, leaks->reachable.blocks, leaks->reachable.bytes);
  loam_text_add(text, "\n");
}

static void put_text(struct loam_text *text, const struct loam_debug *debug,
                     const struct groups *groups, const struct loam_leaks *leaks) {
  for (size_t i = 0; i < groups->used; i++) {
    const struct group *group = &groups->all[i];
    put_name(text, debug);
    loam_text_pointer(text, ~group->hidden);
    loam_text_add(text, ": ");
    loam_text_add(text, mark_names[group->mark]);
    loam_text_add(text, ": ");
    put_amount(text, group->blocks, group->bytes);
    loam_text_add(text, "\n    allocated:\n");
    loam_put_stack_text(text, group->stack);
  }
  put_sums_text(text, debug, leaks);
}

static void put_sum_json(struct loam_text *text, const char *name,
                         const struct loam_leak_sum *sum) {
  loam_text_add(text, ",\"");
  loam_text_add(text, name);
  loam_text_add(text, "\":{\"blocks\":");
  loam_text_decimal(text, sum->blocks);
  loam_text_add(text, ",\"bytes\":");
  loam_text_decimal(text, sum->bytes);
  loam_text_add(text, "}");
}

static void put_json(struct loam_text *text, const struct loam_debug *debug,
                     const struct groups *groups, const struct loam_leaks *leaks) {
  loam_text_add(text, "{\"loam\":");
  loam_text_json(text, debug->name);
  loam_text_add(text, ",\"process\":");
  loam_text_decimal(text, (uint64_t)getpid());
  loam_text_add(text, ",\"kind\":\"leaks\"");
  put_sum_json(text, "direct", &leaks->direct);
  put_sum_json(text, "indirect", &leaks->indirect);
  put_sum_json(text, "reachable", &leaks->reachable);
  loam_text_add(text, ",\"groups\":[");
  for (size_t i = 0; i < groups->used; i++) {
    const struct group *group = &groups->all[i];
    loam_text_add(text, i == 0 ? "{\"kind\":\"" : ",{\"kind\":\"");
    loam_text_add(text, mark_words[group->mark]);
    loam_text_add(text, "\",\"blocks\":");
    loam_text_decimal(text, group->blocks);
    loam_text_add(text, ",\"bytes\":");
    loam_text_decimal(text, group->bytes);
    loam_text_add(text, ",\"address\":\"");
    loam_text_pointer(text, ~group->hidden);
    loam_text_add(text, "\",\"allocated\":{\"stack\":");
    loam_put_stack_json(text, group->stack);
    loam_text_add(text, "}}");
  }
  loam_text_add(text, "]}\n");
}

static void report(const struct loam_debug *debug, const struct groups *groups,
                   const struct loam_leaks *leaks) {
  char buffer[LOAM_REPORT_BUFFER_BYTES];
  struct loam_text text = {.buffer = buffer, .size = sizeof buffer, .fd = loam_report_open(debug)};
  bool is_open = loam_symbols_open();
  if (debug->is_json) {
    put_json(&text, debug, groups, leaks);
  } else {
    put_text(&text, debug, groups, leaks);
  }
  loam_text_flush(&text);
  if (is_open) loam_symbols_close();
  loam_report_close(text.fd);
  if (text.fd == STDERR_FILENO) return;
  // Who only looks there must know, too.
  text = (struct loam_text){.buffer = buffer, .size = sizeof buffer, .fd = STDERR_FILENO};
  put_sums_text(&text, debug, leaks);
  loam_text_flush(&text);
}

// --- The search --------------------------------------------------------------

bool loam_debug_leaks(struct loam_debug *debug, uintptr_t stack, struct loam_leaks *leaks) {
  loam_debug_ensure_set_up(debug);
  bool with_reachable = debug->options.leaks == 2;
  struct groups groups = {0};
  struct loam_search search;
  loam_lock_acquire(&debug->lock);
  loam_threads_stop();
  bool done = loam_search_run(&search, debug, stack);
  loam_threads_resume();
  if (done) {
    done = make_groups(&groups, search.count);
    if (done) gather(&search, with_reachable, &groups, leaks);
    loam_search_end(&search);
  }
  loam_lock_release(&debug->lock);
  if (!done) {
    loam_warn(debug->name, "no memory, or no /proc, to search for leaks with");
    return false;
  }
  sort(&groups);
  if (groups.used > 0) report(debug, &groups, leaks);
  loam_os_release(groups.all, groups.mapped_bytes);
  return true;
}

void loam_debug_at_exit(struct loam_debug *debug) {
  struct loam_leaks leaks;
  if (debug->options.leaks == 0 || debug->records.count == 0) return;
  if (!loam_debug_leaks(debug, (uintptr_t)__builtin_frame_address(0), &leaks)) return;
  if (leaks.direct.blocks + leaks.indirect.blocks == 0 || debug->options.leak_exit_code == 0)
    return;
  fflush(NULL);  // what exit would do after this
  _exit((int)debug->options.leak_exit_code);
}
