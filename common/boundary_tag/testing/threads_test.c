// Threads over shared arenas: which one they use, and what becomes due; heaps beside them.

#include "common/boundary_tag/given_memory.h"
#include "common/boundary_tag/testing/arena_fixture.h"

enum { THREADS = 4, ROUNDS = 300000 };

static void *churn(void *argument) {
  (void)argument;
  for (int i = 0; i < ROUNDS; i++) heap_free(heap_malloc(100));
  return NULL;
}

// Runs `count` threads that allocate and free.
static const char *run_threads(int count) {
  pthread_t threads[THREADS];
  for (int i = 0; i < count; i++) EXPECT(pthread_create(&threads[i], NULL, churn, NULL) == 0);
  for (int i = 0; i < count; i++) EXPECT(pthread_join(threads[i], NULL) == 0);
  return NULL;
}

static uint32_t threads_of(size_t index) {
  return atomic_load_explicit(&state.arenas[index].threads, memory_order_relaxed);
}

// What is due every so often must stay so where the arena was taken in between.
SCENARIO(TheCountdownNeverRunsPastItsEnd) {
  ensure_set_up();
  state.arena_count = 1;
  EXPECT_HOLDS(run_threads(THREADS));
  for (size_t i = 0; i < ARENAS_MAX; i++) EXPECT(state.arenas[i].countdown <= ARENA_COUNTDOWN);
  EXPECT(heap_check());
  return NULL;
}

SCENARIO(AThreadThatEndsLeavesItsArena) {
  ensure_set_up();
  state.arena_count = 2;
  heap_free(heap_malloc(1));  // this thread has one now
  uint32_t before = threads_of(0) + threads_of(1);
  EXPECT_HOLDS(run_threads(THREADS));
  EXPECT(threads_of(0) + threads_of(1) == before);
  return NULL;
}

SCENARIO(AHeapInGivenMemoryIsEnteredByItsOwnCallsAlone) {
  static _Alignas(BLOCK_ALIGNMENT) char memory[65536];
  struct loam_heap *heap = own_heap_create_with_memory(memory, sizeof memory);
  EXPECT(heap != NULL);
  void *payload = malloc_slow(&heap->arena, (struct request){.bytes = 100});
  arena_defer(&heap->arena, block_of_payload(payload));
  purge_own_heap(loam_os_now_ms());
  EXPECT(arena_has_deferred(&heap->arena));
  own_heap_destroy(heap);
  return NULL;
}

SCENARIO(AThreadStartsWhereFewestAre) {
  ensure_set_up();
  state.arena_count = 3;
  struct arena *mine_before = my_arena();
  EXPECT(least_used_arena() != mine_before);
  EXPECT(threads_of((size_t)(least_used_arena() - state.arenas)) == 0);
  return NULL;
}

static void *churn_heaps(void *argument) {
  (void)argument;
  for (int i = 0; i < 2000; i++) {
    struct loam_heap *heap = own_heap_create();
    for (size_t size = 1; size < 40; size++) {
      malloc_slow(&heap->arena, (struct request){.bytes = size});
    }
    own_heap_destroy(heap);
  }
  return NULL;
}

// A heap that ends meanwhile is counted once, not twice or not at all.
SCENARIO(TotalsNeverFallWhileHeapsComeAndGo) {
  pthread_t thread;
  EXPECT(pthread_create(&thread, NULL, churn_heaps, NULL) == 0);
  struct loam_stats last = {0};
  for (int i = 0; i < 500; i++) {
    struct loam_stats now;
    heap_stats(&now);
    EXPECT(now.malloc_calls >= last.malloc_calls && now.free_calls >= last.free_calls);
    last = now;
  }
  EXPECT(pthread_join(thread, NULL) == 0);
  return NULL;
}

// New large memory gives back what lies free in the arena.
SCENARIO(LargeMemoryPushesOutWhatIsFree) {
  enum { BLOCK = 200000, BLOCKS = 40 };
  ensure_set_up();
  void *blocks[BLOCKS];
  for (int i = 0; i < BLOCKS; i++) {
    blocks[i] = heap_malloc(BLOCK);
    EXPECT(blocks[i] != NULL);
    memset(blocks[i], 1, BLOCK);
  }
  const char *inside = (const char *)blocks[BLOCKS / 2] + BLOCK / 2;
  for (int i = 0; i < BLOCKS; i++) heap_free(blocks[i]);
  EXPECT(*inside != 0);  // still there: nothing was given back yet
  void *large = heap_malloc((size_t)BLOCK * BLOCKS * 2);
  EXPECT(large != NULL && *inside == 0);
  heap_free(large);
  return NULL;
}

// A freed mapping serves the next large request, without the kernel.
SCENARIO(AFreedMappingIsUsedAgain) {
  enum { BYTES = 1 << 20 };
  void *first = heap_malloc(BYTES);
  EXPECT(first != NULL);
  heap_free(first);
  fail(LOAM_OS_MAP);
  void *second = heap_malloc(BYTES);
  fail_nothing();
  EXPECT(second == first);
  heap_free(second);
  return NULL;
}
