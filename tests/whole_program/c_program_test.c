/* A program in C, which also links fully statically: no C++ library, no
 * loader. Prints what failed, and exits with 0 when all went well. */

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/whole_program/standard_names.h"

static int failures;

#define EXPECT(condition)                                                     \
  do {                                                                        \
    if (!(condition)) {                                                       \
      fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition); \
      failures++;                                                             \
    }                                                                         \
  } while (0)

static void *before_main;

__attribute__((constructor(101))) static void constructor(void) { before_main = strdup("early"); }

static void test_family(void) {
  for (size_t size = 0; size < 5000000; size = size * 2 + 1) {
    char *block = malloc(size);
    EXPECT(block != NULL && (uintptr_t)block % 16 == 0);
    EXPECT(malloc_usable_size(block) >= size);
    memset(block, 'm', size);
    block = realloc(block, size * 2 + 1);
    EXPECT(block != NULL && (size == 0 || (block[0] == 'm' && block[size - 1] == 'm')));
    free(block);
    block = calloc(size + 1, 3);
    EXPECT(block != NULL && block[0] == 0 && block[size * 3 + 2] == 0);
    free(block);
    block = aligned_alloc(4096, size);
    EXPECT(block != NULL && (uintptr_t)block % 4096 == 0);
    free_aligned_sized(block, 4096, size);
    free_sized(malloc(size), size);
  }
  free(NULL);
}

static void test_failures(void) {
  volatile size_t huge = SIZE_MAX / 2 + 1;
  errno = 0;
  EXPECT(malloc(huge) == NULL && errno == ENOMEM);
  errno = 0;
  EXPECT(calloc(huge, 2) == NULL && errno == ENOMEM);
}

/* Which malloc is it? mallinfo2 counts what malloc gave, or one of them is
 * another allocator's. */
static void test_identity(void) {
  const size_t before = mallinfo2().uordblks;
  void *block = malloc(30000);
  EXPECT(mallinfo2().uordblks >= before + 30000);
  free(block);
  EXPECT(mallinfo2().uordblks == before);
}

static void *thread_main(void *block) {
  free(block);
  return strdup("from a thread");
}

static void test_threads(void) {
  for (int i = 0; i < 100; i++) {
    pthread_t thread;
    void *result = NULL;
    EXPECT(pthread_create(&thread, NULL, thread_main, malloc(1000)) == 0);
    EXPECT(pthread_join(thread, &result) == 0);
    EXPECT(result != NULL && strcmp(result, "from a thread") == 0);
    free(result);
  }
}

static void test_fork(void) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(30);
    free(malloc(100000));
    _exit(0);
  }
  int status = 1;
  EXPECT(waitpid(child, &status, 0) == child && status == 0);
}

/* The variant's name is in what malloc_stats prints. */
static void test_name(void) {
  const char *name = getenv("LOAM_TEST_VARIANT");
  char text[4096] = "";
  int ends[2];
  EXPECT(pipe(ends) == 0);
  fflush(stderr);
  const int kept = dup(STDERR_FILENO);
  dup2(ends[1], STDERR_FILENO);
  malloc_stats();
  dup2(kept, STDERR_FILENO);
  close(ends[1]);
  EXPECT(read(ends[0], text, sizeof(text) - 1) > 0);
  close(ends[0]);
  close(kept);
  EXPECT(name != NULL && strstr(text, name) != NULL);
}

static void *kept_for_exit;

static void at_exit(void) {
  free(kept_for_exit);
  free(malloc(500));
}

int main(void) {
  EXPECT(strcmp(before_main, "early") == 0);
  free(before_main);
  test_family();
  test_failures();
  test_identity();
  test_threads();
  test_fork();
  test_name();
  kept_for_exit = malloc(100);
  atexit(at_exit);
  return failures == 0 ? 0 : 1;
}
