#include "common/debug/threads.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "common/lock/lock.h"

enum {
  THREADS_MAX = 4096,  // that are stopped; those beyond go on
  WAIT_MS_MAX = 1000,
  RED_ZONE_BYTES = 128,  // below the stack pointer a function may use
};

// Where the stack of a stopped thread ends: its handler's frame, and where it was interrupted,
// which differ in their mapping where signals have a stack of their own. On x86-64 the frame that
// the kernel made between them is not taken for stack: it writes some words by half only, and the
// other half is left from calls that ended. What of it are registers is taken by itself.
struct stopped {
  uintptr_t handler, interrupted;
  _Atomic(const ucontext_t *) context;  // NULL until the rest is written
};

static struct {
  struct loam_lock lock;  // from stop to resume
  atomic_bool is_stopping;
  atomic_size_t arrived;  // threads that stand still, or did
  atomic_size_t left;     // of these, those that went on
  struct stopped threads[THREADS_MAX];
  size_t count;  // that can be read
  int signal;
  struct sigaction old_action;
} state;

// --- In threads that end -----------------------------------------------------

// A stack and how far down it is, or was, in use.
struct stack {
  _Atomic(uintptr_t) start, end, bottom;
};

enum { ENDED_MAX = 1024 };  // the last that ended

// Relaxed throughout: a stack is compared as a whole with a mapping, and one that is half written
// is equal to none.
static struct stack ended[ENDED_MAX];
static atomic_size_t ended_count;
static pthread_key_t end_key;
static atomic_bool has_end_key;

static void note_end(void *nothing) {
  (void)nothing;
  pthread_attr_t attributes;
  void *start = NULL;
  size_t bytes = 0;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return;
  pthread_attr_getstack(&attributes, &start, &bytes);
  pthread_attr_destroy(&attributes);
  size_t place = atomic_fetch_add_explicit(&ended_count, 1, memory_order_relaxed) % ENDED_MAX;
  atomic_store_explicit(&ended[place].start, (uintptr_t)start, memory_order_relaxed);
  atomic_store_explicit(&ended[place].end, (uintptr_t)start + bytes, memory_order_relaxed);
  atomic_store_explicit(&ended[place].bottom, (uintptr_t)__builtin_frame_address(0),
                        memory_order_relaxed);
}

void loam_threads_watch(void) {
  // Acquire: pairs with the release in watch_process.
  if (!atomic_load_explicit(&has_end_key, memory_order_acquire)) return;
  pthread_setspecific(end_key, &ended);  // any value that is not NULL
}

static uintptr_t bottom_of_ended(uintptr_t start, uintptr_t end) {
  for (size_t i = 0; i < ENDED_MAX; i++) {
    if (atomic_load_explicit(&ended[i].start, memory_order_relaxed) != start) continue;
    if (atomic_load_explicit(&ended[i].end, memory_order_relaxed) != end) continue;
    uintptr_t bottom = atomic_load_explicit(&ended[i].bottom, memory_order_relaxed);
    if (bottom >= start && bottom < end) return bottom;
  }
  return start;
}

// --- In the threads that are stopped -----------------------------------------

static void rest(void) { nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL); }

static uintptr_t interrupted_at(const void *context) {
#if defined(__x86_64__)
  return (uintptr_t)((const ucontext_t *)context)->uc_mcontext.gregs[REG_RSP] - RED_ZONE_BYTES;
#else
  (void)context;
  return (uintptr_t)__builtin_frame_address(0);
#endif
}

static void stand_still(int signal, siginfo_t *info, void *context) {
  (void)signal;
  (void)info;
  int saved_errno = errno;
  // Acquire: pairs with the release in loam_threads_stop. Who comes too late goes on.
  if (atomic_load_explicit(&state.is_stopping, memory_order_acquire)) {
    // Release, as all that count: whoever waits for them sees what was written before.
    size_t place = atomic_fetch_add_explicit(&state.arrived, 1, memory_order_acq_rel);
    if (place < THREADS_MAX) {
      state.threads[place].interrupted = interrupted_at(context);
      state.threads[place].handler = (uintptr_t)__builtin_frame_address(0);
      // Release: whoever sees it sees the two before.
      atomic_store_explicit(&state.threads[place].context, context, memory_order_release);
    }
    while (atomic_load_explicit(&state.is_stopping, memory_order_acquire)) rest();
    atomic_fetch_add_explicit(&state.left, 1, memory_order_acq_rel);
  }
  errno = saved_errno;
}

