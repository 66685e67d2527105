// The heap profile of thread_heap: decoded field by field, and held against what the programs
// counted themselves, site by site, over runs enough to tell an error of chance from a bias.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "tests/profile/decode.h"
#include "tests/profile/programs.h"
#include "tests/support/process.h"
#include "tests/support/sanitizers.h"

namespace loam::test {
namespace {

constexpr int kRuns = kSanitizerRuntime ? 4 : 20;
constexpr const char *kOptions = "profile_sample=8K";

// What a child says first.
struct Truth {
  uint64_t live[kSiteCount + 1], all[kSiteCount + 1];  // the last: the sum
  uint64_t counter_live;                               // allocated_bytes of the statistics
};

struct Outcome {
  Truth truth;
  HeapProfile profile;
};

void WriteTruth() {
  loam_stats stats;
  th_variant.stats(&stats);
  printf("%zu", stats.allocated_bytes);
  for (const Site &site : sites) {
    printf(" %ju %ju", uintmax_t{site.all_bytes - site.freed_bytes}, uintmax_t{site.all_bytes});
  }
  printf("\n");
  fflush(stdout);
}

Outcome RunOnce(const Program &program) {
  const ChildResult child = RunInChild([&] {
    setenv("LOAM_OPTIONS", kOptions, 1);
    program.run();
    WriteTruth();
    if (!th_variant.check()) return 2;
    return th_profile_write(STDOUT_FILENO) ? 0 : 1;
  });
  EXPECT_TRUE(child.Exited(0)) << program.name << ": " << child.Describe();
  Outcome run = {};
  std::istringstream first(child.out);
  first >> run.truth.counter_live;
  for (int i = 0; i < kSiteCount; ++i) {
    first >> run.truth.live[i] >> run.truth.all[i];
    run.truth.live[kSiteCount] += run.truth.live[i];
    run.truth.all[kSiteCount] += run.truth.all[i];
  }
  run.profile =
      DecodeProfile(child.out.substr(std::min(child.out.find('\n'), child.out.size() - 1) + 1));
  return run;
}

// The sums of a site's rows, or with kSiteCount of all.
Totals Estimate(const HeapProfile &profile, int site) {
  if (site == kSiteCount) return profile.totals;
  Totals sum;
  for (const Row &row : profile.rows) {
    SiteNumber found = kSiteCount;
    for (size_t i = 0; i < row.frames.size() && found == kSiteCount; ++i) {
      found = SiteAt(row.frames[i]);
    }
    if (found != site) continue;
    sum.live_bytes += row.totals.live_bytes;
    sum.all_bytes += row.totals.all_bytes;
  }
  return sum;
}

// Errors of several runs, and how many of their own standard deviations their mean is from 0.
class Errors {
 public:
  void Add(double error) {
    ++count_;
    sum_ += error;
    squares_ += error * error;
  }
  double Mean() const { return sum_ / count_; }
  double Deviation() const {
    return std::sqrt(std::max(0.0, squares_ - sum_ * sum_ / count_) / (count_ - 1));
  }
  // In standard errors of the mean. `least`: the deviation that theory expects. Of what is sampled
  // once in a hundred runs, twenty may see nothing at all, and so no deviation.
  double Bias(double least) const {
    const double deviation = std::max(Deviation(), least);
    return deviation == 0 ? 0 : Mean() / deviation * std::sqrt(double{1} * count_);
  }
  double Rms() const { return count_ == 0 ? 0 : std::sqrt(squares_ / count_); }

