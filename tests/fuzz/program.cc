#include "tests/fuzz/program.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "tests/fuzz/expect.h"
#include "tests/fuzz/faults.h"
#include "tests/fuzz/interpreter.h"

namespace loam::test {
namespace {

constexpr size_t kChildOperationsMax = 64;

}  // namespace

Interpreter::Interpreter(const loam_variant &variant, const uint8_t *bytes, size_t size,
                         const ProgramOptions &options)
    : v_(variant),
      options_(options),
      next_(bytes + (size < kProgramHeaderBytes ? 0 : kProgramHeaderBytes)),
      end_(bytes + size),
      model_(variant, size_t{1} << SlotsLog2(size == 0 ? uint8_t{0} : bytes[0]), options.thorough),
      next_check_(options.check_every) {
  place = {variant.name, 0, "start"};
}

// Hands the program to whichever thread is to go on with it, until it ends.
size_t Interpreter::Run() {
  while (!AtEnd()) {
    if (thread_ == 0) {
      RunOnThisThread();
    } else {
      workers_.Run(thread_ - 1, [this] { RunOnThisThread(); });
    }
    if (ending_ != 0) workers_.End(ending_ - 1);
    ending_ = 0;
  }
  place.kind = "end";
  Finish();
  return operations_;
}

void Interpreter::RunOnThisThread() {
  const size_t me = thread_;
  while (thread_ == me && !AtEnd()) Step();
}

void Interpreter::Step() {
  Operation operation = Decode(next_);
  operation.slot = static_cast<uint16_t>(operation.slot & (model_.slots() - 1));
  next_ += kOperationBytes;
  place.index = operations_++;
  place.kind = NameOf(operation.kind);
  Execute(operation);
  if (operations_ >= next_check_) CheckAll();
}

void Interpreter::Execute(const Operation &operation) {
  switch (operation.kind) {
    case Kind::kMalloc:
      return Malloc(operation);
    case Kind::kCalloc:
      return Calloc(operation);
    case Kind::kRealloc:
      return Realloc(operation);
    case Kind::kReallocarray:
      return Reallocarray(operation);
    case Kind::kAlignedAlloc:
      return AlignedAlloc(operation);
    case Kind::kPosixMemalign:
      return PosixMemalign(operation);
    case Kind::kFree:
      return Free(operation.slot);
    case Kind::kFreeSized:
      return FreeSized(operation.slot);
    case Kind::kHeapMalloc:
      return HeapMalloc(operation);
    case Kind::kHeapCalloc:
      return HeapCalloc(operation);
    case Kind::kHeapRealloc:
      return HeapRealloc(operation);
    case Kind::kHeapAlignedAlloc:
      return HeapAlignedAlloc(operation);
    case Kind::kHeapFree:
      return HeapFree(operation);
    case Kind::kUsableSize:
      return UsableSize(operation.slot);
    case Kind::kFreeMany:
      return FreeMany(operation);
    case Kind::kTrim:
      return Trim(operation);
    case Kind::kStats:
      return model_.ExpectCounters();
    case Kind::kCheck:
      return CheckAll();
    case Kind::kHeapCreate:
      EnsureHeap(operation.Heap());
      return;
    case Kind::kHeapStats:
      return HeapStats(operation.Heap());
    case Kind::kHeapDestroy:
      return HeapDestroy(operation.Heap());
    case Kind::kFaults:
      return SetFaultPlan(operation);
    case Kind::kSwitchThread:
      return SwitchThread(operation.slot % (kWorkers + 1));
    case Kind::kEndThread:
      return EndThread(operation.slot % (kWorkers + 1));
    case Kind::kFork:
      return Fork();
  }
}

// A forked child has one thread, and no way to the others.
void Interpreter::SwitchThread(size_t thread) {
  if (!is_child_) thread_ = thread;
}

void Interpreter::EndThread(size_t thread) {
  if (thread == 0 || is_child_) return;
  if (thread == thread_) {
    ending_ = thread;
    thread_ = 0;
  } else {
    workers_.End(thread - 1);
  }
}

// The child goes on with the program for a while, and the parent after it.
void Interpreter::Fork() {
  if (is_child_ || forks_ == options_.forks_max) return;
  ++forks_;
  const pid_t child = fork();
  if (child < 0) return;  // the system's limit, not the allocator's fault
  if (child == 0) RunAsChild();
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  Expect(!WIFSIGNALED(status) || WTERMSIG(status) != SIGALRM, "the forked child hangs");
  Expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the forked child fails");
}

void Interpreter::RunAsChild() {
  signal(SIGALRM, SIG_DFL);
  alarm(options_.child_seconds);
  is_child_ = true;
  for (size_t i = 0; i < kChildOperationsMax && !AtEnd(); ++i) Step();
  place.kind = "end of a forked child";
  Finish();
  _exit(0);
}

void Interpreter::Finish() {
  ClearFaults();
  if (!is_child_) workers_.EndAll();
  for (size_t slot = 0; slot < model_.slots(); ++slot) {
    if (model_.At(slot).at != nullptr) FreeSized(slot);
  }
  for (size_t heap = 0; heap < kHeaps; ++heap) HeapDestroy(heap);
  if (options_.trim_at_end) v_.trim(0);
  CheckAll();
}

size_t RunProgram(const loam_variant &variant, const uint8_t *bytes, size_t size,
                  const ProgramOptions &options) {
  return Interpreter(variant, bytes, size, options).Run();
}

}  // namespace loam::test
