#include "common/debug/report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/check/report.h"
#include "common/stack/stack.h"
#include "common/stack/symbols.h"
#include "common/stack/table.h"

enum { BYTES_TOLD_MAX = 32 };

static const char *const family_names[] = {
    [LOAM_BY_MALLOC] = "malloc",
    [LOAM_BY_NEW] = "new",
    [LOAM_BY_NEW_ARRAY] = "new[]",
};

int loam_report_open(const struct loam_debug *debug) {
  const char *path = debug->options.report_file;
  if (path[0] == 0) return STDERR_FILENO;
  int saved_errno = errno;
  int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  errno = saved_errno;
  return fd >= 0 ? fd : STDERR_FILENO;
}

void loam_report_close(int fd) {
  if (fd != STDERR_FILENO) close(fd);
}

// --- Stacks ------------------------------------------------------------------

void loam_put_stack_text(struct loam_text *text, uint32_t stack) {
  size_t count;
  const uintptr_t *frames = loam_stack_frames(stack, &count);
  loam_text_flush(text);
  text->failed = false;  // what comes later may find a reader
  loam_stack_print(text->fd, frames, count, "        ");
}

static void put_frame_json(struct loam_text *text, uintptr_t address) {
  struct loam_symbol symbol = {0};
  loam_text_add(text, "{\"address\":\"");
  loam_text_pointer(text, address);
  loam_text_add(text, "\"");
  if (loam_symbol_find(address, &symbol)) {
    loam_text_add(text, ",\"module\":");
    loam_text_json(text, symbol.module);
    loam_text_add(text, ",\"module_offset\":\"");
    loam_text_pointer(text, symbol.module_offset);
    loam_text_add(text, "\",\"function\":");
    loam_text_json(text, symbol.function);
  }
  loam_text_add(text, "}");
}

void loam_put_stack_json(struct loam_text *text, uint32_t stack) {
  size_t count;
  const uintptr_t *frames = loam_stack_frames(stack, &count);
  loam_text_add(text, "[");
  for (size_t i = 0; i < count; i++) {
    if (i > 0) loam_text_add(text, ",");
    put_frame_json(text, frames[i] - 1);
  }
  loam_text_add(text, "]");
}

// --- Findings ----------------------------------------------------------------

// From the block's beginning to the damage: negative before it.
static ptrdiff_t offset_of(const struct loam_finding *finding) {
  return (const char *)finding->damage.first - (const char *)loam_record_block(finding->record);
}

static void put_offset(struct loam_text *text, ptrdiff_t offset) {
  if (offset < 0) loam_text_add(text, "-");
  loam_text_decimal(text, (uint64_t)(offset < 0 ? -offset : offset));
}

static void put_title(struct loam_text *text, const struct loam_debug *debug,
                      const struct loam_finding *finding) {
  loam_text_add(text, "loam: ");
  loam_text_add(text, debug->name);
  loam_text_add(text, ": ");
  loam_text_pointer(text, (uintptr_t)finding->address);
  loam_text_add(text, ": ");
  loam_text_add(text, finding->what);
  if (finding->damage.first != NULL) {
    loam_text_add(text, ": ");
    loam_text_decimal(text, finding->damage.bytes);
    loam_text_add(text, " bytes from offset ");
    put_offset(text, offset_of(finding));
    loam_text_add(text, " on");
  }
  loam_text_add(text, "\n");
}

static size_t bytes_told(const struct loam_finding *finding) {
  return finding->damage.bytes < BYTES_TOLD_MAX ? finding->damage.bytes : BYTES_TOLD_MAX;
}

static void put_by_thread(struct loam_text *text, const char *what, uint32_t thread) {
  loam_text_add(text, "    ");
  loam_text_add(text, what);
  loam_text_add(text, " by thread ");
  loam_text_decimal(text, thread);
  loam_text_add(text, ":\n");
}

static void put_record_text(struct loam_text *text, const struct loam_finding *finding) {
  const struct loam_record *record = finding->record;
  ptrdiff_t inside = (const char *)finding->address - (const char *)loam_record_block(record);
  loam_text_add(text, "    block ");
  loam_text_decimal(text, record->sequence);
  loam_text_add(text, " of ");
  loam_text_decimal(text, record->size);
  loam_text_add(text, " bytes, by ");
  loam_text_add(text, family_names[record->family]);
  if (record->alignment_log2 > 4) {
    loam_text_add(text, ", aligned to ");
    loam_text_decimal(text, loam_record_alignment(record));
  }
  if (inside != 0) {
    loam_text_add(text, ", at ");
    loam_text_pointer(text, (uintptr_t)loam_record_block(record));
    loam_text_add(text, "; the address is at offset ");
    put_offset(text, inside);
  }
  loam_text_add(text, "\n");
  if (finding->damage.first != NULL) {
    loam_text_add(text, "    there is:");
    loam_text_hex(text, finding->damage.first, bytes_told(finding), " ");
    loam_text_add(text, finding->damage.bytes > BYTES_TOLD_MAX ? " ..., not" : ", not");
    loam_text_hex(text, &finding->damage.expected, 1, " ");
    loam_text_add(text, "\n");
  }
  put_by_thread(text, "allocated", record->alloc_thread);
  loam_put_stack_text(text, record->alloc_stack);
  if (record->free_thread == 0) return;
  put_by_thread(text, "freed", record->free_thread);
  loam_put_stack_text(text, record->free_stack);
}

