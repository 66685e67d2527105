#include "benchmarks/harness/allocators.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "benchmarks/harness/sha256.h"

namespace loam::matrix {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class AllocatorsTest : public ::testing::Test {
 protected:
  AllocatorsTest() : folder_(fs::path(::testing::TempDir()) / "allocators_test") {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }

  std::string AddLibrary(const std::string &name) {
    const std::string path = (folder_ / name).string();
    std::ofstream(path) << "abc";
    return path;
  }

  fs::path folder_;
};

TEST_F(AllocatorsTest, PeersAreFoundByTheirUsualNames) {
  const std::string jemalloc = AddLibrary("libjemalloc.so.2");
  const std::string mimalloc = AddLibrary("libmimalloc.so.2.0");
  AllocatorSources sources;
  sources.library_folders = {"/nonexistent", folder_.string()};
  const std::vector<Allocator> found = *FindAllocators(sources);
  std::vector<std::string> names;
  for (const Allocator &allocator : found) names.push_back(allocator.name);
  EXPECT_THAT(names, ElementsAre("glibc", "jemalloc", "tcmalloc", "mimalloc"));
  EXPECT_EQ(found[1].library, fs::canonical(jemalloc));
  EXPECT_EQ(found[3].library, fs::canonical(mimalloc));
  EXPECT_TRUE(found[1].problem.empty());
  EXPECT_THAT(found[2].problem, HasSubstr("libtcmalloc-minimal4"));
}

TEST_F(AllocatorsTest, OursAndGivenOnesStandBesideThem) {
  AllocatorSources sources;
  sources.loam = {{"first_fit", "/lib/ff.so"}};
  sources.given = {{"mine", "/lib/mine.so"}};
  sources.floor_library = "/lib/floor.so";
  const std::vector<Allocator> found = *FindAllocators(sources);
  EXPECT_EQ(found[1].kind, AllocatorKind::kLoam);
  EXPECT_EQ(found[found.size() - 2].kind, AllocatorKind::kGiven);
  EXPECT_EQ(found.back().kind, AllocatorKind::kFloor);
}

TEST_F(AllocatorsTest, TwoOfOneNameAreRefused) {
  AllocatorSources sources;
  sources.given = {{"glibc", "/lib/mine.so"}};
  const auto found = FindAllocators(sources);
  EXPECT_THAT(std::string(found.status().message()), HasSubstr("two allocators are called"));
}

TEST_F(AllocatorsTest, AGivenAllocatorIsANameAndALibraryThatIsThere) {
  const std::string library = AddLibrary("libmine.so");
  const auto given = ParseGivenAllocator("mine-1.0=" + library);
  ASSERT_TRUE(given.ok());
  EXPECT_EQ(given->first, "mine-1.0");
  EXPECT_EQ(given->second, fs::canonical(library));
  for (const std::string &wrong :
       {std::string("mine"), "=" + library, std::string("mine="), "my lib=" + library,
        std::string("mine=/nonexistent/lib.so"), "mine=" + folder_.string()}) {
    EXPECT_FALSE(ParseGivenAllocator(wrong).ok()) << wrong;
  }
}

TEST_F(AllocatorsTest, APathThatThePreloadCannotNameIsRefused) {
  const auto given = ParseGivenAllocator("mine=" + AddLibrary("lib mine.so"));
  EXPECT_THAT(std::string(given.status().message()), HasSubstr("space or a colon"));
}

TEST_F(AllocatorsTest, WhoeverServedMallocMustBeTheOneThatWasMeant) {
  Allocator system;
  EXPECT_TRUE(CheckServedBy(system, "/usr/lib/x86_64-linux-gnu/libc.so.6").ok());
  EXPECT_FALSE(CheckServedBy(system, "/usr/lib/libjemalloc.so.2").ok());
  EXPECT_FALSE(CheckServedBy(system, "").ok());
  Allocator peer;
  peer.kind = AllocatorKind::kPeer;
  peer.library = AddLibrary("libpeer.so.1.2");
  fs::create_symlink(peer.library, folder_ / "libpeer.so");
  EXPECT_TRUE(CheckServedBy(peer, (folder_ / "libpeer.so").string()).ok());
  EXPECT_FALSE(CheckServedBy(peer, "/lib/x86_64-linux-gnu/libc.so.6").ok());
}

TEST_F(AllocatorsTest, HashesAreTheStandardOnes) {
  EXPECT_EQ(*Sha256OfFile(AddLibrary("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_FALSE(Sha256OfFile("/nonexistent").ok());
}

}  // namespace
}  // namespace loam::matrix
