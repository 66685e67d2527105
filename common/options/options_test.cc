#include "common/options/options.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "common/testing/capture.h"

namespace {

struct Option {
  std::string name;
  size_t loam_options::*field;
  size_t preset, least, most;
};

const Option kOptions[] = {
#define ROW(name, preset, least, most, text) {#name, &loam_options::name, preset, least, most},
    LOAM_OPTIONS_TABLE(ROW)
#undef ROW
};

struct Parsed {
  loam_options options;
  std::string report;
};

Parsed Parse(const char *text) {
  Parsed parsed;
  // What the parser leaves out would show.
  for (const Option &option : kOptions) parsed.options.*option.field = 0xdead;
  loam_capture_begin();
  loam_options_parse(&parsed.options, text, "test");
  parsed.report = loam_capture_end();
  return parsed;
}

Parsed Parse(const std::string &text) { return Parse(text.c_str()); }

const struct {
  std::string name;
  char (loam_options::*field)[LOAM_OPTION_TEXT_MAX];
} kTextOptions[] = {
#define ROW(name, text) {#name, &loam_options::name},
    LOAM_TEXT_OPTIONS_TABLE(ROW)
#undef ROW
};

// Every option is at its preset but perhaps one.
void ExpectPresets(const loam_options &options, const Option *except = nullptr) {
  for (const Option &option : kOptions) {
    if (&option == except) continue;
    EXPECT_EQ(options.*option.field, option.preset) << option.name;
  }
}

void ExpectIgnored(const std::string &item, const std::string &why) {
  const Parsed parsed = Parse(item);
  ExpectPresets(parsed.options);
  EXPECT_EQ(parsed.report, "loam: test: LOAM_OPTIONS: " + why + ", ignored: " + item + "\n");
}

void ExpectUnknown(const std::string &item) { ExpectIgnored(item, "no option of this name"); }

void ExpectBadValue(const std::string &item) {
  ExpectIgnored(item, "not a number in the option's range");
}

class OptionTest : public testing::TestWithParam<Option> {};

TEST_P(OptionTest, PresetIsInItsRange) {
  EXPECT_GE(GetParam().preset, GetParam().least);
  EXPECT_LE(GetParam().preset, GetParam().most);
}

TEST_P(OptionTest, BothEndsOfTheRangeAreTaken) {
  for (const size_t value : {GetParam().least, GetParam().most}) {
    const Parsed parsed = Parse(GetParam().name + "=" + std::to_string(value));
    EXPECT_EQ(parsed.options.*GetParam().field, value);
    EXPECT_EQ(parsed.report, "");
  }
}

TEST_P(OptionTest, SetsNoOther) {
  const Option *self = std::find_if(std::begin(kOptions), std::end(kOptions),
                                    [](const Option &o) { return o.name == GetParam().name; });
  ExpectPresets(Parse(GetParam().name + "=" + std::to_string(GetParam().least)).options, self);
}

TEST_P(OptionTest, OneBelowTheLeast) {
  const size_t least = GetParam().least;
  ExpectBadValue(GetParam().name + "=" + (least == 0 ? "-1" : std::to_string(least - 1)));
}

TEST_P(OptionTest, OneAboveTheMost) {
  const size_t most = GetParam().most;
  ExpectBadValue(GetParam().name + "=" +
                 (most == SIZE_MAX ? "18446744073709551616" : std::to_string(most + 1)));
}

TEST_P(OptionTest, WhatIsNotANumber) {
  for (const char *value : {"", "x", "1x", " 1", "1 ", "+1", "-0", "0x10", "1.0", "1e3", "=1",
                            "99999999999999999999999999999999"}) {
    ExpectBadValue(GetParam().name + "=" + value);
  }
}

TEST_P(OptionTest, NameWithoutAValue) { ExpectBadValue(GetParam().name); }

TEST_P(OptionTest, NameMustBeExact) {
  const std::string &name = GetParam().name;
  const std::string value = "=" + std::to_string(GetParam().least);
  ExpectUnknown(name.substr(0, name.size() - 1) + value);
  ExpectUnknown(name + "s" + value);
  ExpectUnknown(" " + name + value);
}

TEST_P(OptionTest, TheLastOfTwoValuesHolds) {
  const Option &option = GetParam();
  const Parsed parsed = Parse(option.name + "=" + std::to_string(option.most) + "," + option.name +
                              "=" + std::to_string(option.least));
  EXPECT_EQ(parsed.options.*option.field, option.least);
}

TEST_P(OptionTest, AWrongValueLeavesAnEarlierOne) {
  const Option &option = GetParam();
  const Parsed parsed =
      Parse(option.name + "=" + std::to_string(option.most) + "," + option.name + "=x");
  EXPECT_EQ(parsed.options.*option.field, option.most);
}

INSTANTIATE_TEST_SUITE_P(All, OptionTest, testing::ValuesIn(kOptions),
                         [](const testing::TestParamInfo<Option> &info) {
                           return info.param.name;
                         });

TEST(OptionsTest, NumbersInPowersOfTwo) {
  EXPECT_EQ(Parse("check_every=3K").options.check_every, size_t{3} << 10);
  EXPECT_EQ(Parse("check_every=3M").options.check_every, size_t{3} << 20);
  EXPECT_EQ(Parse("check_every=3G").options.check_every, size_t{3} << 30);
  for (const char *item : {"check_every=K", "check_every=3k", "check_every=3KK", "check_every=3T",
                           "check_every=17179869184G", "arenas=1K"}) {
    ExpectBadValue(item);
  }
}

TEST(OptionsTest, AShareIsOneInSoMany) {
  EXPECT_EQ(Parse("guard_sample=1/5000").options.guard_sample, 5000u);
  EXPECT_EQ(Parse("guard_sample=5000").options.guard_sample, 5000u);
  for (const char *item : {"guard_sample=1/", "guard_sample=2/5000", "guard_sample=1/x",
                           "guard_sample=/5000", "arenas=1/5"}) {
    ExpectBadValue(item);
  }
}

TEST(OptionsTest, Texts) {
  for (const auto &option : kTextOptions) {
    EXPECT_STREQ(Parse("arenas=3").options.*option.field, "");
    const std::string longest(LOAM_OPTION_TEXT_MAX - 1, 'x');
    const Parsed parsed = Parse(option.name + "=" + longest + ",arenas=3");
    EXPECT_EQ(parsed.options.*option.field, longest);
    EXPECT_EQ(parsed.options.arenas, 3u);
    EXPECT_EQ(parsed.report, "");
    EXPECT_STREQ(Parse(option.name + "=/a=b," + option.name + "=c").options.*option.field, "c");
    for (const std::string &item : {option.name, option.name + "=", option.name + "=x" + longest}) {
      const Parsed wrong = Parse(option.name + "=kept," + item);
      EXPECT_STREQ(wrong.options.*option.field, "kept");
      EXPECT_EQ(
          wrong.report.find("loam: test: LOAM_OPTIONS: no text, or too long a one, ignored: "), 0u);
    }
  }
}

TEST(OptionsTest, NothingIsThePresets) {
  for (const char *text : {static_cast<const char *>(nullptr), "", ",", ",,,"}) {
    const Parsed parsed = Parse(text);
    ExpectPresets(parsed.options);
    EXPECT_EQ(parsed.report, "");
  }
}

TEST(OptionsTest, EmptyItemsAreSkipped) {
  const Parsed parsed = Parse(",,arenas=3,,purge_delay_ms=7,");
  EXPECT_EQ(parsed.options.arenas, 3u);
  EXPECT_EQ(parsed.options.purge_delay_ms, 7u);
  EXPECT_EQ(parsed.report, "");
}

TEST(OptionsTest, LeadingZeroesAreDecimal) {
  EXPECT_EQ(Parse("arenas=000000000000000000000000000010").options.arenas, 10u);
}

TEST(OptionsTest, UnknownNames) {
  for (const char *item : {"nothing=1", "=1", "=", "ARENAS=1", "1"}) ExpectUnknown(item);
}

TEST(OptionsTest, EachMistakeHasItsLineAndTheRestHolds) {
  const Parsed parsed = Parse("arenas=65,foo=1,purge_delay_ms=9,bar");
  EXPECT_EQ(parsed.report,
            "loam: test: LOAM_OPTIONS: not a number in the option's range, ignored: arenas=65\n"
            "loam: test: LOAM_OPTIONS: no option of this name, ignored: foo=1\n"
            "loam: test: LOAM_OPTIONS: no option of this name, ignored: bar\n");
  EXPECT_EQ(parsed.options.arenas, 0u);
  EXPECT_EQ(parsed.options.purge_delay_ms, 9u);
}

TEST(OptionsTest, AVeryLongItemIsCutOffInTheReport) {
  const std::string item(100000, 'x');
  const Parsed parsed = Parse(item + ",arenas=5");
  EXPECT_EQ(parsed.report, "loam: test: LOAM_OPTIONS: no option of this name, ignored: " +
                               item.substr(0, 63) + "\n");
  EXPECT_EQ(parsed.options.arenas, 5u);
}

TEST(OptionsTest, AReportStaysOneLineWhateverTheItem) {
  const std::string report = Parse("a\nb\rc\x1b[31m=1").report;
  EXPECT_EQ(std::count(report.begin(), report.end(), '\n'), 1) << report;
  EXPECT_EQ(report.find('\x1b'), std::string::npos) << report;
}

TEST(OptionsTest, EnvironmentIsRead) {
  loam_options options;
  ASSERT_EQ(setenv("LOAM_OPTIONS", "arenas=7", 1), 0);
  loam_options_from_environment(&options, "test");
  EXPECT_EQ(options.arenas, 7u);
  ASSERT_EQ(unsetenv("LOAM_OPTIONS"), 0);
  loam_options_from_environment(&options, "test");
  ExpectPresets(options);
}

TEST(OptionsTest, NoEnvironmentAtAllIsThePresets) {
  char **saved = environ;
  environ = nullptr;
  loam_options options;
  loam_options_from_environment(&options, "test");
  environ = saved;
  ExpectPresets(options);
}

}  // namespace
