// Threads: each allocates, any other frees, and threads end with blocks alive.

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "tests/conformance/variant_test.h"
#include "tests/support/memory.h"
#include "tests/support/queue.h"
#include "tests/support/random.h"
#include "tests/support/sanitizers.h"
#include "tests/support/stamp.h"

namespace loam::test {
namespace {

// A sanitizer costs about ten times.
constexpr int kScale = kSlowBuild ? 1 : 8;

struct Parcel {
  void *block;
  size_t size;
  uint64_t seed;
};

class ThreadTest : public VariantTest {
 protected:
  Parcel Make(Random *random, size_t largest) const {
    Parcel parcel = {nullptr, random->BlockSize(largest), random->Next()};
    parcel.block = v.malloc(parcel.size);
    EXPECT_NE(parcel.block, nullptr);
    if (parcel.block != nullptr) Stamp(parcel.block, parcel.size, parcel.seed);
    return parcel;
  }

  void Release(const Parcel &parcel) const {
    EXPECT_TRUE(IsStamped(parcel.block, parcel.size, parcel.seed)) << parcel.size;
    v.free(parcel.block);
  }

  void ExpectNothingLeft(size_t live_before) const {
    if (v.stats != nullptr) {
      EXPECT_EQ(Stats().live_blocks, live_before);
    }
  }

  size_t Live() const { return v.stats != nullptr ? Stats().live_blocks : 0; }
};

TEST_P(ThreadTest, EachForItself) {
  const size_t live = Live();
  std::vector<std::thread> threads;
  for (uint64_t id = 0; id < 8; ++id) {
    threads.emplace_back([this, id] {
      Random random(id);
      std::vector<Parcel> parcels(200, Parcel{nullptr, 0, 0});
      for (int step = 0; step < 5000 * kScale; ++step) {
        Parcel &parcel = parcels[random.Below(parcels.size())];
        if (parcel.block != nullptr) Release(parcel);
        parcel = Make(&random, 32 * kKiB);
      }
      for (const Parcel &parcel : parcels) {
        if (parcel.block != nullptr) Release(parcel);
      }
    });
  }
  for (std::thread &thread : threads) thread.join();
  ExpectNothingLeft(live);
}

TEST_P(ThreadTest, SomeMakeAndOthersFree) {
  const size_t live = Live();
  Queue<Parcel, 256> queue;
  std::vector<std::thread> makers;
  std::vector<std::thread> takers;
  for (uint64_t id = 0; id < 3; ++id) {
    makers.emplace_back([this, id, &queue] {
      Random random(id);
      for (int i = 0; i < 3000 * kScale; ++i) queue.Push(Make(&random, 64 * kKiB));
    });
    takers.emplace_back([this, &queue] {
      Parcel parcel;
      while (queue.Pop(&parcel)) Release(parcel);
    });
  }
  for (std::thread &thread : makers) thread.join();
  queue.Close();
  for (std::thread &thread : takers) thread.join();
  ExpectNothingLeft(live);
}

TEST_P(ThreadTest, ReallocByAnotherThread) {
  const size_t live = Live();
  Queue<Parcel, 256> there;
  Queue<Parcel, 256> back;
  std::thread other([&] {
    Random random(8);
    Parcel parcel;
    while (there.Pop(&parcel)) {
      const size_t size = random.BlockSize(512 * kKiB);
      void *moved = v.realloc(parcel.block, size);
      ASSERT_NE(moved, nullptr);
      EXPECT_TRUE(IsStamped(moved, std::min(size, parcel.size), parcel.seed));
      Stamp(moved, size, parcel.seed);
      back.Push({moved, size, parcel.seed});
    }
  });
  Random random(9);
  for (int i = 0; i < 500 * kScale; ++i) {
    there.Push(Make(&random, 512 * kKiB));
    Parcel parcel;
    ASSERT_TRUE(back.Pop(&parcel));
    Release(parcel);
  }
  there.Close();
  other.join();
  ExpectNothingLeft(live);
}

TEST_P(ThreadTest, BlocksOutliveTheirThread) {
  const size_t live = Live();
  constexpr size_t kThreads = 100;
  constexpr size_t kEach = 50;
  std::vector<std::vector<Parcel>> left(kThreads);
  for (size_t first = 0; first < kThreads; first += 4) {
    std::vector<std::thread> threads;
    for (size_t id = first; id < first + 4; ++id) {
      threads.emplace_back([this, id, &left] {
        Random random(id);
        for (size_t i = 0; i < kEach; ++i) {
          left[id].push_back(Make(&random, 128 * kKiB));
          Release(Make(&random, 128 * kKiB));
        }
      });
    }
    for (std::thread &thread : threads) thread.join();
    if (first >= 20) {
      for (const Parcel &parcel : left[first - 20]) Release(parcel);
      left[first - 20].clear();
    }
  }
  ExpectWhole();
  for (const auto &parcels : left) {
    for (const Parcel &parcel : parcels) Release(parcel);
  }
  ExpectNothingLeft(live);
}

TEST_P(ThreadTest, ThreadsThatComeAndGoLeaveNoMemory) {
  auto cycle = [this](int times) {
    for (int i = 0; i < times; ++i) {
      std::thread([this, i] {
        Random random(static_cast<uint64_t>(i));
        for (int step = 0; step < 20; ++step) Release(Make(&random, 16 * kKiB));
      }).join();
    }
  };
  cycle(50);
  v.trim(0);
  const size_t before = AddressSpaceBytes();
  cycle(400);
  v.trim(0);
  if (!kSanitizerRuntime) {
    EXPECT_LE(AddressSpaceBytes(), before + 16 * kMiB);
  }
}

TEST_P(ThreadTest, CheckStatsAndTrimWhileOthersWork) {
  std::atomic<bool> done{false};
  std::vector<std::thread> threads;
  for (uint64_t id = 0; id < 3; ++id) {
    threads.emplace_back([this, id] {
      Random random(id);
      for (int i = 0; i < 3000 * kScale; ++i) Release(Make(&random, 256 * kKiB));
    });
  }
  std::thread watcher([this, &done] {
    while (!done) {
      ExpectWhole();
      if (v.stats != nullptr) {
        EXPECT_GE(Stats().malloc_calls, 1u);
      }
      v.trim(0);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  for (std::thread &thread : threads) thread.join();
  done = true;
  watcher.join();
}

LOAM_TEST_EVERY_VARIANT(ThreadTest);

}  // namespace
}  // namespace loam::test
