#include "benchmarks/trace/preload/attach.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct trace_self not_attached;
struct trace_self *trace_self = &not_attached;
struct trace_region *trace_region;

// Reads the value of the region's variable. From /proc and not with getenv(): the
// first malloc may come before the C library knows its environment.
static bool find_path(char *path, size_t size) {
  const char *const name = TRACE_REGION_VARIABLE "=";
  const int file = open("/proc/self/environ", O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  char text[4096];
  ssize_t count;
  size_t matched = 0;  // characters of the name; SIZE_MAX: not this variable
  size_t length = 0;   // of the value
  bool found = false;
  while (!found && (count = read(file, text, sizeof text)) > 0) {
    for (ssize_t i = 0; i < count && !found; i++) {
      const char c = text[i];
      if (matched == strlen(name)) {
        path[length++] = c;
        found = c == '\0' || length == size;
      } else if (c == '\0') {
        matched = 0;
      } else if (matched != SIZE_MAX) {
        matched = c == name[matched] ? matched + 1 : SIZE_MAX;
      }
    }
  }
  close(file);
  return found && path[length - 1] == '\0';
}

static struct trace_region *map_region(void) {
  char path[256];
  if (!find_path(path, sizeof path)) return NULL;
  const int file = open(path, O_RDWR | O_CLOEXEC);
  if (file < 0) return NULL;
  void *memory =
      mmap(NULL, sizeof(struct trace_region), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (memory == MAP_FAILED) return NULL;
  struct trace_region *region = memory;
  if (region->version == TRACE_REGION_VERSION) return region;
  munmap(memory, sizeof(struct trace_region));
  return NULL;
}

static struct trace_self *map_self(void) {
  void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return NULL;
  if (madvise(page, 4096, MADV_WIPEONFORK) == 0) return page;
  munmap(page, 4096);
  return NULL;
}

static void describe(struct trace_image *image, uint32_t parent) {
  image->parent = parent;
  const int file = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
  if (file >= 0) {
    const ssize_t count = read(file, image->command, sizeof image->command);
    if (count > 0) image->command_bytes = (uint32_t)count;
    close(file);
  }
  __atomic_store_n(&image->process_id, (uint32_t)getpid(), __ATOMIC_RELEASE);
}

static uint32_t become_image(uint32_t parent) {
  if (trace_region == NULL) trace_region = map_region();
  if (trace_region == NULL) return TRACE_NOT_RECORDED;
  if (__atomic_load_n(&trace_region->recorder_gone, __ATOMIC_RELAXED)) return TRACE_NOT_RECORDED;
  const bool is_root = trace_region->root_process_id == (uint32_t)getpid() &&
                       __atomic_load_n(&trace_region->image_count, __ATOMIC_RELAXED) == 0;
  if (!trace_region->follow && !is_root) return TRACE_NOT_RECORDED;
  const uint32_t index = __atomic_fetch_add(&trace_region->image_count, 1, __ATOMIC_RELAXED);
  if (index >= TRACE_MAX_IMAGES) return TRACE_NOT_RECORDED;
  describe(&trace_region->images[index], parent);
  return index + 1;
}

void trace_attach(void) {
  // Cleared by fork, so who the parent was is kept outside the page.
  static uint32_t last_image_plus_1;
  if (trace_self == &not_attached) {
    struct trace_self *self = map_self();
    if (self == NULL) {
      not_attached.image_plus_1 = TRACE_NOT_RECORDED;
      return;
    }
    trace_self = self;
  }
  const uint32_t became = become_image(last_image_plus_1);
  if (became != TRACE_NOT_RECORDED) last_image_plus_1 = became;
  trace_self->image_plus_1 = became;
}

// Takes our library out of LD_PRELOAD, so that children do not even load it.
static void leave_environment(void) {
  unsetenv(TRACE_REGION_VARIABLE);
  char *preload = getenv("LD_PRELOAD");
  if (preload == NULL) return;
  // The recorder puts it first, and a colon behind it where others follow.
  char *rest = strchr(preload, ':');
  if (rest == NULL) {
    unsetenv("LD_PRELOAD");
  } else {
    memmove(preload, rest + 1, strlen(rest + 1) + 1);
  }
}

__attribute__((constructor)) static void start(void) {
  if (trace_self->image_plus_1 == 0) trace_attach();
  if (trace_region != NULL && !trace_region->follow) leave_environment();
}
