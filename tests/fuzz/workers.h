// Threads in lock step: a few that sleep until one of them is handed the work,
// while who handed it over waits. So a program runs on several threads, and
// still the same way each time.

#ifndef LOAM_TESTS_FUZZ_WORKERS_H_
#define LOAM_TESTS_FUZZ_WORKERS_H_

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace loam::test {

// One such thread.
class Worker {
 public:
  Worker();
  ~Worker();  // ends the thread
  Worker(const Worker &) = delete;
  Worker &operator=(const Worker &) = delete;

  // Runs `job` there, and comes back when it is done.
  void Run(std::function<void()> job);

 private:
  void Loop();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> job_;  // empty: nothing to do
  bool ends_ = false;
  std::thread thread_;
};

inline constexpr size_t kWorkers = 3;

// Workers by number, each started when it is first used.
class Workers {
 public:
  void Run(size_t number, std::function<void()> job);

  // Ends the thread, if it was started; not to be called by itself.
  void End(size_t number) { workers_[number].reset(); }

  void EndAll() {
    for (auto &worker : workers_) worker.reset();
  }

 private:
  std::unique_ptr<Worker> workers_[kWorkers];
};

}  // namespace loam::test

#endif  // LOAM_TESTS_FUZZ_WORKERS_H_
