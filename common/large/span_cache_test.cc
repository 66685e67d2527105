#include "common/large/span_cache.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

namespace {

// The cache never touches what it keeps: any addresses serve.
constexpr uintptr_t kBase = 0x7000'0000'0000;
constexpr size_t kPage = 4096;

char *PageAt(size_t index) { return reinterpret_cast<char *>(kBase + index * kPage); }

size_t IndexOf(const void *address) {
  return (reinterpret_cast<uintptr_t>(address) - kBase) / kPage;
}

void ExpectInvariants(const loam_span_cache &cache) {
  ASSERT_LE(cache.count, static_cast<size_t>(LOAM_CACHED_SPANS_MAX));
  size_t bytes = 0;
  for (size_t i = 0; i < cache.count; i++) {
    const loam_span &span = cache.spans[i];
    ASSERT_GT(span.bytes, 0u);
    bytes += span.bytes;
    for (size_t j = 0; j < i; j++) {
      const loam_span &other = cache.spans[j];
      ASSERT_TRUE(span.address + span.bytes < other.address ||
                  other.address + other.bytes < span.address)
          << "two spans overlap or touch";
    }
  }
  ASSERT_EQ(cache.bytes, bytes);
  ASSERT_LE(cache.low_bytes, cache.bytes);
}

class SpanCacheTest : public testing::Test {
 protected:
  void TearDown() override { ExpectInvariants(cache_); }

  bool Put(size_t index, size_t pages) {
    return loam_span_cache_put(&cache_, PageAt(index), pages * kPage);
  }
  void *Take(size_t pages, size_t alignment = 1) {
    return loam_span_cache_take(&cache_, pages * kPage, alignment);
  }
  loam_span Pop(size_t bytes_max = SIZE_MAX) {
    loam_span span = {};
    EXPECT_TRUE(loam_span_cache_pop(&cache_, bytes_max, &span));
    return span;
  }
  void Fill() {  // every second page, so that nothing merges
    for (size_t i = 0; i < LOAM_CACHED_SPANS_MAX; i++) ASSERT_TRUE(Put(1000 + 2 * i, 1));
  }

