// Traces are read back as they were written, and bytes that are no trace, or a
// broken one, are told in a line.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zstd.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "benchmarks/trace/format/trace_reader.h"
#include "benchmarks/trace/format/trace_writer.h"
#include "benchmarks/trace/format/varint.h"

namespace loam::trace {
namespace {

using ::testing::HasSubstr;

std::string ScratchFile(const std::string &name) { return ::testing::TempDir() + "/" + name; }

std::string ReadBytes(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

std::string Frame(const std::string &piece) {
  std::string frame(ZSTD_compressBound(piece.size()), '\0');
  frame.resize(ZSTD_compress(frame.data(), frame.size(), piece.data(), piece.size(), 3));
  return frame;
}

std::string Header() { return Frame("loam-trace 1\n{}\n"); }

// Any events at all, of every kind.
std::vector<Event> RandomEvents(uint32_t thread, size_t count, std::mt19937_64 *random) {
  std::vector<Event> events(count);
  uint64_t time_ns = 1'000'000'000'000;
  for (Event &event : events) {
    time_ns += (*random)() % 1000;
    event.time_ns = time_ns;
    event.address =
        (*random)() % 8 == 0 ? (*random)() >> 8 : 0x7f0000000000 + (*random)() % 64 * 16;
    event.amount = (*random)() % 8 == 0 ? (*random)() & TRACE_AMOUNT_MAX : (*random)() % 256;
    event.thread = thread;
    event.kind = static_cast<uint8_t>(1 + (*random)() % (TRACE_KIND_END - 1));
    if (TakesAlignment(event.kind)) event.log2_align = static_cast<uint8_t>((*random)() % 64);
  }
  return events;
}

void ExpectEqual(const Event &a, const Event &b) {
  ASSERT_EQ(a.time_ns, b.time_ns);
  ASSERT_EQ(a.address, b.address);
  ASSERT_EQ(a.amount, b.amount);
  ASSERT_EQ(a.thread, b.thread);
  ASSERT_EQ(a.kind, b.kind);
  ASSERT_EQ(a.log2_align, b.log2_align);
}

// A trace of three threads in a file; its bytes.
std::string SmallTrace(const std::string &name) {
  std::mt19937_64 random(5);
  auto writer = *TraceWriter::Create(ScratchFile(name), 3, {{"command", {"a", "b"}}});
  for (int piece = 0; piece < 4; piece++) {
    for (uint32_t thread = 0; thread < 3; thread++) {
      EXPECT_TRUE(writer->Append(thread, RandomEvents(thread, 40, &random)).ok());
    }
  }
  EXPECT_TRUE(writer->Finish({{"ended", "exit status 0"}, {"lost", 0u}}).ok());
  return ReadBytes(ScratchFile(name));
}

TEST(VarintTest, KeepsEveryNumber) {
  for (unsigned shift = 0; shift < 64; shift++) {
    for (uint64_t number :
         {uint64_t{1} << shift, (uint64_t{1} << shift) - 1, UINT64_MAX >> shift}) {
      std::string bytes;
      PutVarint(number, &bytes);
      absl::string_view rest = bytes;
      uint64_t taken;
      ASSERT_TRUE(TakeVarint(&rest, &taken));
      EXPECT_EQ(taken, number);
      EXPECT_TRUE(rest.empty());
      EXPECT_EQ(UnZigZag(ZigZag(number)), number);
    }
  }
  uint64_t number;
  for (absl::string_view bad : {"", "\x80", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"}) {
    EXPECT_FALSE(TakeVarint(&bad, &number));
  }
}

TEST(SectionTest, KeepsEveryEvent) {
  std::mt19937_64 random(1);
  for (size_t count : {1u, 2u, 500u, 5000u}) {
    Section section;
    section.thread = 3;
    section.sequence = 9;
    section.events = RandomEvents(3, count, &random);
    const absl::StatusOr<Section> read = DecodeSection(EncodeSection(section));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->thread, 3u);
    EXPECT_EQ(read->sequence, 9u);
    ASSERT_EQ(read->events.size(), count);
    for (size_t i = 0; i < count; i++) ExpectEqual(section.events[i], read->events[i]);
  }
}

TEST(SectionTest, MutatedBytesAreRefusedOrDecodeToSomething) {
  std::mt19937_64 random(2);
  Section section;
  section.events = RandomEvents(0, 60, &random);
  const std::string good = EncodeSection(section);
  int refused = 0;
  for (int i = 0; i < 20'000; i++) {
    std::string bytes = good;
    for (uint64_t flips = 1 + random() % 4; flips > 0; flips--) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    if (random() % 4 == 0) bytes.resize(random() % bytes.size());
    const absl::StatusOr<Section> read = DecodeSection(bytes);
    refused += read.ok() ? 0 : 1;
    if (read.ok()) {
      EXPECT_LE(read->events.size(), bytes.size());
    }
  }
  EXPECT_GT(refused, 5000);
}

TEST(TraceTest, IsReadBackInTheOrderOfTime) {
  std::mt19937_64 random(4);
  std::vector<std::vector<Event>> written(3);
  auto writer = *TraceWriter::Create(ScratchFile("order"), 3, {{"forked", true}});
  for (int piece = 0; piece < 5; piece++) {
    for (uint32_t thread = 0; thread < 3; thread++) {
      std::vector<Event> events = RandomEvents(thread, 100, &random);
      for (Event &event : events) event.time_ns += static_cast<uint64_t>(piece) * 1'000'000;
      written[thread].insert(written[thread].end(), events.begin(), events.end());
      ASSERT_TRUE(writer->Append(thread, events).ok());
    }
  }
  ASSERT_TRUE(writer->Finish({{"ended", "exit status 0"}}).ok());
  TraceReader reader = *TraceReader::Open(ScratchFile("order"));
  EXPECT_EQ(reader.damage(), "");
  EXPECT_TRUE(reader.forked());
  EXPECT_EQ(reader.event_count(), 1500u);
  EXPECT_EQ(reader.end().at("ended"), "exit status 0");
  for (int pass = 0; pass < 2; pass++) {
    std::vector<size_t> next(3);
    Event event;
    Event before;
    size_t count = 0;
    for (; reader.Next(&event); count++) {
      EXPECT_GE(event.time_ns, before.time_ns);
      ExpectEqual(written[event.thread][next[event.thread]++], event);
      before = event;
    }
    EXPECT_EQ(count, 1500u);
    reader.Rewind();
  }
}

TEST(TraceTest, AtTheSameTimeABlockIsGivenBackFirst) {
  Event freed = {100, 0x1000, 0, 1, TRACE_FREE, 0};
  Event made = {100, 0x1000, 8, 0, TRACE_MALLOC, 0};
  auto writer = *TraceWriter::Create(ScratchFile("tie"), 3, nlohmann::ordered_json::object());
  ASSERT_TRUE(writer->Append(0, {made}).ok());
  ASSERT_TRUE(writer->Append(1, {freed}).ok());
  ASSERT_TRUE(writer->Finish(nlohmann::ordered_json::object()).ok());
  TraceReader reader = *TraceReader::Open(ScratchFile("tie"));
  Event event;
  ASSERT_TRUE(reader.Next(&event));
  EXPECT_EQ(event.kind, TRACE_FREE);
}

TEST(TraceTest, WhatIsCutOffIsReadUntilThere) {
  const std::string whole = SmallTrace("whole");
  uint64_t most = 0;
  for (size_t size = 0; size < whole.size(); size++) {
    absl::StatusOr<TraceReader> reader = TraceReader::FromBytes(whole.substr(0, size));
    if (!reader.ok()) continue;
    EXPECT_NE(reader->damage(), "") << size;
    EXPECT_GE(reader->event_count(), most);
    most = reader->event_count();
    uint64_t count = 0;
    for (Event event; reader->Next(&event);) count++;
    EXPECT_EQ(count, most);
  }
  EXPECT_EQ(most, 480u);
}

TEST(TraceTest, AnyMutationIsSeen) {
  const std::string whole = SmallTrace("mutated");
  ASSERT_EQ(TraceReader::FromBytes(whole)->damage(), "");
  std::mt19937_64 random(6);
  for (int i = 0; i < 5000; i++) {
    std::string bytes = whole;
    const size_t at = random() % bytes.size();
    switch (random() % 4) {
      case 0:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
        break;
      case 1:
        bytes.erase(at, 1 + random() % 100);
        break;
      case 2:
        bytes.insert(at, std::string(1 + random() % 20, static_cast<char>(random())));
        break;
      default:
        bytes.replace(at, 20, bytes.substr(random() % bytes.size(), 20));
        if (bytes == whole) continue;
    }
    absl::StatusOr<TraceReader> reader = TraceReader::FromBytes(bytes);
    if (!reader.ok()) continue;
    for (Event event; reader->Next(&event);) {
    }
    // The checksum of a frame is of what it holds: unused bits of its header may change.
    if (reader->damage().empty()) {
      EXPECT_EQ(reader->event_count(), 480u);
    }
  }
}

TEST(TraceTest, NonsenseInWholeFramesIsTold) {
  Section section;
  section.events.push_back({1, 0x1000, 8, 0, TRACE_MALLOC, 0});
  const std::string good = Frame("E" + EncodeSection(section));
  section.sequence = 1;
  const std::string second = Frame("E" + EncodeSection(section));
  section.sequence = 0;
  section.thread = 0xffffffff;
  const std::string far_thread = Frame("E" + EncodeSection(section));
  const std::vector<std::pair<std::string, std::string>> cases = {
      {good, "has no end"},
      {good + Frame("X{\"events\":1}"), ""},
      {good + Frame("X{\"events\":2}"), "its end counts 2"},
      {good + Frame("X{\"events\":-1}"), "not JSON as it should be"},
      {good + Frame("X[]"), "not JSON as it should be"},
      {good + Frame("X{") + good, "not JSON as it should be"},
      {Frame("X{}") + good, "behind the end"},
      {good + good, "where section 1 should be"},
      {second, "where section 0 should be"},
      {far_thread, "impossible thread"},
      {Frame("?"), "unknown sort"},
      {Frame("E"), "no beginning"},
      {Frame(std::string("E\0\0\xff\xff\xff\x7f", 7)), "impossible number of events"},
      {Frame(std::string(5 << 20, 'E')), "no sensible size"},
      {"garbage", "is cut off"},
  };
  for (const auto &[bytes, message] : cases) {
    const absl::StatusOr<TraceReader> reader = TraceReader::FromBytes(Header() + bytes);
    ASSERT_TRUE(reader.ok()) << message;
    if (message.empty()) {
      EXPECT_EQ(reader->damage(), "");
    }
    EXPECT_THAT(reader->damage(), HasSubstr(message));
    EXPECT_EQ(reader->damage().find('\n'), std::string::npos);
  }
}

TEST(TraceTest, WhatIsNoTraceIsRefused) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "is empty"},
      {"#!/bin/sh\n", "is not a trace"},
      {Frame("hello\n"), "is not a trace"},
      {Frame("loam-trace one\n{}"), "is not a trace"},
      {Frame("loam-trace 2\n{}"), "is of version 2"},
      {Frame("loam-trace 1\n{"), "not JSON"},
      {Frame("loam-trace 1\n{\"forked\":3}"), "not JSON as it should be"},
  };
  for (const auto &[bytes, message] : cases) {
    const absl::StatusOr<TraceReader> reader = TraceReader::FromBytes(bytes);
    ASSERT_FALSE(reader.ok()) << message;
    EXPECT_THAT(std::string(reader.status().message()), HasSubstr(message));
  }
  EXPECT_FALSE(TraceReader::Open("/nowhere").ok());
  EXPECT_FALSE(TraceReader::Open("/").ok());
}

