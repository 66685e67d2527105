// Threads of a workload, and how a fixed amount of work is shared among them.

#ifndef LOAM_BENCHMARKS_CELL_THREADS_H_
#define LOAM_BENCHMARKS_CELL_THREADS_H_

#include <pthread.h>

#include <cstddef>
#include <cstdint>

#include "benchmarks/cell/latency.h"
#include "benchmarks/cell/scratch.h"

namespace loam::cell {

constexpr size_t kMaxThreads = 1024;

[[noreturn]] void DieWithoutThread(int error);

// What falls to worker `index` of `count`: shares differ by one at most, and
// add up to `total`.
inline int64_t Share(int64_t total, size_t count, size_t index) {
  const int64_t workers = static_cast<int64_t>(count);
  return total / workers + (static_cast<int64_t>(index) < total % workers);
}

// Runs kWork for every worker, each on a thread of its own, also a single one,
// and waits for them all. At most kMaxThreads workers.
template <auto kWork, typename Worker>
void RunOnThreads(Scratch<Worker> *workers) {
  pthread_t threads[kMaxThreads];
  const auto start = [](void *worker) -> void * {
    kWork(static_cast<Worker *>(worker));
    CollectLatencies();
    return nullptr;
  };
  for (size_t i = 0; i < workers->size(); i++) {
    const int error = pthread_create(&threads[i], nullptr, start, &(*workers)[i]);
    if (error != 0) DieWithoutThread(error);
  }
  for (size_t i = 0; i < workers->size(); i++) pthread_join(threads[i], nullptr);
}

// The same, but a single worker runs on the caller's thread: a process that
// needs no second thread never starts one, as a single-threaded program.
template <auto kWork, typename Worker>
void RunAll(Scratch<Worker> *workers) {
  if (workers->size() == 1) {
    kWork(workers->begin());
  } else {
    RunOnThreads<kWork>(workers);
  }
}

}  // namespace loam::cell

#endif  // LOAM_BENCHMARKS_CELL_THREADS_H_
