#include "common/stack/symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/lock/lock.h"
#include "common/os/os.h"
#include "common/stack/elf_file.h"

// A piece of a file that is mapped for execution.
struct module {
  uintptr_t start, end;
  uint64_t file_offset;  // of `start`
  const char *path;      // in the text
  struct loam_elf elf;   // once it was asked for
  bool was_opened;
};

// Under the lock, but for `owner`.
static struct {
  struct loam_lock lock;
  _Atomic(pid_t) owner;  // the thread between open and close; 0: none
  char *text;            // /proc/self/maps
  size_t text_bytes;
  struct module *modules;
  size_t module_bytes, module_count;
} state;

static pid_t thread_id(void) { return (pid_t)syscall(SYS_gettid); }

// --- /proc/self/maps ---------------------------------------------------------

// All of a file that says no size, ended by a zero; NULL where it cannot be read.
static char *read_all(const char *path, size_t *bytes) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return NULL;
  *bytes = (size_t)1 << 16;
  char *text = loam_os_map(*bytes, 1);
  size_t length = 0;
  while (text != NULL) {
    ssize_t got = read(fd, text + length, *bytes - length - 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    length += (size_t)got;
    if (*bytes - length > 1) continue;
    char *larger = loam_os_remap(text, *bytes, *bytes * 2);
    if (larger == NULL) break;
    text = larger;
    *bytes *= 2;
  }
  close(fd);
  if (text != NULL) text[length] = 0;
  return text;
}

static const char *skip_spaces(const char *text) { return text + strspn(text, " "); }

static const char *parse_hex(const char *text, uint64_t *value) {
  *value = 0;
  for (;; text++) {
    unsigned digit;
    if (*text >= '0' && *text <= '9') {
      digit = (unsigned)(*text - '0');
    } else if (*text >= 'a' && *text <= 'f') {
      digit = (unsigned)(*text - 'a') + 10;
    } else {
      return text;
    }
    *value = *value << 4 | digit;
  }
}

// "START-END rwxp OFFSET DEVICE INODE   PATH", whose newline is a zero by now.
static bool parse_line(const char *line, struct module *module) {
  uint64_t start, end;
  line = parse_hex(line, &start);
  if (*line++ != '-') return false;
  line = skip_spaces(parse_hex(line, &end));
  if (strnlen(line, 5) < 5 || line[2] != 'x') return false;
  line = skip_spaces(parse_hex(skip_spaces(line + 5), &module->file_offset));
  line = skip_spaces(line + strcspn(line, " "));  // the device
  line = skip_spaces(line + strcspn(line, " "));  // the inode
  if (*line == 0) return false;
  module->start = start;
  module->end = end;
  module->path = line;
  return true;
}

static size_t count_lines(const char *text) {
  size_t count = 0;
  for (; *text != 0; text++) count += *text == '\n';
  return count;
}

static void read_modules(void) {
  state.text = read_all("/proc/self/maps", &state.text_bytes);
  if (state.text == NULL) return;
  size_t most = count_lines(state.text);
  state.module_bytes = loam_os_round_to_page((most + 1) * sizeof *state.modules);
  state.modules = loam_os_map(state.module_bytes, 1);
  char *line = state.text;
  for (size_t i = 0; state.modules != NULL && i < most; i++) {
    char *end = strchr(line, '\n');
    *end = 0;
    state.module_count += parse_line(line, &state.modules[state.module_count]);
    line = end + 1;
  }
}

// --- Open and close ----------------------------------------------------------

bool loam_symbols_open(void) {
  pid_t me = thread_id();
  // Relaxed: only what this thread itself stored can be equal to its number.
  if (atomic_load_explicit(&state.owner, memory_order_relaxed) == me) return false;
  loam_lock_acquire(&state.lock);
  atomic_store_explicit(&state.owner, me, memory_order_relaxed);
  int saved_errno = errno;
  read_modules();
  errno = saved_errno;
  return true;
}

void loam_symbols_close(void) {
  for (size_t i = 0; i < state.module_count; i++) loam_elf_close(&state.modules[i].elf);
  if (state.modules != NULL) loam_os_release(state.modules, state.module_bytes);
  if (state.text != NULL) loam_os_release(state.text, state.text_bytes);
  state.modules = NULL;
  state.module_count = 0;
  state.text = NULL;
  atomic_store_explicit(&state.owner, 0, memory_order_relaxed);
  loam_lock_release(&state.lock);
}

// In a forked child: what a thread that is not here had mapped stays mapped.
static void reset(void) {
  state.modules = NULL;
  state.module_count = 0;
  state.text = NULL;
  atomic_store_explicit(&state.owner, 0, memory_order_relaxed);
  loam_lock_reset(&state.lock);
}

__attribute__((constructor)) static void watch_process(void) { pthread_atfork(NULL, NULL, reset); }

// --- Finding -----------------------------------------------------------------

static struct module *find_module(uintptr_t address) {
  for (size_t i = 0; i < state.module_count; i++) {
    struct module *module = &state.modules[i];
    if (address >= module->start && address < module->end) return module;
  }
  return NULL;
}

// Null until it can be read.
static struct loam_elf *elf_of(struct module *module) {
  if (!module->was_opened) {
    module->was_opened = true;
    loam_elf_open(&module->elf, module->path);
  }
  return module->elf.start != NULL ? &module->elf : NULL;
}

bool loam_symbol_find(uintptr_t address, struct loam_symbol *symbol) {
  if (atomic_load_explicit(&state.owner, memory_order_relaxed) != thread_id()) return false;
  struct module *module = find_module(address);
  if (module == NULL) return false;
  *symbol = (struct loam_symbol){.module = module->path};
  symbol->module_offset = address - module->start + module->file_offset;
  const struct loam_elf *elf = elf_of(module);
  if (elf == NULL) return true;
  symbol->module_offset = loam_elf_address(elf, symbol->module_offset);
  uintptr_t start = 0;
  symbol->function = loam_elf_function(elf, symbol->module_offset, &start);
  if (symbol->function != NULL) symbol->function_offset = symbol->module_offset - start;
  return true;
}