TEST(TraceTest, ManyThreadsWithLargeSectionsAreRefusedBeforeMemoryIsFull) {
  Section section;
  section.events.assign(kMaxSectionEvents, Event{1, 0x1000, 8, 0, TRACE_MALLOC, 0});
  const std::string of_thread_0 = EncodeSection(section);
  std::string bytes = Header();
  for (uint64_t thread = 0; thread < 520; thread++) {
    std::string piece = "E";
    PutVarint(thread, &piece);
    bytes += Frame(piece + of_thread_0.substr(1));
  }
  const absl::StatusOr<TraceReader> reader = TraceReader::FromBytes(bytes);
  ASSERT_TRUE(reader.ok());
  EXPECT_THAT(reader->damage(), HasSubstr("too many threads"));
}

TEST(TraceWriterTest, SaysWhyItCannotWrite) {
  EXPECT_FALSE(TraceWriter::Create("/nowhere/file", 3, {}).ok());
  // /dev/full gives "No space left on device".
  const auto writer = TraceWriter::Create("/dev/full", 3, nlohmann::ordered_json::object());
  ASSERT_FALSE(writer.ok());
  EXPECT_THAT(std::string(writer.status().message()), HasSubstr("No space left"));
}

}  // namespace
}  // namespace loam::trace
