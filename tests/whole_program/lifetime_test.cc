// The first and the last moments of a program: constructors before main,
// global objects, atexit, destructors after main. Not a GoogleTest: its own
// main is one of the things under test. Exits with 0 when all went well.

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace {

void *from_constructor;
void *from_preinit;
int failures;

void Expect(bool true_that, const char *what) {
  if (true_that) return;
  dprintf(STDERR_FILENO, "failed: %s\n", what);
  ++failures;
}

bool HoldsLetter(const void *block, char letter, size_t size) {
  const char *bytes = static_cast<const char *>(block);
  return bytes[0] == letter && memcmp(bytes, bytes + 1, size - 1) == 0;
}

void *LetterBlock(char letter, size_t size) {
  void *block = malloc(size);
  Expect(block != nullptr, "malloc");
  if (block != nullptr) memset(block, letter, size);
  return block;
}

// Before the constructors of any library.
void Preinit() { from_preinit = LetterBlock('p', 3000); }
__attribute__((section(".preinit_array"), used)) void (*preinit)() = Preinit;

__attribute__((constructor(101))) void FirstConstructor() {
  from_constructor = LetterBlock('c', 70000);
  from_constructor = realloc(from_constructor, 140000);
  Expect(HoldsLetter(from_constructor, 'c', 70000), "realloc in a constructor");
  free(calloc(100, 100));
  delete new std::string(1000, 's');
}

// A global that allocates when it is made and when it dies.
struct Global {
  Global() : numbers(10000, 7) { names["first"] = std::string(500, 'n'); }
  ~Global() {
    Expect(numbers[9999] == 7 && names["first"].size() == 500, "a global's content at exit");
    names["last"] = std::string(900, 'l');
    free(LetterBlock('d', 4 * 1024 * 1024));
    if (failures > 0) _exit(1);
  }
  std::vector<int> numbers;
  std::map<std::string, std::string> names;
};
Global global;

thread_local std::string main_threads_own;

void *kept_for_atexit;

void AtExit() {
  Expect(HoldsLetter(kept_for_atexit, 'k', 9000), "content at exit");
  free(kept_for_atexit);
  kept_for_atexit = LetterBlock('a', 100);
  free(realloc(LetterBlock('r', 10), 100000));
  std::thread([] { free(malloc(5000)); }).join();
}

__attribute__((destructor(101))) void LastDestructor() {
  Expect(HoldsLetter(kept_for_atexit, 'a', 100), "content in the last destructor");
  free(kept_for_atexit);
  free(LetterBlock('z', 12345));
  if (failures > 0) _exit(1);
}

}  // namespace

int main() {
  Expect(HoldsLetter(from_preinit, 'p', 3000), "content from before all constructors");
  Expect(HoldsLetter(from_constructor, 'c', 70000), "content from a constructor");
  free(from_preinit);
  free(from_constructor);
  main_threads_own.assign(10000, 't');
  kept_for_atexit = LetterBlock('k', 9000);
  atexit(AtExit);
  at_quick_exit([] { free(malloc(1)); });
  return failures == 0 ? 0 : 1;
}
