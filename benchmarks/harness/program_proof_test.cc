#include "benchmarks/harness/program_proof.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace loam::matrix {
namespace {

using ::testing::HasSubstr;

std::string Binding(const std::string &from, const std::string &to, const std::string &symbol) {
  return "   42:\tbinding file " + from + " [0] to " + to + " [0]: normal symbol `" + symbol +
         "' [GLIBC_2.2.5]\n";
}

TEST(CheckBindingsTest, IsProofWhenProgramAndLibrariesTakeMallocFromTheAllocator) {
  const std::string report = Binding("/bin/prog", "/lib/peer.so", "malloc") +
                             Binding("/lib/other.so", "/lib/peer.so", "free") +
                             Binding("/bin/prog", "/lib/c.so", "printf");
  EXPECT_TRUE(CheckBindings(report, "/bin/prog", "/lib/peer.so").ok());
}

TEST(CheckBindingsTest, IsNoProofWhenOneOfThemTakesItElsewhere) {
  const std::string report = Binding("/lib/other.so", "/lib/peer.so", "free") +
                             Binding("/bin/prog", "/lib/c.so", "realloc");
  const absl::Status status = CheckBindings(report, "/bin/prog", "/lib/peer.so");
  EXPECT_THAT(std::string(status.message()), HasSubstr("/bin/prog takes malloc from /lib/c.so"));
}

TEST(CheckBindingsTest, AProgramMayStandInForTheFunctionThatItTakesFromTheAllocator) {
  const std::string through = Binding("/lib/c.so", "/bin/prog", "malloc");
  const std::string taken = Binding("/bin/prog", "/lib/peer.so", "malloc");
  EXPECT_TRUE(CheckBindings(through + taken, "/bin/prog", "/lib/peer.so").ok());
  EXPECT_FALSE(CheckBindings(through, "/bin/prog", "/lib/peer.so").ok());
}

TEST(CheckBindingsTest, TheAllocatorsOwnBindingsProveNothing) {
  const std::string own = Binding("/lib/peer.so", "/lib/peer.so", "malloc");
  EXPECT_FALSE(CheckBindings(own, "/bin/prog", "/lib/peer.so").ok());
}

TEST(CheckBindingsTest, AStaticProgramIsNoProof) {
  const absl::Status status = CheckBindings("statically linked\n", "/bin/prog", "/lib/peer.so");
  EXPECT_THAT(std::string(status.message()), HasSubstr("statically"));
}

}  // namespace
}  // namespace loam::matrix
