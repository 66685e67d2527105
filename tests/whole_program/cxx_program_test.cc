// A C++ program without a test framework, which also links fully statically.
// Prints what failed, and exits with 0 when all went well.

#include <malloc.h>

#include <cstdio>
#include <limits>
#include <map>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

int failures;

void Expect(bool true_that, const char *what) {
  if (true_that) return;
  fprintf(stderr, "failed: %s\n", what);
  ++failures;
}

std::map<int, std::string> made_before_main = {{1, std::string(100, 'a')}, {2, "b"}};

void TestContainers() {
  std::map<std::string, std::vector<int>> map;
  for (int i = 0; i < 50000; ++i) map[std::to_string(i % 1000)].push_back(i);
  Expect(map.size() == 1000 && map["999"].size() == 50, "containers");
}

void TestFailure() {
  volatile size_t huge = std::numeric_limits<ptrdiff_t>::max();
  bool caught = false;
  try {
    ::operator delete(::operator new(huge));
  } catch (const std::bad_alloc &) {
    caught = true;
  }
  Expect(caught, "bad_alloc");
  Expect(::operator new(huge, std::nothrow) == nullptr, "nothrow new");
}

void TestExceptions() {
  for (int i = 0; i < 100; ++i) {
    try {
      throw std::runtime_error(std::string(1000, 'x'));
    } catch (const std::exception &error) {
      Expect(std::string(error.what()).size() == 1000, "exception");
    }
  }
}

// operator new and malloc count in one place: all are of one allocator.
void TestIdentity() {
  const size_t before = mallinfo2().uordblks;
  auto block = std::make_unique<char[]>(30000);
  Expect(mallinfo2().uordblks >= before + 30000, "operator new is counted by mallinfo2");
}

void TestAlignment() {
  struct alignas(256) Wide {
    char bytes[256];
  };
  auto wide = std::make_unique<Wide>();
  Expect(reinterpret_cast<uintptr_t>(wide.get()) % 256 == 0, "alignment");
}

}  // namespace

int main() {
  Expect(made_before_main.at(1).size() == 100, "content from before main");
  TestContainers();
  TestFailure();
  TestExceptions();
  TestIdentity();
  TestAlignment();
  for (int i = 0; i < 50; ++i) std::thread(TestContainers).join();
  return failures == 0 ? 0 : 1;
}
