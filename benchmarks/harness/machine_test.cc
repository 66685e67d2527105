#include "benchmarks/harness/machine.h"

#include <gtest/gtest.h>
#include <sys/utsname.h>

#include <regex>

namespace loam::matrix {
namespace {

TEST(FieldTest, FindsTheFirstValueOfAKey) {
  const std::string cpuinfo = "processor\t: 0\nmodel name\t: Some CPU: fast\ncpu MHz\t\t: 2445.4\n";
  EXPECT_EQ(Field(cpuinfo, "model name"), "Some CPU: fast");
  EXPECT_EQ(Field(cpuinfo, "cpu MHz"), "2445.4");
  EXPECT_TRUE(Field(cpuinfo, "model").is_null());
}

TEST(ChosenWordTest, IsTheOneInBrackets) {
  EXPECT_EQ(ChosenWord("always [madvise] never"), "madvise");
  EXPECT_TRUE(ChosenWord("always madvise never").is_null());
  EXPECT_TRUE(ChosenWord("").is_null());
}

TEST(FirstLineTest, OfAFileThatIsNotThereIsNull) {
  EXPECT_TRUE(FirstLine("/nonexistent/governor").is_null());
}

TEST(MachineNameTest, IsAlwaysTheSameAndNoName) {
  const std::string name = MachineName();
  EXPECT_EQ(name, MachineName());
  EXPECT_TRUE(std::regex_match(name, std::regex("machine-[0-9a-f]{12}"))) << name;
}

TEST(MachineContextTest, DoesNotTellWhatTheMachineIsCalled) {
  utsname system;
  ASSERT_EQ(uname(&system), 0);
  const auto context = MachineContext(ProcessRunner("/nonexistent", "/nonexistent"), "");
  EXPECT_EQ(context.at("host_name"), MachineName());
  for (const auto &[key, value] : context.items()) EXPECT_NE(value, system.nodename) << key;
}

TEST(MachineContextTest, SaysNullForACommitWithoutAWorkspace) {
  const auto context = MachineContext(ProcessRunner("/nonexistent", "/nonexistent"), "");
  EXPECT_TRUE(context.at("commit").is_null());
  EXPECT_TRUE(context.at("commit_is_modified").is_null());
  EXPECT_GE(context.at("num_cpus").get<int>(), 1);
  EXPECT_GT(context.at("memory_bytes").get<int64_t>(), 0);
}

}  // namespace
}  // namespace loam::matrix
