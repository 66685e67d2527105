// Leaks in the ways that C++ adds. As in leaky.c: what leaks is in a function named leak_...

#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#if __has_attribute(noclone)  // or gcc makes copies by other names
#define NOT_INLINE __attribute__((noinline, noclone))
#else
#define NOT_INLINE __attribute__((noinline))
#endif

namespace {

struct Named {
  virtual ~Named() = default;
  std::string name = std::string(100, 'n');
  std::vector<int> numbers = std::vector<int>(50, 7);
};

void *volatile passed;

template <typename Value>
void Pass(Value *value) {
  passed = value;
  passed = nullptr;
}

std::map<int, std::string> kept;

}  // namespace

extern "C" {

NOT_INLINE void leak_an_object() { Pass(new Named); }
NOT_INLINE void leak_an_array() { Pass(new long[64]); }
NOT_INLINE void leak_objects() { Pass(new Named[3]); }
NOT_INLINE void leak_by_release() { Pass(std::make_unique<Named>().release()); }
NOT_INLINE void leak_in_a_cycle() {
  struct Link {
    std::shared_ptr<Link> next;
  };
  auto first = std::make_shared<Link>();
  first->next = std::make_shared<Link>();
  first->next->next = first;
}

}  // extern "C"

namespace {

struct LeaksWhenDestroyed {
  ~LeaksWhenDestroyed() { leak_an_array(); }
} last;

NOT_INLINE void KeepAndFree() {
  for (int i = 0; i < 100; ++i) kept[i] = std::string(static_cast<size_t>(i), 'k');
  static auto *singleton = new std::vector<std::string>(10, std::string(50, 's'));
  singleton->push_back("one more");
  try {
    throw std::string(200, 'e');
  } catch (const std::string &) {
  }
}

NOT_INLINE void ClearStack() {
  volatile char bytes[16384];
  for (volatile char &byte : bytes) byte = 0;
}

}  // namespace

int main() {
  KeepAndFree();
  leak_an_object();
  leak_objects();
  leak_by_release();
  std::thread(leak_in_a_cycle).join();
  ClearStack();
  std::puts("done");
}
