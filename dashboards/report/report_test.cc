// The report tool as a user runs it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "dashboards/testing/made_up_run.h"
#include "dashboards/testing/process.h"
#include "dashboards/testing/served.h"
#include "nlohmann/json.hpp"

namespace loam::dashboards {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;

class ReportTest : public ::testing::Test {
 protected:
  ReportTest() : folder_(TestFolder()) {}

  std::string Write(const std::string &name, const std::string &text) const {
    std::ofstream(folder_ + "/" + name) << text;
    return folder_ + "/" + name;
  }

  static std::vector<std::string> Command(const std::vector<std::string> &arguments) {
    std::vector<std::string> words = {std::string(std::getenv("TEST_SRCDIR")) +
                                      "/loam/dashboards/report/report"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return words;
  }

  void ExpectRefused(const std::vector<std::string> &arguments, const std::string &because) const {
    Process report(Command(arguments));
    EXPECT_EQ(report.Wait(), 2);
    const std::string error = report.Stderr();
    EXPECT_THAT(error, HasSubstr(because));
    EXPECT_EQ(std::count(error.begin(), error.end(), '\n'), 1) << error;
    EXPECT_FALSE(fs::exists(out()));
  }

  std::string out() const { return folder_ + "/out.html"; }

  std::string folder_;
};

TEST_F(ReportTest, TwoResultsBecomeOnePage) {
  Process report(
      Command({Write("a.json", MadeUpFile(1)), Write("b.json", MadeUpFile(2)), "-o", out()}));
  EXPECT_EQ(report.ReadLine(), out());
  EXPECT_EQ(report.Wait(), 0) << report.Stderr();
  std::ifstream file(out());
  std::ostringstream text;
  text << file.rdbuf();
  const std::string open = "id=\"loam-data\">";
  const size_t begin = text.str().find(open) + open.size();
  const json data =
      json::parse(text.str().substr(begin, text.str().find("</script", begin) - begin));
  EXPECT_EQ(data.at("runs").at(0), json::parse(MadeUpFile(1)));
  EXPECT_EQ(data.at("runs").at(1), json::parse(MadeUpFile(2)));
}

TEST_F(ReportTest, WhatIsWrongIsSaidInOneLine) {
  ExpectRefused({"-o", out()}, "which results?");
  ExpectRefused({folder_ + "/none.json", "-o", out()}, "cannot read");
  ExpectRefused({folder_, "-o", out()}, "cannot read");
  ExpectRefused({Write("bad.json", "{}"), "-o", out()}, "bad.json: not a result file of schema");
  ExpectRefused({Write("a.json", MadeUpFile(1)), "-o", "/proc/out.html"}, "cannot write");
  ExpectRefused({"--nonsense"}, "is not a flag");
}

}  // namespace
}  // namespace loam::dashboards
