#include "tests/fuzz/workers.h"

#include <utility>

namespace loam::test {

Worker::Worker() : thread_([this] { Loop(); }) {}

Worker::~Worker() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ends_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Worker::Run(std::function<void()> job) {
  std::unique_lock<std::mutex> lock(mutex_);
  job_ = std::move(job);
  changed_.notify_all();
  changed_.wait(lock, [this] { return !job_; });
}

void Worker::Loop() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return job_ || ends_; });
    if (!job_) return;
    job_();
    job_ = nullptr;
    changed_.notify_all();
  }
}

void Workers::Run(size_t number, std::function<void()> job) {
  if (workers_[number] == nullptr) workers_[number] = std::make_unique<Worker>();
  workers_[number]->Run(std::move(job));
}

}  // namespace loam::test