static void put_text(struct loam_text *text, const struct loam_debug *debug,
                     const struct loam_finding *finding) {
  put_title(text, debug, finding);
  put_by_thread(text, "found", loam_debug_thread());
  loam_put_stack_text(text, finding->stack);
  if (finding->record != NULL) put_record_text(text, finding);
}

static void put_event_json(struct loam_text *text, const char *name, uint32_t thread,
                           uint32_t stack) {
  loam_text_add(text, ",\"");
  loam_text_add(text, name);
  loam_text_add(text, "\":{\"thread\":");
  loam_text_decimal(text, thread);
  loam_text_add(text, ",\"stack\":");
  loam_put_stack_json(text, stack);
  loam_text_add(text, "}");
}

static void put_record_json(struct loam_text *text, const struct loam_finding *finding) {
  const struct loam_record *record = finding->record;
  loam_text_add(text, ",\"block\":{\"address\":\"");
  loam_text_pointer(text, (uintptr_t)loam_record_block(record));
  loam_text_add(text, "\",\"size\":");
  loam_text_decimal(text, record->size);
  loam_text_add(text, ",\"alignment\":");
  loam_text_decimal(text, loam_record_alignment(record));
  loam_text_add(text, ",\"by\":");
  loam_text_json(text, family_names[record->family]);
  loam_text_add(text, ",\"sequence\":");
  loam_text_decimal(text, record->sequence);
  loam_text_add(text, "}");
  if (finding->damage.first != NULL) {
    loam_text_add(text, ",\"offset\":");
    put_offset(text, offset_of(finding));
    loam_text_add(text, ",\"bytes\":");
    loam_text_decimal(text, finding->damage.bytes);
    loam_text_add(text, ",\"content\":\"");
    loam_text_hex(text, finding->damage.first, bytes_told(finding), "");
    loam_text_add(text, "\"");
  }
  put_event_json(text, "allocated", record->alloc_thread, record->alloc_stack);
  if (record->free_thread != 0) {
    put_event_json(text, "freed", record->free_thread, record->free_stack);
  }
}

static void put_json(struct loam_text *text, const struct loam_debug *debug,
                     const struct loam_finding *finding) {
  loam_text_add(text, "{\"loam\":");
  loam_text_json(text, debug->name);
  loam_text_add(text, ",\"process\":");
  loam_text_decimal(text, (uint64_t)getpid());
  loam_text_add(text, ",\"kind\":");
  loam_text_json(text, finding->kind);
  loam_text_add(text, ",\"address\":\"");
  loam_text_pointer(text, (uintptr_t)finding->address);
  loam_text_add(text, "\",\"what\":");
  loam_text_json(text, finding->what);
  put_event_json(text, "found", loam_debug_thread(), finding->stack);
  if (finding->record != NULL) put_record_json(text, finding);
  loam_text_add(text, "}\n");
}

void loam_debug_report(const struct loam_debug *debug, const struct loam_finding *finding) {
  char buffer[LOAM_REPORT_BUFFER_BYTES];
  struct loam_text text = {.buffer = buffer, .size = sizeof buffer, .fd = loam_report_open(debug)};
  bool is_open = loam_symbols_open();
  if (debug->is_json) {
    put_json(&text, debug, finding);
  } else {
    put_text(&text, debug, finding);
  }
  loam_text_flush(&text);
  if (is_open) loam_symbols_close();
  loam_report_close(text.fd);
  if (text.fd == STDERR_FILENO) return;
  // Who only looks there must know, too.
  text = (struct loam_text){.buffer = buffer, .size = sizeof buffer, .fd = STDERR_FILENO};
  put_title(&text, debug, finding);
  loam_text_flush(&text);
}

void loam_debug_fatal(const struct loam_debug *debug, const struct loam_finding *finding) {
  loam_debug_report(debug, finding);
  abort();
}

// --- Damage ------------------------------------------------------------------

bool loam_debug_find_damage(const struct loam_record *record, struct loam_finding *finding) {
  finding->damage = loam_zones_damage(record);
  if (finding->damage.first != NULL) {
    bool is_before = (uintptr_t)finding->damage.first < (uintptr_t)loam_record_block(record);
    finding->kind = is_before ? "underflow" : "overflow";
    finding->what = is_before ? "written to before the block" : "written to behind the block";
    return true;
  }
  if (record->state != LOAM_WAITING) return false;
  finding->damage = loam_fill_damage(record, LOAM_FILL_FREED);
  finding->kind = "write_after_free";
  finding->what = "written to after free";
  return finding->damage.first != NULL;
}

void loam_debug_prove(const struct loam_debug *debug, const struct loam_record *record,
                      uint32_t stack) {
  struct loam_finding finding = {
      .address = loam_record_block(record), .record = record, .stack = stack};
  if (loam_debug_find_damage(record, &finding)) loam_debug_fatal(debug, &finding);
}
