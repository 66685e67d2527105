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

void loam_put_stack_text(struct loam_writer *writer, uint32_t stack) {
  size_t count;
  const uintptr_t *frames = loam_stack_frames(stack, &count);
  loam_put_flush(writer);
  loam_stack_print(writer->fd, frames, count, "        ");
}

static void put_frame_json(struct loam_writer *writer, uintptr_t address) {
  struct loam_symbol symbol = {0};
  loam_put(writer, "{\"address\":\"");
  loam_put_hex(writer, address);
  loam_put(writer, "\"");
  if (loam_symbol_find(address, &symbol)) {
    loam_put(writer, ",\"module\":");
    loam_put_json(writer, symbol.module);
    loam_put(writer, ",\"module_offset\":\"");
    loam_put_hex(writer, symbol.module_offset);
    loam_put(writer, "\",\"function\":");
    loam_put_json(writer, symbol.function);
  }
  loam_put(writer, "}");
}

void loam_put_stack_json(struct loam_writer *writer, uint32_t stack) {
  size_t count;
  const uintptr_t *frames = loam_stack_frames(stack, &count);
  loam_put(writer, "[");
  for (size_t i = 0; i < count; i++) {
    if (i > 0) loam_put(writer, ",");
    put_frame_json(writer, frames[i] - 1);
  }
  loam_put(writer, "]");
}

// --- Findings ----------------------------------------------------------------

// From the block's beginning to the damage: negative before it.
static ptrdiff_t offset_of(const struct loam_finding *finding) {
  return (const char *)finding->damage.first - (const char *)loam_record_block(finding->record);
}

static void put_offset(struct loam_writer *writer, ptrdiff_t offset) {
  if (offset < 0) loam_put(writer, "-");
  loam_put_decimal(writer, (uint64_t)(offset < 0 ? -offset : offset));
}

static void put_title(struct loam_writer *writer, const struct loam_debug *debug,
                      const struct loam_finding *finding) {
  loam_put(writer, "loam: ");
  loam_put(writer, debug->name);
  loam_put(writer, ": ");
  loam_put_hex(writer, (uintptr_t)finding->address);
  loam_put(writer, ": ");
  loam_put(writer, finding->what);
  if (finding->damage.first != NULL) {
    loam_put(writer, ": ");
    loam_put_decimal(writer, finding->damage.bytes);
    loam_put(writer, " bytes from offset ");
    put_offset(writer, offset_of(finding));
    loam_put(writer, " on");
  }
  loam_put(writer, "\n");
}

static size_t bytes_told(const struct loam_finding *finding) {
  return finding->damage.bytes < BYTES_TOLD_MAX ? finding->damage.bytes : BYTES_TOLD_MAX;
}

static void put_by_thread(struct loam_writer *writer, const char *what, uint32_t thread) {
  loam_put(writer, "    ");
  loam_put(writer, what);
  loam_put(writer, " by thread ");
  loam_put_decimal(writer, thread);
  loam_put(writer, ":\n");
}

static void put_record_text(struct loam_writer *writer, const struct loam_finding *finding) {
  const struct loam_record *record = finding->record;
  ptrdiff_t inside = (const char *)finding->address - (const char *)loam_record_block(record);
  loam_put(writer, "    block ");
  loam_put_decimal(writer, record->sequence);
  loam_put(writer, " of ");
  loam_put_decimal(writer, record->size);
  loam_put(writer, " bytes, by ");
  loam_put(writer, family_names[record->family]);
  if (record->alignment_log2 > 4) {
    loam_put(writer, ", aligned to ");
    loam_put_decimal(writer, loam_record_alignment(record));
  }
  if (inside != 0) {
    loam_put(writer, ", at ");
    loam_put_hex(writer, (uintptr_t)loam_record_block(record));
    loam_put(writer, "; the address is at offset ");
    put_offset(writer, inside);
  }
  loam_put(writer, "\n");
  if (finding->damage.first != NULL) {
    loam_put(writer, "    there is:");
    loam_put_bytes(writer, finding->damage.first, bytes_told(finding), " ");
    loam_put(writer, finding->damage.bytes > BYTES_TOLD_MAX ? " ..., not" : ", not");
    loam_put_bytes(writer, &finding->damage.expected, 1, " ");
    loam_put(writer, "\n");
  }
  put_by_thread(writer, "allocated", record->alloc_thread);
  loam_put_stack_text(writer, record->alloc_stack);
  if (record->free_thread == 0) return;
  put_by_thread(writer, "freed", record->free_thread);
  loam_put_stack_text(writer, record->free_stack);
}