  loam_span_cache cache_ = {};
};

TEST_F(SpanCacheTest, EmptyGivesNothing) {
  loam_span span;
  EXPECT_EQ(Take(1), nullptr);
  EXPECT_FALSE(loam_span_cache_pop(&cache_, SIZE_MAX, &span));
  EXPECT_EQ(loam_span_cache_end_period(&cache_), 0u);
}

TEST_F(SpanCacheTest, GivesWhatWasPut) {
  EXPECT_TRUE(Put(5, 3));
  EXPECT_EQ(cache_.bytes, 3 * kPage);
  EXPECT_EQ(Take(4), nullptr) << "more than there is";
  EXPECT_EQ(Take(3), PageAt(5));
  EXPECT_EQ(cache_.count, 0u);
  EXPECT_EQ(cache_.bytes, 0u);
}

TEST_F(SpanCacheTest, NeighboursMerge) {
  EXPECT_TRUE(Put(10, 2));
  EXPECT_TRUE(Put(14, 2));
  EXPECT_EQ(cache_.count, 2u);
  EXPECT_TRUE(Put(8, 2)) << "below one";
  EXPECT_EQ(cache_.count, 2u);
  EXPECT_TRUE(Put(16, 2)) << "above the other";
  EXPECT_EQ(cache_.count, 2u);
  EXPECT_TRUE(Put(12, 2)) << "between them";
  EXPECT_EQ(cache_.count, 1u);
  EXPECT_EQ(Take(10), PageAt(8));
}

TEST_F(SpanCacheTest, TakesTheBestFit) {
  EXPECT_TRUE(Put(0, 10));
  EXPECT_TRUE(Put(20, 3));
  EXPECT_TRUE(Put(40, 5));
  EXPECT_EQ(Take(3), PageAt(20));
  EXPECT_EQ(Take(3), PageAt(40));
  EXPECT_EQ(Take(3), PageAt(0));
}

TEST_F(SpanCacheTest, WhatIsNotTakenStays) {
  EXPECT_TRUE(Put(0, 10));
  EXPECT_EQ(Take(4), PageAt(0));
  EXPECT_EQ(cache_.bytes, 6 * kPage);
  EXPECT_EQ(Take(6), PageAt(4));
}

TEST_F(SpanCacheTest, AlignmentLeavesASpanOnBothSides) {
  EXPECT_TRUE(Put(1, 14));
  EXPECT_EQ(Take(2, 8 * kPage), PageAt(8));
  EXPECT_EQ(cache_.count, 2u);
  EXPECT_EQ(Take(7), PageAt(1));
  EXPECT_EQ(Take(5), PageAt(10));
}

TEST_F(SpanCacheTest, LongEnoughButNotAtTheAlignment) {
  EXPECT_TRUE(Put(1, 8));
  EXPECT_EQ(Take(2, 8 * kPage), nullptr);
  EXPECT_EQ(cache_.bytes, 8 * kPage);
  EXPECT_EQ(Take(1, 8 * kPage), PageAt(8));
}

TEST_F(SpanCacheTest, TakesAtAnAddressWhatBeginsThere) {
  EXPECT_TRUE(Put(4, 6));
  EXPECT_FALSE(loam_span_cache_take_at(&cache_, PageAt(5), kPage)) << "inside of it";
  EXPECT_FALSE(loam_span_cache_take_at(&cache_, PageAt(4), 7 * kPage)) << "too short";
  EXPECT_EQ(cache_.bytes, 6 * kPage);
  EXPECT_TRUE(loam_span_cache_take_at(&cache_, PageAt(4), 2 * kPage));
  ExpectInvariants(cache_);
  EXPECT_TRUE(loam_span_cache_take_at(&cache_, PageAt(6), 4 * kPage));
  EXPECT_EQ(cache_.count, 0u);
}

TEST_F(SpanCacheTest, AFullTableTakesNoMore) {
  Fill();
  EXPECT_FALSE(Put(0, 1));
  EXPECT_EQ(cache_.count, static_cast<size_t>(LOAM_CACHED_SPANS_MAX));
  EXPECT_EQ(cache_.bytes, LOAM_CACHED_SPANS_MAX * kPage);
}

TEST_F(SpanCacheTest, AFullTableTakesWhatMerges) {
  Fill();
  EXPECT_TRUE(Put(1001, 1)) << "fills a gap: two spans become one";
  EXPECT_EQ(cache_.count, LOAM_CACHED_SPANS_MAX - 1u);
}

TEST_F(SpanCacheTest, AFullTableIsNotCutInThree) {
  for (size_t i = 1; i < LOAM_CACHED_SPANS_MAX; i++) ASSERT_TRUE(Put(1000 + 2 * i, 1));
  ASSERT_TRUE(Put(1, 14));
  ASSERT_EQ(cache_.count, static_cast<size_t>(LOAM_CACHED_SPANS_MAX));
  EXPECT_EQ(Take(2, 8 * kPage), nullptr);
  EXPECT_EQ(Take(2), PageAt(1)) << "in two it may";
}

TEST_F(SpanCacheTest, TheOldestIsPoppedFirst) {
  EXPECT_TRUE(Put(10, 1));
  EXPECT_TRUE(Put(0, 2));
  EXPECT_TRUE(Put(20, 3));
  EXPECT_EQ(Pop().address, PageAt(10));
  EXPECT_EQ(Pop().address, PageAt(0));
  EXPECT_EQ(Pop().address, PageAt(20));
  EXPECT_EQ(cache_.count, 0u);
}

TEST_F(SpanCacheTest, MergingMakesYoung) {
  EXPECT_TRUE(Put(10, 1));
  EXPECT_TRUE(Put(0, 2));
  EXPECT_TRUE(Put(11, 1));
  EXPECT_EQ(Pop().address, PageAt(0));
}

TEST_F(SpanCacheTest, WhatIsCutOffKeepsItsAge) {
  EXPECT_TRUE(Put(10, 3));
  EXPECT_TRUE(Put(0, 5));
  EXPECT_EQ(Take(2), PageAt(10));
  EXPECT_EQ(Pop().address, PageAt(12));
}

TEST_F(SpanCacheTest, PopTakesNoMoreThanItMay) {
  EXPECT_TRUE(Put(10, 8));
  EXPECT_TRUE(Put(0, 1));
  const loam_span end = Pop(3 * kPage);
  EXPECT_EQ(end.address, PageAt(15)) << "the end of the oldest";
  EXPECT_EQ(end.bytes, 3 * kPage);
  const loam_span rest = Pop(5 * kPage);
  EXPECT_EQ(rest.address, PageAt(10)) << "what was left is still the oldest";
  EXPECT_EQ(rest.bytes, 5 * kPage);
  EXPECT_EQ(cache_.bytes, kPage);
}

TEST_F(SpanCacheTest, APeriodGivesTheLeastThereWasInIt) {
  EXPECT_TRUE(Put(0, 10));
  EXPECT_EQ(loam_span_cache_end_period(&cache_), 0u) << "it began empty";
  EXPECT_EQ(loam_span_cache_end_period(&cache_), 10 * kPage) << "nobody came";
  EXPECT_EQ(Take(4), PageAt(0));
  EXPECT_TRUE(Put(0, 4));
  EXPECT_EQ(loam_span_cache_end_period(&cache_), 6 * kPage) << "four were needed once";
  EXPECT_EQ(loam_span_cache_end_period(&cache_), 10 * kPage);
  Pop(7 * kPage);
  EXPECT_EQ(loam_span_cache_end_period(&cache_), 3 * kPage) << "what is popped is not idle";
}

// Against a map of pages: free ones are in the cache.
class SpanCacheRandomTest : public SpanCacheTest {
 protected:
  static constexpr size_t kPages = 512;

