#include "common/stack/stack.h"

#include <gnu/libc-version.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/stack/elf_file.h"
#include "common/stack/stack_fixture.h"
#include "common/stack/symbols.h"
#include "common/stack/table.h"
#include "common/testing/capture.h"
#include "common/testing/scenario.h"

NOT_INLINE static void innermost(struct stack *stack, size_t max, size_t skip) {
  stack->count = loam_stack_capture(stack->frames, max, skip, NULL);
  STAY();
}

NOT_INLINE static void middle(struct stack *stack, size_t max, size_t skip) {
  innermost(stack, max, skip);
  STAY();
}

NOT_INLINE static void outermost(struct stack *stack, size_t max, size_t skip) {
  middle(stack, max, skip);
  STAY();
}

NOT_INLINE static void recurse(struct stack *stack, int depth) {
  if (depth > 0) {
    recurse(stack, depth - 1);
  } else {
    innermost(stack, FRAMES, 0);
  }
  STAY();
}

static const char *printed(const struct stack *stack, bool with_names) {
  loam_capture_begin();
  if (with_names) loam_symbols_open();
  loam_stack_print(STDERR_FILENO, stack->frames, stack->count, "  ");
  if (with_names) loam_symbols_close();
  return loam_capture_end();
}

// Whether the text has all of the words, in this order.
static bool has_in_order(const char *text, const char *const *words, size_t count) {
  for (size_t i = 0; i < count; i++) {
    text = strstr(text, words[i]);
    if (text == NULL) return false;
  }
  return true;
}

// --- Capturing ---------------------------------------------------------------

SCENARIO(TheCallersAreThereInnermostFirst) {
  struct stack stack;
  outermost(&stack, FRAMES, 0);
  EXPECT(stack.count > 3 && stack.count < FRAMES);
  const char *const expected[] = {"#0 0x",     "innermost+0x", "stack_test",   "#1 0x",
                                  "middle+0x", "#2 0x",        "outermost+0x", "main+0x"};
  EXPECT(has_in_order(printed(&stack, true), expected, sizeof expected / sizeof expected[0]));
  return NULL;
}

SCENARIO(WhatIsSkippedIsNotThere) {
  struct stack stack;
  outermost(&stack, FRAMES, 1);
  const char *text = printed(&stack, true);
  EXPECT(strstr(text, "innermost") == NULL);
  const char *const expected[] = {"#0 0x", "middle+0x", "#1 0x", "outermost+0x"};
  EXPECT(has_in_order(text, expected, sizeof expected / sizeof expected[0]));
  return NULL;
}

SCENARIO(NoMoreThanThereIsRoomFor) {
  struct stack whole, part;
  memset(&part, 0x77, sizeof part);
  for (int i = 0; i < 2; i++) outermost(i == 0 ? &whole : &part, i == 0 ? FRAMES : 3, 0);
  EXPECT(part.count == 3);
  EXPECT(memcmp(part.frames, whole.frames, 3 * sizeof(uintptr_t)) == 0);
  EXPECT(part.frames[3] == 0x7777777777777777);
  recurse(&whole, 200);
  EXPECT(whole.count == FRAMES);
  return NULL;
}

static struct stack in_handler;

static void on_signal(int signal) {
  (void)signal;
  innermost(&in_handler, FRAMES, 0);
}

NOT_INLINE static void interrupted(void) {
  raise(SIGUSR1);
  STAY();
}

SCENARIO(ASignalHandlerSeesWhatItInterrupted) {
  signal(SIGUSR1, on_signal);
  interrupted();
  signal(SIGUSR1, SIG_DFL);
  const char *const expected[] = {"innermost+0x", "on_signal+0x", "interrupted+0x", "main+0x"};
  EXPECT(has_in_order(printed(&in_handler, true), expected, sizeof expected / sizeof expected[0]));
  return NULL;
}

static void *in_thread(void *argument) {
  outermost(argument, FRAMES, 0);
  return NULL;
}

SCENARIO(AThreadHasAStackOfItsOwn) {
  struct stack stack;
  pthread_t thread;
  EXPECT(pthread_create(&thread, NULL, in_thread, &stack) == 0);
  pthread_join(thread, NULL);
  const char *text = printed(&stack, true);
  EXPECT(strstr(text, "in_thread+0x") != NULL);
  EXPECT(strstr(text, " main+0x") == NULL);
  return NULL;
}

static int capture_under_the_loaders_lock(struct dl_phdr_info *info, size_t size, void *argument) {
  (void)info;
  (void)size;
  pthread_t thread;
  struct stack *stack = argument;
  if (pthread_create(&thread, NULL, in_thread, &stack[0]) != 0) return 1;
  innermost(&stack[1], FRAMES, 0);
  pthread_detach(thread);
  return 1;
}

SCENARIO(TheLoadersLockIsNotWaitedForByItsHolder) {
  static struct stack stacks[2];
  dl_iterate_phdr(capture_under_the_loaders_lock, stacks);
  EXPECT(stacks[1].count > 3);
  return NULL;
}

// --- Telling -----------------------------------------------------------------

SCENARIO(WithoutNamesThereAreAddresses) {
  struct stack stack;
  outermost(&stack, 2, 0);
  char expected[100];
  snprintf(expected, sizeof expected, "  #0 0x%zx\n  #1 0x%zx\n", stack.frames[0] - 1,
           stack.frames[1] - 1);
  EXPECT(strcmp(printed(&stack, false), expected) == 0);
  return NULL;
}

