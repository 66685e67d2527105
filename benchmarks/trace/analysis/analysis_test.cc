// What is said about a trace is true of its events.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "benchmarks/trace/analysis/chart.h"
#include "benchmarks/trace/analysis/live_blocks.h"
#include "benchmarks/trace/analysis/summary.h"
#include "benchmarks/trace/analysis/units.h"
#include "benchmarks/trace/analysis/verify.h"
#include "benchmarks/trace/format/trace_writer.h"

namespace loam::trace {
namespace {

using nlohmann::ordered_json;
using ::testing::HasSubstr;

constexpr uint64_t kA = 0x1000;
constexpr uint64_t kB = 0x2000;
constexpr uint64_t kC = 0x3000;

// Events of thread 0 unless told otherwise, each 10 ns after the one before.
class Script {
 public:
  Script &Add(uint8_t kind, uint64_t address, uint64_t amount = 0, uint32_t thread = 0) {
    time_ns_ += 10;
    events_.push_back({time_ns_, address, amount, thread, kind, 0});
    return *this;
  }

  // Sections are in any order that keeps each thread's.
  TraceReader Read(ordered_json header = ordered_json::object(),
                   ordered_json end = {{"lost", 0u}}) const {
    const std::string path = ::testing::TempDir() + "/script";
    auto writer = *TraceWriter::Create(path, 1, std::move(header));
    for (const Event &event : events_) EXPECT_TRUE(writer->Append(event.thread, {event}).ok());
    EXPECT_TRUE(writer->Finish(std::move(end)).ok());
    return *TraceReader::Open(path);
  }

  const std::vector<Event> &events() const { return events_; }