 private:
  int count_ = 0;
  double sum_ = 0, squares_ = 0;
};

class ProfileTest : public ::testing::TestWithParam<Program> {};

// Student's t with 19 degrees of freedom is over 7 once in a million times.
constexpr double kBiasMax = 7;

TEST_P(ProfileTest, TotalsMatchTheCountersToWithinTheErrorOfSampling) {
  Errors live[kSiteCount + 1], all[kSiteCount + 1], live_errors, all_errors;
  double live_least[kSiteCount + 1] = {}, all_least[kSiteCount + 1] = {};
  uint64_t samples = 0;
  for (int i = 0; i < kRuns; ++i) {
    const Outcome run = RunOnce(GetParam());
    ASSERT_EQ(run.profile.problem, "");
    EXPECT_EQ(run.profile.period, 8192u);
    EXPECT_EQ(run.profile.lost, 0u);
    EXPECT_EQ(run.truth.live[kSiteCount], run.truth.counter_live);
    ASSERT_NE(run.profile.samples, 0u);
    samples += run.profile.samples;
    const double sample_bytes = double(run.profile.totals.all_bytes) / double(run.profile.samples);
    for (int site = 0; site <= kSiteCount; ++site) {
      const Totals estimate = Estimate(run.profile, site);
      const double scale = 1.0 / static_cast<double>(run.truth.all[kSiteCount]);
      live[site].Add((double(estimate.live_bytes) - double(run.truth.live[site])) * scale);
      all[site].Add((double(estimate.all_bytes) - double(run.truth.all[site])) * scale);
      // Each sample stands for so many bytes; how many there are is Poisson's.
      live_least[site] += std::sqrt(double(run.truth.live[site]) * sample_bytes) * scale / kRuns;
      all_least[site] += std::sqrt(double(run.truth.all[site]) * sample_bytes) * scale / kRuns;
    }
    if (run.profile.live_error != 0) {
      live_errors.Add((double(run.profile.totals.live_bytes) - double(run.truth.counter_live)) /
                      double(run.profile.live_error));
    }
    ASSERT_NE(run.profile.all_error, 0u);
    all_errors.Add((double(run.profile.totals.all_bytes) - double(run.truth.all[kSiteCount])) /
                   double(run.profile.all_error));
  }
  printf(
      "%s: %ju samples in %d runs; of all bytes, a run is off by %.3f %%, the mean by %.3f %%; "
      "in standard errors of the profile's: %.2f\n",
      GetParam().name, uintmax_t{samples}, kRuns, 100 * all[kSiteCount].Deviation(),
      100 * all[kSiteCount].Mean(), all_errors.Rms());
  EXPECT_GT(samples, uint64_t{100} * kRuns);
  for (int site = 0; site <= kSiteCount; ++site) {
    EXPECT_LT(std::abs(live[site].Bias(live_least[site])), kBiasMax)
        << "live bytes of site " << site;
    EXPECT_LT(std::abs(all[site].Bias(all_least[site])), kBiasMax) << "all bytes of site " << site;
    EXPECT_LT(all[site].Deviation(), 0.2) << "site " << site;
  }
  // The profile knows how wrong it may be. (Chi-squared of 20 is over 1.8^2 times 20 once in a
  // million times; of what lives at the end there are few samples, and fewer large ones.)
  EXPECT_LT(all_errors.Rms(), 1.8);
  EXPECT_LT(live_errors.Rms(), 2.5);
}

INSTANTIATE_TEST_SUITE_P(, ProfileTest, ::testing::ValuesIn(Programs()),
                         [](const auto &info) { return std::string(info.param.name); });

// --- What can be asked for ---------------------------------------------------

std::string ReadFile(const std::string &path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// A file's profile, where it has one block of a size no one else allocates.
void ExpectProfileOf(const std::string &path, uint64_t bytes) {
  const HeapProfile profile = DecodeProfile(ReadFile(path));
  EXPECT_EQ(profile.problem, "") << path;
  bool found = false;
  for (const Row &row : profile.rows) found |= row.totals.live_bytes == bytes;
  EXPECT_TRUE(found) << path << ": " << ReadFile(path);
}

constexpr size_t kManyBytes = size_t{80} << 20;  // sampled with certainty, at the period below

void SetOptions(const std::string &more) {
  setenv("LOAM_OPTIONS", ("profile_sample=1K," + more).c_str(), 1);
}

std::string NameOf(const std::string &prefix, pid_t process, int number) {
  return prefix + "." + std::to_string(process) + "." + std::to_string(number) + ".heap";
}

TEST(ProfileFileTest, ASignalWritesOneEachTime) {
  const std::string prefix = MakeFolder("signal") + "/heap";
  const ChildResult child = RunInChild([&] {
    SetOptions("profile_signal=12,profile_file=" + prefix);
    void *block = th_malloc(kManyBytes);
    if (block == nullptr) return 1;
    raise(SIGUSR2);
    raise(SIGUSR2);
    th_free(block);
    printf("%d", getpid());
    return 0;
  });
  ASSERT_TRUE(child.Exited(0)) << child.Describe();
  const pid_t process = std::stoi(child.out);
  ExpectProfileOf(NameOf(prefix, process, 0), kManyBytes);
  ExpectProfileOf(NameOf(prefix, process, 1), kManyBytes);
}

TEST(ProfileFileTest, TheEndOfTheProcessWritesOneAndSoDoesAForkedChild) {
  const std::string prefix = MakeFolder("exit") + "/heap";
  const ChildResult child = RunInChild([&]() -> int {
    SetOptions("profile_at_exit=1,profile_file=" + prefix);
    void *block = th_malloc(kManyBytes);
    if (block == nullptr) return 1;
    const pid_t forked = fork();
    if (forked == 0) {
      th_free(block);
      if (th_malloc(kManyBytes * 2) == nullptr) _exit(1);
      exit(0);
    }
    int status = 0;
    waitpid(forked, &status, 0);
    printf("%d %d\n", getpid(), forked);
    fflush(stdout);
    exit(status);
  });
  ASSERT_TRUE(child.Exited(0)) << child.Describe();
  int parent = 0, forked = 0;
  ASSERT_EQ(sscanf(child.out.c_str(), "%d %d", &parent, &forked), 2) << child.out;
  ExpectProfileOf(NameOf(prefix, parent, 0), kManyBytes);
  ExpectProfileOf(NameOf(prefix, forked, 0), kManyBytes * 2);
}

TEST(ProfileFileTest, AFileThatCannotBeWrittenIsReportedInOneLine) {
  const ChildResult child = RunInChild([]() -> int {
    SetOptions("profile_at_exit=1,profile_file=/nowhere/heap");
    th_free(th_malloc(10));
    exit(0);
  });
  EXPECT_TRUE(child.Exited(0)) << child.Describe();
  ASSERT_EQ(Lines(child.err).size(), 1u) << child.err;
  EXPECT_EQ(child.err.find("loam: thread_heap: the heap profile cannot be written: /nowhere/heap."),
            0u)
      << child.err;
}

TEST(ProfileFileTest, WithoutTheOptionThereIsNone) {
  const ChildResult child = RunInChild([] {
    unsetenv("LOAM_OPTIONS");
    th_free(th_malloc(10));
    return th_profile_write(STDOUT_FILENO) ? 1 : 0;
  });
  EXPECT_TRUE(child.Exited(0)) << child.Describe();
  EXPECT_EQ(child.out, "");
}

TEST(ProfileFileTest, ABadDescriptorIsAFailure) {
  const ChildResult child = RunInChild([] {
    SetOptions("");
    th_free(th_malloc(10));
    return th_profile_write(-1) ? 1 : 0;
  });
  EXPECT_TRUE(child.Exited(0)) << child.Describe();
}

}  // namespace
}  // namespace loam::test
