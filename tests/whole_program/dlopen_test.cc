// Libraries that come and go at run time share the program's malloc.

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <thread>

#include "tests/support/process.h"
#include "tests/support/stamp.h"

namespace loam::test {
namespace {

class Guest {
 public:
  Guest() : handle_(dlopen(DataPath("tests/whole_program/libguest.so").c_str(), RTLD_NOW)) {
    if (handle_ == nullptr) ADD_FAILURE() << dlerror();
  }
  ~Guest() {
    if (handle_ != nullptr) dlclose(handle_);
  }
  Guest(const Guest &) = delete;
  Guest &operator=(const Guest &) = delete;

  template <typename Function>
  Function *Get(const char *name) const {
    auto *function = reinterpret_cast<Function *>(dlsym(handle_, name));
    EXPECT_NE(function, nullptr) << dlerror();
    return function;
  }

  bool IsOpen() const { return handle_ != nullptr; }

 private:
  void *handle_;
};

TEST(DlopenTest, TheLibraryUsesTheProgramsMalloc) {
  Guest guest;
  ASSERT_TRUE(guest.IsOpen());
  EXPECT_EQ(guest.Get<void *()>("guest_malloc_address")(), dlsym(RTLD_DEFAULT, "malloc"));
}

TEST(DlopenTest, ConstructorsAndThreadLocalsAllocate) {
  for (int i = 0; i < 50; ++i) {
    Guest guest;
    ASSERT_TRUE(guest.IsOpen());
    EXPECT_EQ(guest.Get<size_t()>("guest_constructed")(), 8000u);
  }
}

TEST(DlopenTest, BlocksCrossInBothDirections) {
  Guest guest;
  ASSERT_TRUE(guest.IsOpen());
  auto *guest_malloc = guest.Get<void *(size_t)>("guest_malloc");
  auto *guest_free = guest.Get<void(void *)>("guest_free");
  for (size_t size = 1; size < 10000000; size = size * 3 + 1) {
    void *theirs = guest_malloc(size);
    ASSERT_NE(theirs, nullptr);
    Stamp(theirs, size, 1);
    theirs = realloc(theirs, size * 2);
    ASSERT_NE(theirs, nullptr);
    EXPECT_TRUE(IsStamped(theirs, size, 1));
    free(theirs);
    guest_free(malloc(size));
  }
  delete guest.Get<std::string *()>("guest_new")();
  guest.Get<void(std::string *)>("guest_delete")(new std::string(1000, 'm'));
}

TEST(DlopenTest, BlocksOutliveTheLibrary) {
  void *block = nullptr;
  {
    Guest guest;
    ASSERT_TRUE(guest.IsOpen());
    block = guest.Get<void *(size_t)>("guest_malloc")(4000);
    Stamp(block, 4000, 2);
  }
  EXPECT_TRUE(IsStamped(block, 4000, 2));
  free(block);
}

TEST(DlopenTest, LibrariesOpenInThreads) {
  for (int i = 0; i < 20; ++i) {
    std::thread([] {
      Guest guest;
      ASSERT_TRUE(guest.IsOpen());
      EXPECT_EQ(guest.Get<size_t()>("guest_constructed")(), 8000u);
    }).join();
  }
}

}  // namespace
}  // namespace loam::test