// --- In the one that stops them ----------------------------------------------

struct entry {
  uint64_t inode;
  int64_t offset;
  unsigned short length;
  unsigned char type;
  char name[];
};

static pid_t parse_id(const char *name) {
  pid_t id = 0;
  for (; *name >= '0' && *name <= '9'; name++) id = id * 10 + (*name - '0');
  return id;
}

// Signals each other thread there is; how many. (opendir would allocate.)
static size_t signal_others(void) {
  int tasks = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (tasks < 0) return 0;
  pid_t process = getpid(), me = (pid_t)syscall(SYS_gettid);
  size_t count = 0;
  char buffer[4096] __attribute__((aligned(8)));
  for (long got; (got = syscall(SYS_getdents64, tasks, buffer, sizeof buffer)) > 0;) {
    for (long at = 0; at < got;) {
      const struct entry *entry = (const struct entry *)(buffer + at);
      at += entry->length;
      pid_t id = parse_id(entry->name);
      if (id == 0 || id == me || count == THREADS_MAX) continue;
      count += syscall(SYS_tgkill, process, id, state.signal) == 0;
    }
  }
  close(tasks);
  return count;
}

// One of the real-time signals that nobody handles.
static bool take_signal(void) {
  struct sigaction action = {.sa_sigaction = stand_still, .sa_flags = SA_SIGINFO | SA_RESTART};
  sigfillset(&action.sa_mask);
  for (state.signal = SIGRTMAX; state.signal > SIGRTMIN; state.signal--) {
    if (sigaction(state.signal, NULL, &state.old_action) != 0) continue;
    bool is_ours = state.old_action.sa_sigaction == stand_still;
    if (!is_ours && state.old_action.sa_handler != SIG_DFL) continue;
    return sigaction(state.signal, &action, NULL) == 0;
  }
  return false;
}

static void wait_for(atomic_size_t *count, size_t wanted) {
  for (int i = 0; i < WAIT_MS_MAX * 10; i++) {
    if (atomic_load_explicit(count, memory_order_acquire) >= wanted) return;
    rest();
  }
}

// Acquire: pairs with the release in stand_still.
static const ucontext_t *context_of(struct stopped *thread) {
  return atomic_load_explicit(&thread->context, memory_order_acquire);
}

// They arrived, and wrote down where.
static void wait_for_contexts(void) {
  for (size_t i = 0; i < state.count; i++) {
    for (int left = WAIT_MS_MAX * 10; left > 0 && context_of(&state.threads[i]) == NULL; left--) {
      rest();
    }
  }
}

void loam_threads_stop(void) {
  loam_lock_acquire(&state.lock);
  // Relaxed: those of the last time have left, and the next come after is_stopping is stored.
  size_t last = atomic_load_explicit(&state.arrived, memory_order_relaxed);
  for (size_t i = 0; i < last && i < THREADS_MAX; i++) {
    atomic_store_explicit(&state.threads[i].context, NULL, memory_order_relaxed);
  }
  state.count = 0;
  atomic_store_explicit(&state.arrived, 0, memory_order_relaxed);
  atomic_store_explicit(&state.left, 0, memory_order_relaxed);
  if (!take_signal()) return;
  // Release: whoever sees it sees the counts at zero.
  atomic_store_explicit(&state.is_stopping, true, memory_order_release);
  size_t signalled = signal_others();
  wait_for(&state.arrived, signalled);
  size_t arrived = atomic_load_explicit(&state.arrived, memory_order_acquire);
  state.count = arrived < THREADS_MAX ? arrived : THREADS_MAX;
  wait_for_contexts();
}

