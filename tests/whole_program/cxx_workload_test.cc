// The C++ library at work: containers, shared ownership, exceptions, threads.

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <future>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "tests/support/random.h"

namespace loam::test {
namespace {

std::string Word(size_t number) { return std::string(number % 300, 'w') + std::to_string(number); }

// Inserts, erases and looks up in several containers that must agree.
size_t Containers(uint64_t seed) {
  Random random(seed);
  std::map<std::string, size_t> sorted;
  std::unordered_map<std::string, size_t> hashed;
  std::list<std::string> order;
  for (int step = 0; step < 20000; ++step) {
    const size_t number = random.Below(3000);
    const std::string word = Word(number);
    if (random.Below(3) == 0) {
      EXPECT_EQ(sorted.erase(word), hashed.erase(word));
    } else {
      sorted[word] = number;
      hashed[word] = number;
      order.push_back(word);
    }
    if (order.size() > 1000) order.pop_front();
  }
  EXPECT_EQ(sorted.size(), hashed.size());
  for (const auto &[word, number] : sorted) EXPECT_EQ(hashed.at(word), number);
  return sorted.size();
}

TEST(CxxWorkloadTest, Containers) { EXPECT_GT(Containers(1), 1000u); }

TEST(CxxWorkloadTest, TheSameInEveryThread) {
  const size_t expected = Containers(2);
  std::vector<std::future<size_t>> results;
  for (int i = 0; i < 8; ++i) results.push_back(std::async(std::launch::async, Containers, 2));
  for (auto &result : results) EXPECT_EQ(result.get(), expected);
}

TEST(CxxWorkloadTest, VectorsThatGrow) {
  std::vector<std::vector<uint64_t>> rows(50);
  for (uint64_t i = 0; i < 50 * 20000; ++i) rows[i % 50].push_back(i);
  for (uint64_t row = 0; row < 50; ++row) {
    for (uint64_t i = 0; i < 20000; ++i) ASSERT_EQ(rows[row][i], i * 50 + row);
  }
  for (auto &row : rows) {
    row.resize(10);
    row.shrink_to_fit();
  }
  EXPECT_EQ(rows[7][9], 9u * 50 + 7);
}

TEST(CxxWorkloadTest, TextsThatGrow) {
  std::string text;
  std::ostringstream stream;
  for (int i = 0; i < 100000; ++i) {
    text += std::to_string(i);
    stream << i;
  }
  EXPECT_EQ(text, stream.str());
}

TEST(CxxWorkloadTest, OwnershipCrossesThreads) {
  auto shared = std::make_shared<std::vector<std::string>>();
  for (size_t i = 0; i < 1000; ++i) shared->push_back(Word(i));
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([shared] {
      std::vector<std::shared_ptr<std::vector<std::string>>> copies(100, shared);
      auto own = std::make_unique<std::vector<std::string>>(*copies.back());
      EXPECT_EQ(own->at(999), Word(999));
    });
  }
  shared.reset();
  for (std::thread &thread : threads) thread.join();
}

// Throws from `depth` frames down, each with something to destroy.
void ThrowFrom(int depth) {
  std::string local(static_cast<size_t>(depth) * 10, 'e');
  auto owned = std::make_unique<std::string>(local);
  if (depth == 0) throw std::runtime_error(std::string(2000, 'x'));
  ThrowFrom(depth - 1);
  owned->push_back('y');
}

TEST(CxxWorkloadTest, ExceptionsUnwind) {
  for (int i = 0; i < 300; ++i) {
    try {
      ThrowFrom(50);
      FAIL() << "nothing was thrown";
    } catch (const std::runtime_error &error) {
      EXPECT_EQ(std::string(error.what()).size(), 2000u);
    }
  }
}

TEST(CxxWorkloadTest, ExceptionsCrossThreads) {
  for (int i = 0; i < 50; ++i) {
    auto result = std::async(std::launch::async, [] { ThrowFrom(10); });
    EXPECT_THROW(result.get(), std::runtime_error);
  }
}

TEST(CxxWorkloadTest, ArraysOfObjectsWhoseConstructorThrows) {
  struct Fragile {
    explicit Fragile() : text(100, 'f') {
      if (++made == 50) throw std::runtime_error("enough");
    }
    std::string text;
    static int &count() {
      static int value;
      return value;
    }
    int &made = count();
  };
  EXPECT_THROW(delete[] new Fragile[100], std::runtime_error);
}

}  // namespace
}  // namespace loam::test
