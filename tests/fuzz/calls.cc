// Calls that give blocks, and calls that end them: errno, contents, alignment.

#include <cerrno>

#include "tests/fuzz/expect.h"
#include "tests/fuzz/faults.h"
#include "tests/fuzz/interpreter.h"

namespace loam::test {
namespace {

constexpr size_t kLiveBytesMax = size_t{64} << 20;

bool IsPowerOfTwo(size_t value) { return value != 0 && (value & (value - 1)) == 0; }
bool IsPossible(size_t size) { return size < kImpossibleSize; }

}  // namespace

// --- What holds for every call ------------------------------------------------

// Before a call whose errno, and whose failing system calls, are looked at after it.
void Interpreter::Begin() {
  TakeFaultInjected();
  errno = kSentinel;
}

void Interpreter::ExpectErrnoKept() { Expect(errno == kSentinel, "sets errno"); }

// Whether the call that has just returned gave a block. None is excused by a
// request that cannot be served, and by a system call that failed meanwhile.
bool Interpreter::Gave(const void *block, bool possible, int error) {
  if (block != nullptr) {
    Expect(possible, "gives a block that cannot be");
    Expect(errno == kSentinel, "succeeds and sets errno");
    return true;
  }
  Expect(errno == error, "fails with the wrong errno");
  Expect(!possible || TakeFaultInjected(), "fails without a reason");
  return false;
}

// Whether the program may have as much more: no program eats up the machine.
bool Interpreter::HasShare(size_t size) const {
  return !IsPossible(size) || model_.all().bytes + size <= kLiveBytesMax;
}

// call() makes the block.
template <typename Call>
void Interpreter::Allocate(const Request &request, Call call) {
  if (model_.At(request.slot).at != nullptr) Free(request.slot);
  if (!HasShare(request.size)) return;
  if (request.origin == Origin::kHeap && !EnsureHeap(request.heap)) return;
  Begin();
  void *at = call();
  if (!Gave(at, request.possible && IsPossible(request.size), request.error)) return;
  if (request.zeroed) model_.ExpectZero(at, request.size);
  Block block;
  block.at = at;
  block.size = request.size;
  block.alignment = request.alignment;
  block.origin = request.origin;
  block.heap = static_cast<uint8_t>(request.heap);
  model_.Add(request.slot, block);
}

// call(block) resizes it; the slot holds a block, or else NULL is resized.
template <typename Call>
void Interpreter::Resize(const Request &request, Call call) {
  if (model_.At(request.slot).at == nullptr) {
    Allocate(request, [&] { return call(nullptr); });
    return;
  }
  if (!HasShare(request.size)) return;
  const Block old = model_.Take(request.slot);
  Begin();
  void *at = call(old.at);
  if (!Gave(at, request.possible && IsPossible(request.size), request.error)) {
    model_.ExpectWhole(old);
    model_.PutBack(request.slot, old);
    return;
  }
  model_.ExpectKept(at, request.size, old);
  Block block = old;
  block.at = at;
  block.size = request.size;
  block.alignment = 0;
  if (block.origin != Origin::kHeap) block.origin = Origin::kPlain;
  model_.Add(request.slot, block);
}

// --- The process's heap -------------------------------------------------------

void Interpreter::Malloc(const Operation &operation) {
  const size_t size = operation.Size();
  Allocate({operation.slot, size}, [&] { return v_.malloc(size); });
}

void Interpreter::Calloc(const Operation &operation) {
  const Product product = SplitSize(operation.Size(), operation.extra);
  Request request = {operation.slot, product.count * product.size};
  request.possible = !product.overflows;
  request.zeroed = true;
  Allocate(request, [&] { return v_.calloc(product.count, product.size); });
}

// A request for an alignment that is `valid` for the function it goes to.
Interpreter::Request Interpreter::Aligned(const Operation &operation, bool valid, Origin origin) {
  Request request = {operation.slot, operation.Size(), operation.Alignment(), origin};
  request.heap = operation.Heap();
  request.possible = valid && IsPossible(request.alignment);
  request.error = valid ? ENOMEM : EINVAL;
  return request;
}

void Interpreter::AlignedAlloc(const Operation &operation) {
  const Request request =
      Aligned(operation, IsPowerOfTwo(operation.Alignment()), Origin::kAlignedAlloc);
  Allocate(request, [&] { return v_.aligned_alloc(request.alignment, request.size); });
}

void Interpreter::PosixMemalign(const Operation &operation) {
  const size_t alignment = operation.Alignment();
  const bool valid = IsPowerOfTwo(alignment) && alignment % sizeof(void *) == 0;
  const Request request = Aligned(operation, valid, Origin::kPosixMemalign);
  Allocate(request, [&] {
    void *const untouched = this;
    void *block = untouched;
    const int error = v_.posix_memalign(&block, request.alignment, request.size);
    ExpectErrnoKept();
    if (error == 0) return block;
    Expect(block == untouched, "fails and writes to *block");
    errno = error;  // where Allocate looks for it
    return static_cast<void *>(nullptr);
  });
}

void Interpreter::Realloc(const Operation &operation) {
  const Block &block = model_.At(operation.slot);
  if (block.at != nullptr && block.origin == Origin::kHeap) {
    HeapRealloc(operation);
    return;
  }
  const size_t size = operation.Size();
  Resize({operation.slot, size}, [&](void *old) { return v_.realloc(old, size); });
}

void Interpreter::Reallocarray(const Operation &operation) {
  const Block &block = model_.At(operation.slot);
  if (block.at != nullptr && block.origin == Origin::kHeap) {
    HeapRealloc(operation);
    return;
  }
  const Product product = SplitSize(operation.Size(), operation.extra);
  Request request = {operation.slot, product.count * product.size};
  request.possible = !product.overflows;
  Resize(request, [&](void *old) { return v_.reallocarray(old, product.count, product.size); });
}

// --- Heaps of one's own -------------------------------------------------------

void Interpreter::HeapMalloc(const Operation &operation) {
  const size_t size = operation.Size();
  const size_t heap = operation.Heap();
  Allocate({operation.slot, size, 0, Origin::kHeap, heap},
           [&] { return v_.heap_malloc(heaps_[heap], size); });
}

void Interpreter::HeapCalloc(const Operation &operation) {
  const Product product = SplitSize(operation.Size(), operation.extra);
  const size_t heap = operation.Heap();
  Request request = {operation.slot, product.count * product.size, 0, Origin::kHeap, heap};
  request.possible = !product.overflows;
  request.zeroed = true;
  Allocate(request, [&] { return v_.heap_calloc(heaps_[heap], product.count, product.size); });
}

void Interpreter::HeapAlignedAlloc(const Operation &operation) {
  const Request request = Aligned(operation, IsPowerOfTwo(operation.Alignment()), Origin::kHeap);
  Allocate(request, [&] {
    return v_.heap_aligned_alloc(heaps_[request.heap], request.alignment, request.size);
  });
}

// Resizes a block by the functions of the heap that it is of, whichever the
// operation names.
void Interpreter::HeapRealloc(const Operation &operation) {
  const Block &block = model_.At(operation.slot);
  if (block.at != nullptr && block.origin != Origin::kHeap) {
    Realloc(operation);
    return;
  }
  const size_t size = operation.Size();
  const size_t heap = block.at != nullptr ? block.heap : operation.Heap();
  Resize({operation.slot, size, 0, Origin::kHeap, heap},
         [&](void *old) { return v_.heap_realloc(heaps_[heap], old, size); });
}

// --- The end of a block -------------------------------------------------------

// call(block) frees it; an empty slot is a block at NULL.
template <typename Call>
void Interpreter::End(size_t slot, Call call) {
  const Block block = model_.At(slot).at != nullptr ? model_.Take(slot) : Block();
  Begin();
  call(block);
  ExpectErrnoKept();
}

void Interpreter::Free(size_t slot) {
  End(slot, [&](const Block &block) { v_.free(block.at); });
}

// With the size, where C23 allows it for such a block.
void Interpreter::FreeSized(size_t slot) {
  End(slot, [&](const Block &block) {
    switch (block.origin) {
      case Origin::kPlain:
        v_.free_sized(block.at, block.size);
        break;
      case Origin::kAlignedAlloc:
        v_.free_aligned_sized(block.at, block.alignment, block.size);
        break;
      default:
        v_.free(block.at);
    }
  });
}

void Interpreter::HeapFree(const Operation &operation) {
  const bool of_a_heap =
      model_.At(operation.slot).at == nullptr || model_.At(operation.slot).origin == Origin::kHeap;
  const size_t heap =
      model_.At(operation.slot).at == nullptr ? operation.Heap() : model_.At(operation.slot).heap;
  if (!of_a_heap || heaps_[heap] == nullptr) {
    Free(operation.slot);
    return;
  }
  End(operation.slot, [&](const Block &block) { v_.heap_free(heaps_[heap], block.at); });
}

// Every so many slots: what stays leaves gaps between.
void Interpreter::FreeMany(const Operation &operation) {
  const size_t stride = 1 + operation.extra % 7;
  for (size_t slot = operation.slot % stride; slot < model_.slots(); slot += stride) {
    if (model_.At(slot).at == nullptr) continue;
    if (slot % 3 == 0) {
      FreeSized(slot);
    } else {
      Free(slot);
    }
  }
}

}  // namespace loam::test
