// The same calls on each variant and on libc's malloc, side by side: what a
// program can see of them is the same, but for what differences.cc lists.
//
// --sequences=1000 compares fifty times as many random calls as the default.

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <ostream>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "allocators/variants.h"
#include "tests/differential/differences.h"
#include "tests/differential/lockstep.h"
#include "tests/differential/sequences.h"
#include "tests/differential/subject.h"
#include "tests/support/sanitizers.h"

ABSL_FLAG(uint64_t, sequences, 20, "random sequences, of 10000 calls each");
ABSL_FLAG(uint64_t, seed, 1, "decides them");

namespace loam::test {
namespace {

constexpr size_t kCallsOfASequence = 10000;

void ExpectNoFault(const Comparison &comparison) {
  for (const std::string &fault : comparison.faults) ADD_FAILURE() << fault;
}

class DifferentialTest : public ::testing::TestWithParam<const loam_variant *> {
 protected:
  void SetUp() override {
    if (kSanitizerRuntime) GTEST_SKIP() << "libc's malloc is the sanitizer's";
  }
};

TEST_P(DifferentialTest, EdgesLookAlike) {
  const Comparison comparison = RunInLockstep(*GetParam(), RawLibc(), EdgeCalls());
  ExpectNoFault(comparison);
  for (const Difference &difference : Differences()) {
    if (!difference.always) continue;
    EXPECT_EQ(comparison.differences.count(&difference), 1u)
        << difference.name << ": no longer differs, its row is out of date";
  }
}

TEST_P(DifferentialTest, RandomCallsLookAlike) {
  const uint64_t seed = absl::GetFlag(FLAGS_seed);
  for (uint64_t i = 0; i < absl::GetFlag(FLAGS_sequences) && !HasFailure(); ++i) {
    SCOPED_TRACE("--seed=" + std::to_string(seed + i) + " --sequences=1");
    ExpectNoFault(RunInLockstep(*GetParam(), RawLibc(), RandomCalls(seed + i, kCallsOfASequence)));
  }
  EXPECT_TRUE(GetParam()->check());
}

INSTANTIATE_TEST_SUITE_P(, DifferentialTest,
                         ::testing::ValuesIn(loam_variants, loam_variants + loam_variant_count),
                         [](const auto &info) { return std::string(info.param->name); });

// --- The comparison itself: what is planted is seen ---------------------------

struct Flaw {
  const char *name;
  void (*plant)(loam_variant *libc);
};

std::ostream &operator<<(std::ostream &out, const Flaw &flaw) { return out << flaw.name; }

const Flaw kFlaws[] = {
    {"MallocOfNothingGivesNull",
     [](loam_variant *v) {
       v->malloc = [](size_t n) { return n == 0 ? nullptr : RawLibc().malloc(n); };
     }},
    {"NoErrno",
     [](loam_variant *v) {
       v->malloc = [](size_t n) {
         const int kept = errno;
         void *block = RawLibc().malloc(n);
         errno = kept;
         return block;
       };
     }},
    {"ErrnoOnSuccess",
     [](loam_variant *v) {
       v->realloc = [](void *p, size_t n) {
         errno = ENOMEM;
         return RawLibc().realloc(p, n);
       };
     }},
    {"CallocLeavesDirt",
     [](loam_variant *v) {
       v->calloc = [](size_t c, size_t n) {
         void *block = RawLibc().calloc(c, n);
         if (block != nullptr && c * n != 0) static_cast<char *>(block)[c * n / 2 % 1000] = 1;
         return block;
       };
     }},
    {"CallocOverflows",
     [](loam_variant *v) {
       v->calloc = [](size_t c, size_t n) { return RawLibc().calloc(1, c * n); };
     }},
    {"ReallocForgets",
     [](loam_variant *v) {
       v->realloc = [](void *p, size_t n) {
         void *block = RawLibc().realloc(p, n);
         if (block != nullptr && n > 0) static_cast<char *>(block)[n / 2 % 100] ^= 1;
         return block;
       };
     }},
    {"PosixMemalignReturnsAnother",
     [](loam_variant *v) {
       v->posix_memalign = [](void **p, size_t a, size_t n) {
         const int error = RawLibc().posix_memalign(p, a, n);
         return error == EINVAL ? ENOMEM : error;
       };
     }},
    {"PosixMemalignWritesOnFailure",
     [](loam_variant *v) {
       v->posix_memalign = [](void **p, size_t a, size_t n) {
         const int error = RawLibc().posix_memalign(p, a, n);
         if (error != 0) *p = nullptr;
         return error;
       };
     }},
    {"AlignmentIgnored",
     [](loam_variant *v) {
       v->aligned_alloc = [](size_t, size_t n) { return RawLibc().malloc(n); };
     }},
    {"UsableTooSmall",
     [](loam_variant *v) {
       v->usable_size = [](const void *p) { return RawLibc().usable_size(p) / 2; };
     }},
};

class ComparisonTest : public ::testing::TestWithParam<Flaw> {};

TEST_P(ComparisonTest, SeesTheFlaw) {
  if (kSanitizerRuntime) GTEST_SKIP() << "libc's malloc is the sanitizer's";
  loam_variant flawed = RawLibc();
  GetParam().plant(&flawed);
  EXPECT_FALSE(RunInLockstep(flawed, RawLibc(), EdgeCalls()).faults.empty());
}

INSTANTIATE_TEST_SUITE_P(, ComparisonTest, ::testing::ValuesIn(kFlaws),
                         [](const auto &info) { return std::string(info.param.name); });

}  // namespace
}  // namespace loam::test

int main(int argc, char **argv) {
  testing::InitGoogleTest(&argc, argv);
  absl::ParseCommandLine(argc, argv);
  return RUN_ALL_TESTS();
}
