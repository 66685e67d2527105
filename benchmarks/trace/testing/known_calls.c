// A program whose calls of malloc are known: recorded by record_test and replay_test.
//
//   known_calls calls              one thread, every function
//   known_calls threads N COUNT    N threads; each gives its blocks to the next to free
//   known_calls churn COUNT        one short thread after the other
//   known_calls forks COUNT        forks while other threads allocate
//   known_calls exec               a child that executes `calls`
//   known_calls signals COUNT      a handler that allocates at any time
//   known_calls die COUNT          makes blocks of 8 bytes and is killed
//   known_calls burst COUNT        allocates now and then; on SIGUSR1 does so
//                                  COUNT times, and exits with 5

#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// Fails the process, without calling malloc.
static void require(bool holds) {
  if (!holds) _exit(9);
}

// 14 calls: 11 that hand out and 3 that give back. At most 20,940 bytes live.
static int calls(void) {
  char *first = malloc(100);                 // live: 100
  char *zeroed = calloc(10, 20);             // 300
  char *grown = realloc(NULL, 40);           // 340
  grown = realloc(grown, 4000);              // 4,300
  char *array = reallocarray(NULL, 30, 10);  // 4,600
  char *aligned = aligned_alloc(256, 512);   // 5,112
  void *posix = NULL;
  require(posix_memalign(&posix, 64, 640) == 0);  // 5,752
  char *old_style = memalign(32, 96);             // 5,848
  char *page = valloc(3000);                      // 8,848
  char *pages = pvalloc(5000);                    // 17,040: asks for two pages
  require(first && zeroed && grown && array && aligned && old_style && page && pages);
  require((uintptr_t)aligned % 256 == 0 && (uintptr_t)posix % 64 == 0);
  require((uintptr_t)page % 4096 == 0 && (uintptr_t)pages % 4096 == 0);
  free(first);                // 16,940
  char *last = malloc(4000);  // 20,940: the peak
  require(last != NULL);
  free(last);  // 16,940
  free(NULL);
  return 0;
}

enum { MAX_THREADS = 64, SLOTS = 256 };

struct worker {
  pthread_t thread;
  long count;
  struct worker *next;
  _Atomic(char *) slots[SLOTS];  // blocks that the worker before left here
};

static struct worker workers[MAX_THREADS];
static pthread_barrier_t all_began;

// Once all workers have made their first block, so that they live at the same time:
// makes `count` blocks of 48 bytes, leaves each with the next worker, and frees
// whatever is in the way.
static void *work(void *argument) {
  struct worker *self = argument;
  char *first = malloc(48);
  pthread_barrier_wait(&all_began);
  for (long i = 0; i < self->count; i++) {
    char *block = i == 0 ? first : malloc(48);
    memset(block, 1, 48);
    free(atomic_exchange(&self->next->slots[i % SLOTS], block));
    free(atomic_exchange(&self->slots[(i * 7) % SLOTS], NULL));
  }
  return NULL;
}

static int threads(long count, long blocks) {
  require(count <= MAX_THREADS);
  pthread_barrier_init(&all_began, NULL, (unsigned)count);
  for (long i = 0; i < count; i++) {
    workers[i].count = blocks;
    workers[i].next = &workers[(i + 1) % count];
  }
  for (long i = 0; i < count; i++) {
    require(pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0);
  }
  for (long i = 0; i < count; i++) pthread_join(workers[i].thread, NULL);
  for (long i = 0; i < count; i++) {
    for (int slot = 0; slot < SLOTS; slot++) free(workers[i].slots[slot]);
  }
  return 0;
}

static void *make_one(void *argument) {
  (void)argument;
  return malloc(24);
}

static int churn(long count) {
  for (long i = 0; i < count; i++) {
    pthread_t thread;
    void *block;
    require(pthread_create(&thread, NULL, make_one, NULL) == 0);
    pthread_join(thread, &block);
    free(block);
  }
  return 0;
}

static void *allocate_until_told(void *stop) {
  while (!atomic_load((atomic_bool *)stop)) free(malloc(32));
  return NULL;
}

static int forks(long count) {
  static atomic_bool stop;
  pthread_t busy[2];
  void *block = malloc(1000);
  for (int i = 0; i < 2; i++) pthread_create(&busy[i], NULL, allocate_until_told, &stop);
  bool all_well = true;
  for (long i = 0; i < count; i++) {
    pid_t child = fork();
    if (child == 0) {
      free(block);  // the parent's
      free(malloc(64));
      _exit(7);
    }
    int status = 0;
    all_well = waitpid(child, &status, 0) == child && WIFEXITED(status) &&
               WEXITSTATUS(status) == 7 && all_well;
  }
  atomic_store(&stop, true);
  for (int i = 0; i < 2; i++) pthread_join(busy[i], NULL);
  free(block);
  return all_well ? 0 : 1;
}

static int execute(const char *program) {
  free(malloc(10));
  pid_t child = fork();
  if (child == 0) {
    execl(program, program, "calls", (char *)NULL);
    _exit(8);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}

static void allocate_in_handler(int number) {
  (void)number;
  for (int i = 0; i < 3; i++) free(malloc(16));
}

// Only under a malloc that handlers may call.
static int signals(long count) {
  signal(SIGALRM, allocate_in_handler);
  const struct itimerval often = {{0, 50}, {0, 50}};
  setitimer(ITIMER_REAL, &often, NULL);
  for (long i = 0; i < count; i++) free(malloc(40));
  const struct itimerval never = {{0, 0}, {0, 0}};
  setitimer(ITIMER_REAL, &never, NULL);
  return 0;
}

static _Noreturn void die(long count) {
  for (long i = 0; i < count; i++) require(malloc(8) != NULL);
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

static atomic_bool was_told;

static void note(int number) {
  (void)number;
  atomic_store(&was_told, true);
}

static int burst(long count) {
  signal(SIGUSR1, note);
  while (!atomic_load(&was_told)) {
    for (int i = 0; i < 100; i++) free(malloc(8));
    nanosleep(&(struct timespec){0, 1000000}, NULL);
  }
  for (long i = 0; i < count; i++) free(malloc(8));
  return 5;
}

int main(int argc, char **argv) {
  if (argc < 2) return 100;
  const char *what = argv[1];
  const long first = argc > 2 ? atol(argv[2]) : 0;
  const long second = argc > 3 ? atol(argv[3]) : 0;
  if (strcmp(what, "calls") == 0) return calls();
  if (strcmp(what, "threads") == 0) return threads(first, second);
  if (strcmp(what, "churn") == 0) return churn(first);
  if (strcmp(what, "forks") == 0) return forks(first);
  if (strcmp(what, "exec") == 0) return execute(argv[0]);
  if (strcmp(what, "signals") == 0) return signals(first);
  if (strcmp(what, "die") == 0) die(first);
  if (strcmp(what, "burst") == 0) return burst(first);
  return 100;
}
