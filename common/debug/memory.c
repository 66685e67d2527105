#include "common/debug/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/os/os.h"

enum {
  PIECE_WORDS = 1024,
  PAGES_AT_ONCE = 512,  // whose entries of /proc/self/pagemap are read with one call
  LINE_BYTES_MAX = 4096 + 128,
};

// --- Reading -----------------------------------------------------------------

// The kernel reads for us, so that a page which cannot be read is an answer and no fault. Where it
// is forbidden to, we must trust what the list of mappings said.
static size_t copy(uintptr_t *to, uintptr_t from, size_t bytes) {
  struct iovec local = {to, bytes}, remote = {(void *)from, bytes};
  ssize_t got = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
  if (got >= 0) return (size_t)got;
  if (errno != ENOSYS && errno != EPERM) return 0;
  memcpy(to, (const void *)from, bytes);
  return bytes;
}

void loam_memory_read(uintptr_t start, uintptr_t end, loam_words_visitor visit, void *context) {
  uintptr_t words[PIECE_WORDS];
  size_t page = loam_os_page_size();
  uintptr_t at = (start + sizeof *words - 1) & ~(sizeof *words - 1);
  while (at < end && end - at >= sizeof *words) {
    size_t bytes = end - at < sizeof words ? (end - at) & ~(sizeof *words - 1) : sizeof words;
    size_t got = copy(words, at, bytes);
    visit(words, got / sizeof *words, context);
    at = got == bytes ? at + bytes : ((at + got) & ~(page - 1)) + page;
  }
}

// --- Which pages there are ---------------------------------------------------

struct pages {
  int pagemap;  // below 0: it cannot be read, and all pages are taken to be there
  loam_range_visitor visit;
  void *context;
};

enum { SWAPPED_BIT = 62, PRESENT_BIT = 63 };

static bool is_there(uint64_t entry) {
  return (entry >> PRESENT_BIT & 1) != 0 || (entry >> SWAPPED_BIT & 1) != 0;
}

static void visit_present(const struct pages *pages, uintptr_t start, uintptr_t end) {
  size_t page = loam_os_page_size();
  uint64_t entries[PAGES_AT_ONCE] = {0};
  uintptr_t run = start;  // [run, start): pages that are there
  while (start < end) {
    size_t count = (end - start) / page < PAGES_AT_ONCE ? (end - start) / page : PAGES_AT_ONCE;
    ssize_t got = pages->pagemap < 0 ? -1
                                     : pread(pages->pagemap, entries, count * sizeof *entries,
                                             (off_t)(start / page * sizeof *entries));
    bool is_known = got == (ssize_t)(count * sizeof *entries);
    for (size_t i = 0; i < count; i++, start += page) {
      if (!is_known || is_there(entries[i])) continue;
      if (run < start) pages->visit(run, start, pages->context);
      run = start + page;
    }
  }
  if (run < end) pages->visit(run, end, pages->context);
}

// --- Mappings ----------------------------------------------------------------

static const char *parse_hex(const char *text, uintptr_t *value) {
  static const char digits[] = "0123456789abcdef";
  *value = 0;
  for (; *text != 0; text++) {
    const char *digit = strchr(digits, *text);
    if (digit == NULL) break;
    *value = *value << 4 | (uintptr_t)(digit - digits);
  }
  return text;
}

// "START-END rwxp OFFSET DEVICE INODE   PATH"
static void visit_line(const struct pages *pages, const char *line) {
  uintptr_t start, end;
  line = parse_hex(line, &start);
  if (*line++ != '-') return;
  line = parse_hex(line, &end);
  if (strncmp(line, " rw", 3) != 0) return;
  const char *path = strchr(line, '/');
  bool is_device = path != NULL && strncmp(path, "/dev/", 5) == 0 &&
                   strncmp(path, "/dev/shm/", 9) != 0 && strncmp(path, "/dev/zero", 9) != 0;
  if (is_device || strstr(line, "[v") != NULL) return;
  visit_present(pages, start, end);
}

// One line after the other through `text`; what of a line is too long is cut off.
static bool visit_lines(const struct pages *pages, int maps) {
  char text[LINE_BYTES_MAX];
  size_t length = 0;
  bool any = false;
  for (;;) {
    ssize_t got = read(maps, text + length, sizeof text - 1 - length);
    if (got < 0 && errno == EINTR) continue;
    if (got > 0) length += (size_t)got;
    text[length] = 0;
    char *line = text;
    for (char *newline; (newline = strchr(line, '\n')) != NULL; line = newline + 1) {
      *newline = 0;
      visit_line(pages, line);
      any = true;
    }
    if (got <= 0) return any;
    length -= (size_t)(line - text);
    memmove(text, line, length);
    if (length == sizeof text - 1) length = 0;
  }
}

bool loam_memory_for_each(loam_range_visitor visit, void *context) {
  int maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  if (maps < 0) return false;
  struct pages pages = {.visit = visit, .context = context};
  pages.pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  bool any = visit_lines(&pages, maps);
  if (pages.pagemap >= 0) close(pages.pagemap);
  close(maps);
  return any;
}