static void put_text(struct loam_writer *writer, const struct loam_debug *debug,
                     const struct loam_finding *finding) {
  put_title(writer, debug, finding);
  put_by_thread(writer, "found", loam_debug_thread());
  loam_put_stack_text(writer, finding->stack);
  if (finding->record != NULL) put_record_text(writer, finding);
}

static void put_event_json(struct loam_writer *writer, const char *name, uint32_t thread,
                           uint32_t stack) {
  loam_put(writer, ",\"");
  loam_put(writer, name);
  loam_put(writer, "\":{\"thread\":");
  loam_put_decimal(writer, thread);
  loam_put(writer, ",\"stack\":");
  loam_put_stack_json(writer, stack);
  loam_put(writer, "}");
}

static void put_record_json(struct loam_writer *writer, const struct loam_finding *finding) {
  const struct loam_record *record = finding->record;
  loam_put(writer, ",\"block\":{\"address\":\"");
  loam_put_hex(writer, (uintptr_t)loam_record_block(record));
  loam_put(writer, "\",\"size\":");
  loam_put_decimal(writer, record->size);
  loam_put(writer, ",\"alignment\":");
  loam_put_decimal(writer, loam_record_alignment(record));
  loam_put(writer, ",\"by\":");
  loam_put_json(writer, family_names[record->family]);
  loam_put(writer, ",\"sequence\":");
  loam_put_decimal(writer, record->sequence);
  loam_put(writer, "}");
  if (finding->damage.first != NULL) {
    loam_put(writer, ",\"offset\":");
    put_offset(writer, offset_of(finding));
    loam_put(writer, ",\"bytes\":");
    loam_put_decimal(writer, finding->damage.bytes);
    loam_put(writer, ",\"content\":\"");
    loam_put_bytes(writer, finding->damage.first, bytes_told(finding), "");
    loam_put(writer, "\"");
  }
  put_event_json(writer, "allocated", record->alloc_thread, record->alloc_stack);
  if (record->free_thread != 0) {
    put_event_json(writer, "freed", record->free_thread, record->free_stack);
  }
}

static void put_json(struct loam_writer *writer, const struct loam_debug *debug,
                     const struct loam_finding *finding) {
  loam_put(writer, "{\"loam\":");
  loam_put_json(writer, debug->name);
  loam_put(writer, ",\"process\":");
  loam_put_decimal(writer, (uint64_t)getpid());
  loam_put(writer, ",\"kind\":");
  loam_put_json(writer, finding->kind);
  loam_put(writer, ",\"address\":\"");
  loam_put_hex(writer, (uintptr_t)finding->address);
  loam_put(writer, "\",\"what\":");
  loam_put_json(writer, finding->what);
  put_event_json(writer, "found", loam_debug_thread(), finding->stack);
  if (finding->record != NULL) put_record_json(writer, finding);
  loam_put(writer, "}\n");
}

void loam_debug_report(const struct loam_debug *debug, const struct loam_finding *finding) {
  struct loam_writer writer = {.fd = loam_report_open(debug)};
  bool is_open = loam_symbols_open();
  if (debug->is_json) {
    put_json(&writer, debug, finding);
  } else {
    put_text(&writer, debug, finding);
  }
  loam_put_flush(&writer);
  if (is_open) loam_symbols_close();
  loam_report_close(writer.fd);
  if (writer.fd == STDERR_FILENO) return;
  writer.fd = STDERR_FILENO;  // who only looks there must know, too
  put_title(&writer, debug, finding);
  loam_put_flush(&writer);
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
