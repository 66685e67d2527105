// Leaks in every way that C has. Each function that leaks is named leak_...; nothing else may be
// reported.

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if __has_attribute(noclone)  // or gcc makes copies by other names
#define NOT_INLINE __attribute__((noinline, noclone))
#else
#define NOT_INLINE __attribute__((noinline))
#endif

struct node {
  struct node *next;
  char payload[40];
};

// --- What is kept --------------------------------------------------------------

void *kept_by_a_global;
struct node *kept_list;
char *kept_by_its_middle;
__thread void *kept_by_a_thread;
static void *volatile passed;  // through here, so that no compiler knows where a block goes

NOT_INLINE static void keep_some(void) {
  kept_by_a_global = malloc(10);
  kept_list = malloc(sizeof *kept_list);
  kept_list->next = malloc(sizeof *kept_list);
  kept_list->next->next = NULL;
  kept_by_its_middle = (char *)malloc(300) + 150;
  kept_by_a_thread = malloc(44);
}

static volatile int is_waiting;

// Its block is known to its stack or its registers alone.
NOT_INLINE static void *keep_on_a_stack(void *nothing) {
  void *volatile mine = malloc(77);
  is_waiting = 1;
  pause();
  free(mine);
  return nothing;
}

// Its block is known to a vector register alone.
NOT_INLINE static void *keep_in_a_register(void *nothing) {
#if defined(__x86_64__)
  void *mine = malloc(78);
  __asm__ volatile(
      "movq %[mine], %%xmm9\n"
      "xorl %k[mine], %k[mine]\n"
      "movl $1, %[is_waiting]\n"
      "1: movl $34, %%eax\n"  // pause
      "syscall\n"
      "jmp 1b\n"
      : [mine] "+b"(mine), [is_waiting] "=m"(is_waiting)
      :
      : "rax", "rcx", "r11", "xmm9", "memory");
#else
  is_waiting = 1;
#endif
  return nothing;
}

// --- What is not ---------------------------------------------------------------

NOT_INLINE static void leak_thrice(void) {
  for (int i = 0; i < 3; i++) passed = malloc(100);
  passed = NULL;
}

NOT_INLINE static void leak_a_list(void) {
  struct node *head = NULL;
  for (int i = 0; i < 5; i++) {
    struct node *node = malloc(sizeof *node);
    node->next = head;
    head = node;
  }
  passed = head;
  passed = NULL;
}

NOT_INLINE static void leak_a_ring(void) {
  struct node *first = malloc(sizeof *first);
  struct node *second = malloc(sizeof *second);
  first->next = second;
  second->next = first;
  passed = first;
  passed = NULL;
}

NOT_INLINE static void leak_after_realloc(void) {
  passed = realloc(malloc(10), 1000);
  passed = NULL;
}

NOT_INLINE static void leak_pages(void) {
  passed = malloc(5 << 20);
  passed = aligned_alloc(4096, 8192);
  passed = NULL;
}

NOT_INLINE static void *leak_in_a_thread(void *nothing) {
  passed = strdup("by way of libc");
  kept_by_a_thread = malloc(33);  // goes with the thread
  passed = NULL;
  return nothing;
}

NOT_INLINE static void leak_at_exit(void) {
  passed = malloc(555);
  passed = NULL;
}

NOT_INLINE static void leak_in_a_library(const char *path) {
  void *library = dlopen(path, RTLD_NOW);
  if (library == NULL) abort();
  void (*leak)(void) = (void (*)(void))dlsym(library, "leak_of_the_library");
  leak();
}

// What calls that ended left on the stack is no pointer of the program's any more.
NOT_INLINE static void clear_stack(void) {
  volatile char bytes[16384];
  memset((void *)bytes, 0, sizeof bytes);
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  pthread_t thread;
  keep_some();
  leak_thrice();
  leak_a_list();
  leak_a_ring();
  leak_after_realloc();
  leak_pages();
  if (pthread_create(&thread, NULL, leak_in_a_thread, NULL) != 0) return 2;
  pthread_join(thread, NULL);
  if (pthread_create(&thread, NULL, keep_on_a_stack, NULL) != 0) return 2;
  while (!is_waiting) usleep(1000);
  is_waiting = 0;
  if (pthread_create(&thread, NULL, keep_in_a_register, NULL) != 0) return 2;
  while (!is_waiting) usleep(1000);
  leak_in_a_library(argv[1]);
  atexit(leak_at_exit);
  clear_stack();
  puts("done");
  return 0;
}
