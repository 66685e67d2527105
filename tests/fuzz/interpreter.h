// One run of a program: see program.h.

#ifndef LOAM_TESTS_FUZZ_INTERPRETER_H_
#define LOAM_TESTS_FUZZ_INTERPRETER_H_

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "common/variant/variant.h"
#include "tests/fuzz/model.h"
#include "tests/fuzz/operation.h"
#include "tests/fuzz/program.h"
#include "tests/fuzz/workers.h"

namespace loam::test {

class Interpreter {
 public:
  Interpreter(const loam_variant &variant, const uint8_t *bytes, size_t size,
              const ProgramOptions &options);

  // To the program's end; gives the operations done.
  size_t Run();

 private:
  // What an allocation was asked for, and where it goes.
  struct Request {
    size_t slot;
    size_t size;
    size_t alignment = 0;
    Origin origin = Origin::kPlain;
    size_t heap = 0;
    bool possible = true;  // else it must fail, whatever its size
    int error = ENOMEM;    // with this errno
    bool zeroed = false;
  };

  // --- The program and its threads: program.cc ---
  bool AtEnd() const { return end_ - next_ < static_cast<ptrdiff_t>(kOperationBytes); }
  void RunOnThisThread();
  void Step();
  void Execute(const Operation &operation);
  void SwitchThread(size_t thread);
  void EndThread(size_t thread);
  void Fork();
  [[noreturn]] void RunAsChild();
  void Finish();

  // --- Calls that give blocks, and those that end them: calls.cc ---
  void Malloc(const Operation &operation);
  void Calloc(const Operation &operation);
  void AlignedAlloc(const Operation &operation);
  void PosixMemalign(const Operation &operation);
  void Realloc(const Operation &operation);
  void Reallocarray(const Operation &operation);
  void HeapMalloc(const Operation &operation);
  void HeapCalloc(const Operation &operation);
  void HeapAlignedAlloc(const Operation &operation);
  void HeapRealloc(const Operation &operation);

  // errno before each call; none that succeeds may change it.
  static constexpr int kSentinel = 12345;
  static void Begin();
  static void ExpectErrnoKept();

  bool HasShare(size_t size) const;
  bool Gave(const void *block, bool possible, int error);
  static Request Aligned(const Operation &operation, bool valid, Origin origin);
  template <typename Call>
  void Allocate(const Request &request, Call call);
  template <typename Call>
  void Resize(const Request &request, Call call);

  void Free(size_t slot);
  void FreeSized(size_t slot);
  void HeapFree(const Operation &operation);
  void FreeMany(const Operation &operation);
  template <typename Call>
  void End(size_t slot, Call call);

  // --- Heaps, and the variant as a whole: whole.cc ---
  bool EnsureHeap(size_t heap);
  void HeapStats(size_t heap);
  void HeapDestroy(size_t heap);
  void UsableSize(size_t slot);
  void Trim(const Operation &operation);
  void SetFaultPlan(const Operation &operation);
  void CheckAll();

  const loam_variant &v_;
  const ProgramOptions options_;
  const uint8_t *next_;
  const uint8_t *end_;
  Model model_;
  loam_heap *heaps_[kHeaps] = {};
  Workers workers_;
  size_t thread_ = 0;  // that is to go on: 0 is the one that called Run()
  size_t ending_ = 0;  // the worker that is to end itself, or 0
  size_t operations_ = 0;
  size_t next_check_;  // at this number of operations
  size_t forks_ = 0;
  bool is_child_ = false;
};

}  // namespace loam::test

#endif  // LOAM_TESTS_FUZZ_INTERPRETER_H_