  void Mark(const void *address, size_t bytes, bool cached) {
    const size_t first = IndexOf(address);
    for (size_t i = first; i < first + bytes / kPage; i++) {
      ASSERT_LT(i, kPages);
      ASSERT_NE(cached_[i], cached);
      cached_[i] = cached;
    }
  }

  void PutSomething() {
    const size_t first = random_() % kPages;
    size_t pages = 0;
    const size_t most = 1 + random_() % 24;
    while (first + pages < kPages && pages < most && !cached_[first + pages]) pages++;
    if (pages == 0) return;
    if (Put(first, pages)) {
      Mark(PageAt(first), pages * kPage, true);
    } else {
      ASSERT_EQ(cache_.count, static_cast<size_t>(LOAM_CACHED_SPANS_MAX));
    }
  }

  // Whether some run of cached pages could serve.
  bool Possible(size_t pages, size_t alignment) const {
    for (size_t first = 0; first + pages <= kPages; first++) {
      if ((kBase + first * kPage) % alignment != 0) continue;
      const auto begin = cached_.begin() + static_cast<ptrdiff_t>(first);
      if (std::all_of(begin, begin + static_cast<ptrdiff_t>(pages), [](bool c) { return c; })) {
        return true;
      }
    }
    return false;
  }

  void TakeSomething() {
    const size_t pages = 1 + random_() % 24;
    const size_t alignment = kPage << random_() % 5;
    const bool possible = Possible(pages, alignment);
    const bool full = cache_.count == LOAM_CACHED_SPANS_MAX;
    const void *taken = Take(pages, alignment);
    if (taken == nullptr) {
      ASSERT_TRUE(!possible || full);
      return;
    }
    ASSERT_EQ(reinterpret_cast<uintptr_t>(taken) % alignment, 0u);
    Mark(taken, pages * kPage, false);
  }

  void PopSomething() {
    const size_t most = (1 + random_() % 24) * kPage;
    loam_span span;
    if (!loam_span_cache_pop(&cache_, most, &span)) {
      ASSERT_EQ(cache_.count, 0u);
      return;
    }
    ASSERT_LE(span.bytes, most);
    Mark(span.address, span.bytes, false);
  }

  size_t CachedBytes() const {
    return static_cast<size_t>(std::count(cached_.begin(), cached_.end(), true)) * kPage;
  }

  std::mt19937 random_{20240229};
  std::vector<bool> cached_ = std::vector<bool>(kPages);
};

TEST_F(SpanCacheRandomTest, HoldsJustThePagesOfTheModel) {
  size_t low_bytes = 0;
  for (int step = 0; step < 5000; step++) {
    switch (random_() % 8) {
      case 0:
      case 1:
      case 2:
        PutSomething();
        break;
      case 3:
        PopSomething();
        break;
      case 4:
        if (step % 50 == 0) {
          ASSERT_EQ(loam_span_cache_end_period(&cache_), low_bytes);
          low_bytes = CachedBytes();
        }
        break;
      default:
        TakeSomething();
    }
    low_bytes = std::min(low_bytes, CachedBytes());
    ASSERT_NO_FATAL_FAILURE(ExpectInvariants(cache_));
    ASSERT_EQ(cache_.bytes, CachedBytes());
    ASSERT_EQ(cache_.low_bytes, low_bytes);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