SCENARIO(WhatIsNoCodeHasNoName) {
  struct stack stack = {.frames = {0x1235, (uintptr_t)&in_handler + 1}, .count = 2};
  char expected[100];
  snprintf(expected, sizeof expected, "  #0 0x1234\n  #1 0x%zx\n", (uintptr_t)&in_handler);
  EXPECT(strcmp(printed(&stack, true), expected) == 0);
  return NULL;
}

// (One that no sanitizer puts its own in the place of.)
SCENARIO(ALibrarysFunctionIsNamed) {
  struct loam_symbol symbol;
  EXPECT(loam_symbols_open());
  EXPECT(loam_symbol_find((uintptr_t)&gnu_get_libc_version + 1, &symbol));
  EXPECT(strstr(symbol.module, "libc") != NULL);
  EXPECT(symbol.function != NULL && strcmp(symbol.function, "gnu_get_libc_version") == 0);
  EXPECT(symbol.function_offset == 1);
  loam_symbols_close();
  return NULL;
}

SCENARIO(OpenedTwiceByOneThreadItSaysNo) {
  EXPECT(loam_symbols_open());
  EXPECT(!loam_symbols_open());
  loam_symbols_close();
  EXPECT(loam_symbols_open());
  loam_symbols_close();
  return NULL;
}

// --- ELF files ---------------------------------------------------------------

// A file of nonsense is answered, not believed.
SCENARIO(NoDamageToAFileIsHarmful) {
  struct loam_elf whole;
  EXPECT(loam_elf_open(&whole, "/proc/self/exe"));
  char *copy = malloc(whole.bytes);
  EXPECT(copy != NULL);
  uint32_t random = 1;
  for (int turn = 0; turn < 300; turn++) {
    memcpy(copy, whole.start, whole.bytes);
    size_t bytes = turn % 3 == 0 ? 64 + whole.bytes / 300 * (size_t)turn : whole.bytes;
    for (int i = 0; i < 40; i++) {
      random = random * 1664525 + 1013904223;
      size_t where = (random >> 8) % 4096;  // the headers, at either end
      copy[turn % 2 == 0 ? where : whole.bytes - 1 - where] = (char)random;
    }
    char *exact = malloc(bytes);  // so that a sanitizer knows its end
    EXPECT(exact != NULL);
    memcpy(exact, copy, bytes);
    struct loam_elf damaged = {.start = exact, .bytes = bytes};
    uintptr_t start = 0;
    const char *name = loam_elf_function(&damaged, 0x1200, &start);
    EXPECT(name == NULL || strlen(name) < bytes);
    loam_elf_address(&damaged, 0x1200);
    EXPECT(loam_elf_section(&damaged, ".debug_line").bytes <= bytes);
    free(exact);
  }
  free(copy);
  loam_elf_close(&whole);
  return NULL;
}

SCENARIO(WhatIsNoElfFileIsNotOpened) {
  struct loam_elf elf;
  EXPECT(!loam_elf_open(&elf, "/proc/self/cmdline"));
  EXPECT(!loam_elf_open(&elf, "/"));
  EXPECT(!loam_elf_open(&elf, "/no/such/file"));
  return NULL;
}

// --- The table ---------------------------------------------------------------

static uint32_t intern_made_up(uintptr_t seed, size_t count) {
  uintptr_t frames[FRAMES];
  for (size_t i = 0; i < count; i++) frames[i] = seed * 1000 + i;
  return loam_stack_intern(frames, count);
}

// Over several chunks and all levels.
enum { MADE_UP = 12000 };

static uint32_t made_up[MADE_UP];

static size_t count_of(uintptr_t seed) { return 1 + seed % FRAMES; }

SCENARIO(AStackIsKeptOnce) {
  for (uintptr_t seed = 0; seed < MADE_UP; seed++) {
    made_up[seed] = intern_made_up(seed, count_of(seed));
    EXPECT(made_up[seed] != 0);
  }
  size_t bytes = loam_stack_table_bytes();
  for (uintptr_t seed = 0; seed < MADE_UP; seed++) {
    EXPECT(intern_made_up(seed, count_of(seed)) == made_up[seed]);
    size_t count;
    const uintptr_t *frames = loam_stack_frames(made_up[seed], &count);
    EXPECT(count == count_of(seed));
    EXPECT(frames[0] == seed * 1000 && frames[count - 1] == seed * 1000 + count - 1);
  }
  EXPECT(loam_stack_table_bytes() == bytes);
  return NULL;
}

SCENARIO(NoFramesAreNoStack) {
  size_t count = 7;
  EXPECT(intern_made_up(1, 0) == 0);
  EXPECT(loam_stack_frames(0, &count) == NULL && count == 0);
  return NULL;
}

static void *intern_all(void *argument) {
  uint32_t *stacks = argument;
  for (uintptr_t seed = 0; seed < MADE_UP; seed++) {
    stacks[seed] = intern_made_up(seed + 1000000, count_of(seed));
  }
  return NULL;
}

SCENARIO(ThreadsAgreeOnNumbers) {
  enum { THREADS = 4 };
  static uint32_t stacks[THREADS][MADE_UP];
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) {
    EXPECT(pthread_create(&threads[i], NULL, intern_all, stacks[i]) == 0);
  }
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  for (int i = 1; i < THREADS; i++) EXPECT(memcmp(stacks[0], stacks[i], sizeof stacks[0]) == 0);
  return NULL;
}