// The handler stays where somebody has not been in it yet: without it the signal would end the
// process.
void loam_threads_resume(void) {
  atomic_store_explicit(&state.is_stopping, false, memory_order_release);
  wait_for(&state.left, state.count);
  loam_lock_release(&state.lock);
}

uintptr_t loam_threads_cut(uintptr_t start, uintptr_t end, uintptr_t own_bottom) {
  uintptr_t cut = start;
  size_t stacks = 0;
  if (own_bottom >= start && own_bottom < end) {
    cut = own_bottom;
    stacks++;
  }
  for (size_t i = 0; i < state.count; i++) {
    struct stopped *thread = &state.threads[i];
    if (context_of(thread) == NULL) continue;
    bool has_handler = thread->handler >= start && thread->handler < end;
    bool was_interrupted = thread->interrupted >= start && thread->interrupted < end;
    if (!has_handler && !was_interrupted) continue;
    cut = was_interrupted ? thread->interrupted : thread->handler;
    stacks++;
  }
  if (stacks == 0) return bottom_of_ended(start, end);
  return stacks == 1 ? cut : start;
}

#if defined(__x86_64__)
static void visit_copy(const void *registers, size_t bytes, loam_words_visitor visit,
                       void *visitor_context) {
  uintptr_t words[64];
  for (size_t done = 0; done < bytes; done += sizeof words) {
    size_t piece = bytes - done < sizeof words ? bytes - done : sizeof words;
    memcpy(words, (const char *)registers + done, piece);
    visit(words, piece / sizeof *words, visitor_context);
  }
}

// Behind the 512 bytes of FXSAVE, whose last say what follows: the area that XSAVE writes. Of it,
// the vector registers and those of APX, as far as they are in use; the rest was not written, or
// by half.
static void visit_extended(const char *area, loam_words_visitor visit, void *visitor_context) {
  enum { AVX = 2, ZMM_LOW = 6, ZMM_HIGH = 7, APX = 19, FXSAVE_BYTES = 512, XSAVE_LEAF = 0xD };
  static const unsigned components[] = {AVX, ZMM_LOW, ZMM_HIGH, APX};
  struct _fpx_sw_bytes software;
  uint64_t in_use;
  memcpy(&software, area + FXSAVE_BYTES - sizeof software, sizeof software);
  if (software.magic1 != FP_XSTATE_MAGIC1) return;
  memcpy(&in_use, area + FXSAVE_BYTES, sizeof in_use);
  for (size_t i = 0; i < sizeof components / sizeof *components; i++) {
    unsigned bytes, offset, flags, unused;
    if ((in_use >> components[i] & 1) == 0) continue;
    __cpuid_count(XSAVE_LEAF, components[i], bytes, offset, flags, unused);
    if ((size_t)offset + bytes > software.xstate_size) continue;
    visit_copy(area + offset, bytes, visit, visitor_context);
  }
}
#endif

void loam_threads_visit_registers(loam_words_visitor visit, void *visitor_context) {
#if defined(__x86_64__)
  for (size_t i = 0; i < state.count; i++) {
    const ucontext_t *context = context_of(&state.threads[i]);
    if (context == NULL) continue;
    const mcontext_t *registers = &context->uc_mcontext;
    visit_copy(registers->gregs, sizeof registers->gregs, visit, visitor_context);
    if (registers->fpregs == NULL) continue;
    visit_copy(registers->fpregs->_xmm, sizeof registers->fpregs->_xmm, visit, visitor_context);
    visit_extended((const char *)registers->fpregs, visit, visitor_context);
  }
#else
  (void)visit;  // they lie on the stack
  (void)visitor_context;
#endif
}

static void reset(void) {
  atomic_store_explicit(&state.is_stopping, false, memory_order_relaxed);
  state.count = 0;
  loam_lock_reset(&state.lock);
}

// A forked child is alone.
__attribute__((constructor)) static void watch_process(void) {
  pthread_atfork(NULL, NULL, reset);
  bool made = pthread_key_create(&end_key, note_end) == 0;
  atomic_store_explicit(&has_end_key, made, memory_order_release);
}
