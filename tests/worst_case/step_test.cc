// Functions whose instructions are known, written in assembly, and what the
// counter says of them.

#include "tests/worst_case/step.h"

#include <gtest/gtest.h>

#if defined(__x86_64__) && defined(__linux__)

asm(R"(
        .pushsection .text
# first + second, in 3 instructions
loam_test_add:
        movq    %rdi, %rax
        addq    %rsi, %rax
        ret
# loops `first` times: 2 instructions each, 3 around
loam_test_loop:
        movq    %rdi, %rax
1:      subq    $1, %rdi
        jnz     1b
        nop
        ret
# fills 100 bytes at `first` with one repeated instruction: 4 in all
loam_test_repeat:
        movl    $100, %ecx
        xorl    %eax, %eax
        rep stosb
        ret
# calls the kernel: getppid
loam_test_kernel:
        movl    $110, %eax
        syscall
        nop
        ret
        .popsection
)");

extern "C" {
void loam_test_add() asm("loam_test_add");
void loam_test_loop() asm("loam_test_loop");
void loam_test_repeat() asm("loam_test_repeat");
void loam_test_kernel() asm("loam_test_kernel");
}

namespace loam::test {
namespace {

void *Number(size_t value) { return reinterpret_cast<void *>(value); }

class StepTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!CanStep()) GTEST_SKIP() << "a sanitizer owns the signals";
  }

  static Stepped Step(Function function, void *first, size_t second = 0) {
    return StepCall(function, first, Number(second), 1000000);
  }
};

TEST_F(StepTest, CountsEachInstructionAndPassesArgumentsAndResult) {
  const Stepped stepped = Step(loam_test_add, Number(40), 2);
  EXPECT_EQ(stepped.instructions, 3u);
  EXPECT_EQ(stepped.result, Number(42));
  EXPECT_FALSE(stepped.cut);
}

TEST_F(StepTest, CountsEveryTurnOfALoop) {
  EXPECT_EQ(Step(loam_test_loop, Number(1)).instructions, 5u);
  EXPECT_EQ(Step(loam_test_loop, Number(1000)).instructions, 2003u);
}

TEST_F(StepTest, ARepeatedInstructionIsOne) {
  char bytes[100];
  EXPECT_EQ(Step(loam_test_repeat, bytes).instructions, 4u);
}

// The trap after `syscall` may come only after the instruction behind it.
TEST_F(StepTest, TheKernelIsNotCounted) {
  const uint64_t instructions = Step(loam_test_kernel, nullptr).instructions;
  EXPECT_GE(instructions, 3u);
  EXPECT_LE(instructions, 4u);
}

TEST_F(StepTest, StopsAtTheLimitAndTheCallGoesOn) {
  const Stepped stepped = StepCall(loam_test_loop, Number(100000), nullptr, 500);
  EXPECT_TRUE(stepped.cut);
  EXPECT_EQ(stepped.instructions, 500u);
  EXPECT_EQ(stepped.result, Number(100000));
  EXPECT_EQ(Step(loam_test_add, Number(1), 1).instructions, 3u);
}

}  // namespace
}  // namespace loam::test

#else

TEST(StepTest, OnThisMachine) { GTEST_SKIP() << "the trap flag is x86-64's"; }

#endif
