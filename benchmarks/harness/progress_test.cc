#include "benchmarks/harness/progress.h"

#include <gtest/gtest.h>

namespace loam::matrix {
namespace {

TEST(FormatTimeLeftTest, RoundsUpAndDropsWhatDoesNotMatter) {
  EXPECT_EQ(FormatTimeLeft(absl::ZeroDuration()), "0s");
  EXPECT_EQ(FormatTimeLeft(absl::Milliseconds(200)), "1s");
  EXPECT_EQ(FormatTimeLeft(absl::Seconds(59)), "59s");
  EXPECT_EQ(FormatTimeLeft(absl::Seconds(200)), "3m20s");
  EXPECT_EQ(FormatTimeLeft(absl::Seconds(3725)), "1h02m");
}

TEST(FormatProgressTest, DrawsTheShareThatIsDone) {
  EXPECT_EQ(FormatProgress(6, 12, absl::Seconds(9), "micro/pair glibc"),
            "[############............]  50 %  6/12  9s left  micro/pair glibc");
  EXPECT_EQ(FormatProgress(12, 12, absl::ZeroDuration(), ""),
            "[########################] 100 %  12/12  0s left  ");
}

TEST(FormatProgressTest, PromisesNothingBeforeTheFirstStep) {
  EXPECT_EQ(FormatProgress(0, 12, absl::ZeroDuration(), "a"),
            "[........................]   0 %  0/12  ? left  a");
}

TEST(ProgressTest, ACellThatIsDroppedTakesItsTimeWithIt) {
  Progress progress(2, 10, /*live=*/false);
  progress.Begin(0, "slow");
  progress.End(absl::Seconds(100));
  progress.Begin(1, "fast");
  progress.End(absl::Seconds(1));
  EXPECT_EQ(progress.TimeLeft(), absl::Seconds(9 * 100 + 9 * 1));
  progress.Begin(0, "slow");
  progress.End(absl::Seconds(100));
  progress.Drop(8);
  EXPECT_EQ(progress.TimeLeft(), absl::Seconds(9));
}

TEST(ProgressTest, StepsOfAnEarlierRunTakeNoTime) {
  Progress progress(2, 10, /*live=*/false);
  for (int i = 0; i < 7; i++) progress.Skip(0);
  for (int i = 0; i < 6; i++) progress.Skip(1);
  progress.Begin(0, "a");
  progress.End(absl::Seconds(2));
  progress.Begin(1, "b");
  progress.End(absl::Seconds(5));
  EXPECT_EQ(progress.TimeLeft(), absl::Seconds(2 * 2 + 3 * 5));
}

TEST(ProgressTest, ACellThatHasNotRunIsExpectedToTakeTheMean) {
  Progress progress(3, 1, /*live=*/false);
  progress.Begin(0, "a");
  progress.End(absl::Seconds(2));
  EXPECT_EQ(progress.TimeLeft(), absl::Seconds(4));
}

}  // namespace
}  // namespace loam::matrix
