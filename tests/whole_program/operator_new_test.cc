// operator new and delete in every form, and what happens when there is no memory.

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <new>
#include <utility>

#include "tests/support/stamp.h"

namespace loam::test {
namespace {

constexpr size_t kSizes[] = {0, 1, 8, 100, 1000, 5000, 100000, 3000000};
constexpr size_t kAlignments[] = {16, 32, 64, 4096, 65536, 4194304};
volatile size_t too_large = std::numeric_limits<ptrdiff_t>::max();

void Use(void *block, size_t size, size_t alignment = 16) {
  ASSERT_NE(block, nullptr);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % alignment, 0u);
  Stamp(block, size, 1);
  EXPECT_TRUE(IsStamped(block, size, 1));
}

TEST(OperatorNewTest, PlainForms) {
  for (size_t size : kSizes) {
    void *block = ::operator new(size);
    Use(block, size);
    ::operator delete(block);
    block = ::operator new(size);
    Use(block, size);
    ::operator delete(block, size);
    block = ::operator new[](size);
    Use(block, size);
    ::operator delete[](block);
    block = ::operator new[](size);
    Use(block, size);
    ::operator delete[](block, size);
  }
}

TEST(OperatorNewTest, NothrowForms) {
  for (size_t size : kSizes) {
    void *block = ::operator new(size, std::nothrow);
    Use(block, size);
    ::operator delete(block, std::nothrow);
    block = ::operator new[](size, std::nothrow);
    Use(block, size);
    ::operator delete[](block, std::nothrow);
  }
}

TEST(OperatorNewTest, AlignedForms) {
  for (size_t bytes : kAlignments) {
    const auto alignment = static_cast<std::align_val_t>(bytes);
    for (size_t size : kSizes) {
      void *block = ::operator new(size, alignment);
      Use(block, size, bytes);
      ::operator delete(block, alignment);
      block = ::operator new(size, alignment);
      Use(block, size, bytes);
      ::operator delete(block, size, alignment);
      block = ::operator new[](size, alignment);
      Use(block, size, bytes);
      ::operator delete[](block, alignment);
      block = ::operator new[](size, alignment);
      Use(block, size, bytes);
      ::operator delete[](block, size, alignment);
      block = ::operator new(size, alignment, std::nothrow);
      Use(block, size, bytes);
      ::operator delete(block, alignment, std::nothrow);
      block = ::operator new[](size, alignment, std::nothrow);
      Use(block, size, bytes);
      ::operator delete[](block, alignment, std::nothrow);
    }
  }
}

TEST(OperatorNewTest, DeleteOfNull) {
  ::operator delete(nullptr);
  ::operator delete[](nullptr);
  ::operator delete (nullptr, size_t{8});
  ::operator delete[](nullptr, size_t{8});
  ::operator delete(nullptr, std::nothrow);
  ::operator delete (nullptr, std::align_val_t{64});
  ::operator delete[](nullptr, size_t{8}, std::align_val_t{64});
}

TEST(OperatorNewTest, ObjectsWithAnAlignmentOfTheirOwn) {
  struct alignas(128) Wide {
    char bytes[200];
  };
  auto *one = new Wide;
  auto *many = new Wide[7];
  EXPECT_EQ(reinterpret_cast<uintptr_t>(one) % 128, 0u);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(many) % 128, 0u);
  delete one;
  delete[] many;
}

TEST(OperatorNewTest, FailureThrows) {
  EXPECT_THROW(std::ignore = ::operator new(too_large), std::bad_alloc);
  EXPECT_THROW(std::ignore = ::operator new[](too_large), std::bad_alloc);
  EXPECT_THROW(std::ignore = ::operator new (too_large, std::align_val_t{64}), std::bad_alloc);
  EXPECT_THROW(std::ignore = ::operator new[](too_large, std::align_val_t{64}), std::bad_alloc);
}

TEST(OperatorNewTest, NothrowFailureIsNull) {
  EXPECT_EQ(::operator new(too_large, std::nothrow), nullptr);
  EXPECT_EQ(::operator new[](too_large, std::nothrow), nullptr);
  EXPECT_EQ(::operator new (too_large, std::align_val_t{64}, std::nothrow), nullptr);
  EXPECT_EQ(::operator new[](too_large, std::align_val_t{64}, std::nothrow), nullptr);
}

// A handler that gives up after some calls, the way that the standard allows.
int handler_calls_left;
int handler_calls;

void GiveUpInTheEnd() {
  ++handler_calls;
  if (--handler_calls_left == 0) std::set_new_handler(nullptr);
}

class NewHandlerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    handler_calls = 0;
    handler_calls_left = 3;
    std::set_new_handler(GiveUpInTheEnd);
  }
  void TearDown() override { std::set_new_handler(nullptr); }
};

TEST_F(NewHandlerTest, IsCalledUntilItGivesUp) {
  EXPECT_THROW(std::ignore = ::operator new(too_large), std::bad_alloc);
  EXPECT_EQ(handler_calls, 3);
}

TEST_F(NewHandlerTest, IsCalledByTheAlignedForm) {
  EXPECT_THROW(std::ignore = ::operator new (too_large, std::align_val_t{4096}), std::bad_alloc);
  EXPECT_EQ(handler_calls, 3);
}

TEST_F(NewHandlerTest, IsCalledByTheNothrowForm) {
  EXPECT_EQ(::operator new(too_large, std::nothrow), nullptr);
  EXPECT_EQ(handler_calls, 3);
}

TEST_F(NewHandlerTest, IsNotCalledOnSuccess) {
  ::operator delete(::operator new(100));
  EXPECT_EQ(handler_calls, 0);
}

TEST_F(NewHandlerTest, MayThrow) {
  struct OutOfPatience : std::bad_alloc {};
  std::set_new_handler([] { throw OutOfPatience(); });
  EXPECT_THROW(std::ignore = ::operator new(too_large), OutOfPatience);
  EXPECT_EQ(::operator new(too_large, std::nothrow), nullptr) << "it catches what is thrown";
}

}  // namespace
}  // namespace loam::test
