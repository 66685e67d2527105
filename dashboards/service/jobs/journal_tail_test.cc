#include "dashboards/service/jobs/journal_tail.h"

#include <gtest/gtest.h>

#include <fstream>

namespace loam::dashboards {
namespace {

using nlohmann::json;

class JournalTailTest : public ::testing::Test {
 protected:
  JournalTailTest() : path_(::testing::TempDir() + "/tail.journal"), tail_(path_) {
    std::ofstream(path_) << R"({"journal":"loam-matrix-journal-v1","plan":{"rounds":2,"cells":[)"
                            R"("glibc/micro/pair/threads:1","floor/micro/pair/threads:1",)"
                            R"("floor/memory/comb/threads:1"]},"context":{}})"
                         << "\n";
  }

  void Append(const std::string &text) {
    std::ofstream(path_, std::ios::app) << text;
    tail_.Read();
  }

  static std::string Repetition(const std::string &cell, int round, int wall_ns) {
    const json repetition = {{"round", round}, {"iterations", 10}, {"work_wall_ns", wall_ns}};
    return json{{"cell", cell}, {"repetition", repetition}}.dump() + "\n";
  }

  std::string path_;
  JournalTail tail_;
};

TEST_F(JournalTailTest, CellsFillAsLinesCome) {
  Append("");
  EXPECT_EQ(tail_.Done(), 0);
  EXPECT_EQ(tail_.Total(), 6);
  EXPECT_EQ(tail_.Cells().at(0), json({{"allocator", "glibc"},
                                       {"workload", "micro/pair"},
                                       {"threads", 1},
                                       {"status", "pending"},
                                       {"median_ns", nullptr},
                                       {"repetitions", 0}}));
  Append(Repetition("glibc/micro/pair/threads:1", 0, 100));
  Append(Repetition("floor/micro/pair/threads:1", 0, 50));
  EXPECT_EQ(tail_.Cells().at(0).at("status"), "running");
  EXPECT_EQ(tail_.Cells().at(2).at("status"), "pending");
  EXPECT_EQ(tail_.Cells().at(0).at("median_ns"), 10.0);
  Append(Repetition("glibc/micro/pair/threads:1", 1, 200));
  EXPECT_EQ(tail_.Cells().at(0).at("status"), "ok");
  EXPECT_EQ(tail_.Cells().at(0).at("median_ns"), 15.0);
  // The second round began: what never ran cannot run.
  EXPECT_EQ(tail_.Cells().at(2).at("status"), "skipped");
  EXPECT_EQ(tail_.Done(), 3);
  EXPECT_EQ(tail_.Total(), 4);
}

TEST_F(JournalTailTest, AFailureEndsACell) {
  Append(Repetition("glibc/micro/pair/threads:1", 0, 100));
  Append(R"({"cell":"floor/micro/pair/threads:1","status":"timed_out","message":"long"})"
         "\n");
  EXPECT_EQ(tail_.Cells().at(1).at("status"), "timed_out");
  EXPECT_EQ(tail_.Total(), 4);
}

TEST_F(JournalTailTest, HalfALineWaitsAndNonsenseIsPassedOver) {
  const std::string line = Repetition("glibc/micro/pair/threads:1", 0, 100);
  Append(line.substr(0, 20));
  EXPECT_EQ(tail_.Done(), 0);
  Append(line.substr(20));
  EXPECT_EQ(tail_.Done(), 1);
  Append("nonsense\n{}\n[]\n{\"cell\":\"none\"}\n{\"resumed\":true}\n");
  EXPECT_EQ(tail_.Done(), 1);
}

TEST_F(JournalTailTest, NoFileIsNothingYet) {
  JournalTail none("/nonexistent/journal");
  none.Read();
  EXPECT_EQ(none.Total(), 0);
  EXPECT_EQ(none.Cells(), json::array());
}

}  // namespace
}  // namespace loam::dashboards