 private:
  uint64_t time_ns_ = 1'000'000;
  std::vector<Event> events_;
};

std::string VerifyMessage(TraceReader reader) { return std::string(Verify(&reader).message()); }

std::vector<Change> Changes(const Script &script, LiveBlocks *blocks) {
  std::vector<Change> changes;
  for (const Event &event : script.events()) changes.push_back(blocks->Apply(event));
  return changes;
}

TEST(LiveBlocksTest, FollowsAResizeInWhichAnotherThreadTakesTheOldPlace) {
  Script script;
  script.Add(TRACE_MALLOC, kA, 100)
      .Add(TRACE_RESIZE_BEGIN, kA)
      .Add(TRACE_MALLOC, kA, 7, 1)
      .Add(TRACE_REALLOC, kB, 300)
      .Add(TRACE_FREE, kB);
  LiveBlocks blocks;
  const std::vector<Change> changes = Changes(script, &blocks);
  EXPECT_EQ(changes[2].kind, Change::Kind::kMade);
  EXPECT_EQ(changes[3].kind, Change::Kind::kResized);
  EXPECT_EQ(changes[3].before.bytes, 100u);
  EXPECT_EQ(changes[3].after.chain, changes[0].after.id);
  EXPECT_EQ(changes[4].kind, Change::Kind::kEnded);
  EXPECT_EQ(blocks.bytes(), 7u);
  EXPECT_EQ(blocks.peak_bytes(), 307u);
  EXPECT_EQ(blocks.count(), 1u);
}

TEST(LiveBlocksTest, AResizeThatFailsKeepsTheBlockAndOneToNothingEndsIt) {
  Script script;
  script.Add(TRACE_MALLOC, kA, 100)
      .Add(TRACE_RESIZE_BEGIN, kA)
      .Add(TRACE_REALLOC, 0, 1000)
      .Add(TRACE_RESIZE_BEGIN, kA)
      .Add(TRACE_REALLOC, 0, 0);
  LiveBlocks blocks;
  const std::vector<Change> changes = Changes(script, &blocks);
  EXPECT_EQ(changes[2].kind, Change::Kind::kNone);
  EXPECT_EQ(changes[4].kind, Change::Kind::kEnded);
  EXPECT_EQ(changes[4].before.bytes, 100u);
  EXPECT_EQ(blocks.bytes(), 0u);
  EXPECT_EQ(blocks.peak_bytes(), 100u);
}

TEST(LiveBlocksTest, AHandlersResizeIsInsideAnother) {
  Script script;
  script.Add(TRACE_MALLOC, kA, 1)
      .Add(TRACE_RESIZE_BEGIN, kA)
      .Add(TRACE_RESIZE_BEGIN, 0)
      .Add(TRACE_REALLOC, kB, 20)
      .Add(TRACE_REALLOC, kC, 300);
  LiveBlocks blocks;
  const std::vector<Change> changes = Changes(script, &blocks);
  EXPECT_EQ(changes[3].kind, Change::Kind::kMade);
  EXPECT_EQ(changes[4].kind, Change::Kind::kResized);
  EXPECT_EQ(blocks.bytes(), 320u);
  EXPECT_EQ(blocks.Remaining().size(), 2u);
}

TEST(LiveBlocksTest, AResizeThatNeverEndsLeavesItsBlock) {
  Script script;
  script.Add(TRACE_MALLOC, kA, 100).Add(TRACE_RESIZE_BEGIN, kA);
  LiveBlocks blocks;
  Changes(script, &blocks);
  EXPECT_EQ(blocks.bytes(), 100u);
  ASSERT_EQ(blocks.Remaining().size(), 1u);
  EXPECT_EQ(blocks.Remaining()[0].bytes, 100u);
}

TEST(VerifyTest, TellsWhatIsWrong) {
  Script good;
  good.Add(TRACE_MALLOC, kA, 8).Add(TRACE_FREE, kA, 0, 1).Add(TRACE_FREE, 0);
  EXPECT_EQ(VerifyMessage(good.Read()), "");
  EXPECT_THAT(VerifyMessage(good.Read(ordered_json::object(), {{"lost", 3u}})),
              HasSubstr("lacks 3 events"));

  Script twice = good;
  twice.Add(TRACE_FREE, kA);
  EXPECT_THAT(VerifyMessage(twice.Read()),
              HasSubstr("1 events give back a block that was never handed out; the first is "
                        "event 3 (free of 0x1000 in thread 0)"));
  EXPECT_EQ(VerifyMessage(twice.Read({{"forked", true}})), "");

  Script doubled;
  doubled.Add(TRACE_MALLOC, kA, 8).Add(TRACE_CALLOC, kA, 8);
  EXPECT_THAT(VerifyMessage(doubled.Read()), HasSubstr("hand out a block that is live already"));

  Script cut;
  cut.Add(TRACE_MALLOC, kA, 8).Add(TRACE_RESIZE_BEGIN, kB);
  EXPECT_THAT(VerifyMessage(cut.Read()), HasSubstr("resize_begin of 0x2000"));
}

TEST(SummaryTest, CountsWhatHappened) {
  Script script;
  script.Add(TRACE_MALLOC, kA, 100)
      .Add(TRACE_CALLOC, kB, 5000)
      .Add(TRACE_FREE, kA, 0, 1)
      .Add(TRACE_MALLOC, 0, 1 << 30)
      .Add(TRACE_RESIZE_BEGIN, kB)
      .Add(TRACE_REALLOC, kC, 6000)
      .Add(TRACE_MALLOC, kA, 0);
  TraceReader reader = script.Read();
  const Summary summary = Summarise(&reader, 4);
  EXPECT_EQ(summary.events, 7u);
  EXPECT_EQ(summary.events_by_kind[TRACE_MALLOC], 3u);
  EXPECT_EQ(summary.duration_ns, 60u);
  EXPECT_EQ(summary.blocks, 4u);
  EXPECT_EQ(summary.failed_calls, 1u);
  EXPECT_EQ(summary.requested_bytes, 11'100u);
  EXPECT_EQ(summary.peak_live_bytes, 6000u);
  EXPECT_EQ(summary.peak_ns, 50u);
  EXPECT_EQ(summary.end_live_bytes, 6000u);
  EXPECT_EQ(summary.end_live_blocks, 2u);
  EXPECT_EQ(summary.cross_thread_ends, 1u);
  EXPECT_EQ(summary.sizes[0], 1u);         // 0 bytes
  EXPECT_EQ(summary.sizes[7], 1u);         // 64 to 127
  EXPECT_EQ(summary.sizes[13], 2u);        // 4096 to 8191
  EXPECT_EQ(summary.lifetimes_ns[5], 1u);  // 20 ns
  EXPECT_EQ(summary.lifetimes_ns[6], 1u);  // 40 ns
  EXPECT_EQ(summary.lifetimes_blocks[1], 2u);
  ASSERT_EQ(summary.threads.size(), 2u);
  EXPECT_EQ(summary.threads[1].events, 1u);
  EXPECT_EQ(summary.threads[1].first_ns, 20u);
  EXPECT_EQ(summary.live_bytes_over_time, (std::vector<uint64_t>{5100, 5100, 5000, 6000}));
  EXPECT_THAT(SummaryText(reader, summary), HasSubstr("live peak  5.859 KiB (6000 bytes)"));
  EXPECT_EQ(SummaryJson(reader, summary).at("peak_live_bytes"), 6000u);
}

TEST(SummaryTest, OfNothingIsNothing) {
  TraceReader reader = Script().Read();
  const Summary summary = Summarise(&reader, 64);
  EXPECT_EQ(summary.events, 0u);
  EXPECT_THAT(SummaryText(reader, summary), HasSubstr("events     0 of 0 threads"));
}

TEST(SummaryTest, TakesAnyTimes) {
  std::vector<Event> events = {{0, kA, 1, 0, TRACE_MALLOC, 0},
                               {UINT64_MAX, kB, 1, 0, TRACE_MALLOC, 0},
                               {5, kA, 1, 0, TRACE_FREE, 0}};
  const std::string path = ::testing::TempDir() + "/times";
  auto writer = *TraceWriter::Create(path, 1, ordered_json::object());
  ASSERT_TRUE(writer->Append(0, events).ok());
  ASSERT_TRUE(writer->Finish(ordered_json::object()).ok());
  TraceReader reader = *TraceReader::Open(path);
  EXPECT_EQ(Summarise(&reader, 64).peak_live_bytes, 2u);
  EXPECT_THAT(VerifyMessage(std::move(reader)), HasSubstr("earlier than the one before"));
}

TEST(ChartTest, TheHighestFillsItsColumn) {
  EXPECT_EQ(Columns({0, 1, 8, 16}, 2), "   █\n ▁██\n");
  EXPECT_EQ(Columns({0, 0}, 1), "  \n");
  EXPECT_EQ(Bar(8, 8, 2), "██");
  EXPECT_EQ(Bar(1, 1000, 2), "▏");
  EXPECT_EQ(Bar(0, 0, 2), "");
}

TEST(UnitsTest, AreForPeople) {
  EXPECT_EQ(Bytes(1023), "1023 B");
  EXPECT_EQ(Bytes(1536), "1.5 KiB");
  EXPECT_EQ(Duration(20'000'000), "20 ms");
  EXPECT_EQ(Grouped(1234567), "1,234,567");
  EXPECT_EQ(Grouped(123), "123");
}

}  // namespace
}  // namespace loam::trace
