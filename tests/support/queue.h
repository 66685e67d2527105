// A queue of bounded length between threads.

#ifndef LOAM_TESTS_SUPPORT_QUEUE_H_
#define LOAM_TESTS_SUPPORT_QUEUE_H_

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <utility>

namespace loam::test {

template <typename Parcel, size_t kBound>
class Queue {
 public:
  void Push(Parcel parcel) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return parcels_.size() < kBound; });
    parcels_.push_back(std::move(parcel));
    changed_.notify_all();
  }

  void Close() {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

  // False when the queue is closed and empty.
  bool Pop(Parcel *parcel) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return closed_ || !parcels_.empty(); });
    if (parcels_.empty()) return false;
    *parcel = std::move(parcels_.front());
    parcels_.pop_front();
    changed_.notify_all();
    return true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Parcel> parcels_;
  bool closed_ = false;
};

}  // namespace loam::test

#endif  // LOAM_TESTS_SUPPORT_QUEUE_H_
