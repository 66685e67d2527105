#include "benchmarks/workloads/threaded/channel.h"

#include <gtest/gtest.h>

#include <thread>

#include "benchmarks/cell/scratch.h"

namespace loam::cell {
namespace {

constexpr size_t kSize = 24;

void Send(Channel *channel, size_t count) {
  Batch *batch = channel->AwaitRoom();
  batch->count = count;
  for (size_t i = 0; i < count; i++) batch->blocks[i] = Take(kSize);
  channel->Send();
}

TEST(ChannelTest, IsBoundedAndHasRoomAgainAfterABatchIsGivenBack) {
  Scratch<Channel> channel(1);
  int sent = 0;
  for (; channel[0].Room() != nullptr; sent++) Send(&channel[0], 3);
  EXPECT_GT(sent, 1);
  EXPECT_TRUE(channel[0].GiveBatch());
  EXPECT_NE(channel[0].Room(), nullptr);
  int given = 1;
  while (channel[0].GiveBatch()) given++;
  EXPECT_EQ(given, sent);
  EXPECT_EQ(channel[0].given_bytes(), static_cast<int64_t>(kSize) * 3 * sent);
}

TEST(ChannelTest, HandsEveryBlockToTheOtherThread) {
  constexpr int64_t kBatches = 5000;
  Scratch<Channel> channel(1);
  std::thread taker([&channel] { channel[0].GiveBatches(kBatches); });
  int64_t bytes = 0;
  for (int64_t i = 0; i < kBatches; i++) {
    const size_t count = static_cast<size_t>(i) % (Batch::kMost + 1);
    Send(&channel[0], count);
    bytes += static_cast<int64_t>(count * kSize);
  }
  taker.join();
  EXPECT_EQ(channel[0].given_bytes(), bytes);
  EXPECT_FALSE(channel[0].GiveBatch());
}

}  // namespace
}  // namespace loam::cell
