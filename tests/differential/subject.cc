#include "tests/differential/subject.h"

#include <malloc.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <sstream>

#include "tests/support/stamp.h"

namespace loam::test {
namespace {

constexpr int kSentinel = 12345;
constexpr size_t kLeastAlignment = 16;
// Of each block as much is written and read: some are only address space.
constexpr size_t kStampedBytes = 64 * 1024;

size_t Stamped(size_t size) { return std::min(size, kStampedBytes); }

// The bytes that are asked for; an overflow is one more way to ask for too many.
size_t BytesOf(const Call &call) {
  size_t bytes;
  return __builtin_mul_overflow(call.count, call.size, &bytes) ? SIZE_MAX : bytes;
}

}  // namespace

loam_variant RawLibc() {
  loam_variant libc = {};
  libc.name = "libc";
  libc.malloc = malloc;
  libc.calloc = calloc;
  libc.realloc = realloc;
  libc.reallocarray = reallocarray;
  libc.aligned_alloc = aligned_alloc;
  libc.posix_memalign = posix_memalign;
  libc.free = free;
  libc.free_sized = [](void *block, size_t) { free(block); };
  libc.usable_size = [](const void *block) {
    return malloc_usable_size(const_cast<void *>(block));
  };
  return libc;
}

unsigned Compare(const Observation &one, const Observation &other) {
  unsigned fields = 0;
  if (one.gave != other.gave) fields |= kGave;
  if (one.error != other.error) fields |= kErrno;
  if (one.returned != other.returned) fields |= kReturned;
  if (one.aligned != other.aligned) fields |= kAligned;
  if (one.usable != other.usable) fields |= kUsable;
  if (one.content != other.content) fields |= kContent;
  return fields;
}

std::string Describe(const Observation &observation) {
  std::ostringstream text;
  text << (observation.gave ? "a block" : "no block") << ", errno "
       << (observation.error == 0 ? "left alone" : std::to_string(observation.error))
       << ", returned " << observation.returned << (observation.aligned ? "" : ", not aligned")
       << (observation.usable ? "" : ", usable size too small")
       << (observation.content ? "" : ", wrong content");
  return text.str();
}

Subject::~Subject() {
  for (size_t slot = 0; slot < kSlots; ++slot) Clear(slot);
}

void Subject::Clear(size_t slot) {
  v_.free(slots_[slot].at);
  slots_[slot] = Slot();
}

Observation Subject::Do(const Call &call) {
  if (!TakesBlock(call.function)) Clear(call.slot);
  Observation seen;
  void *at = nullptr;
  errno = kSentinel;
  switch (call.function) {
    case Function::kRealloc:
    case Function::kReallocarray:
      at = Resize(call, &seen);
      break;
    case Function::kPosixMemalign:
      at = PosixMemalign(call, &seen);
      break;
    case Function::kFree:
    case Function::kFreeSized:
    case Function::kUsableSize:
      End(call, &seen);
      break;
    default:
      at = Allocate(call, &seen);
  }
  if (at != nullptr) Keep(call, BytesOf(call), at, &seen);
  return seen;
}

// The block that has come out is the slot's.
void Subject::Keep(const Call &call, size_t bytes, void *at, Observation *seen) {
  const size_t alignment = std::max(kLeastAlignment, call.alignment);
  seen->gave = true;
  if (call.function == Function::kAlignedAlloc || call.function == Function::kPosixMemalign) {
    seen->aligned = reinterpret_cast<uintptr_t>(at) % alignment == 0;
  } else {
    seen->aligned = reinterpret_cast<uintptr_t>(at) % kLeastAlignment == 0;
  }
  seen->usable = v_.usable_size(at) >= bytes;
  const bool plain =
      call.function != Function::kAlignedAlloc && call.function != Function::kPosixMemalign;
  slots_[call.slot] = {at, bytes, ++seeds_, plain};
  if (seen->usable) Stamp(at, Stamped(bytes), seeds_);
}

void *Subject::Allocate(const Call &call, Observation *seen) {
  void *at;
  if (call.function == Function::kMalloc) {
    at = v_.malloc(call.size);
  } else if (call.function == Function::kCalloc) {
    at = v_.calloc(call.count, call.size);
  } else {
    at = v_.aligned_alloc(call.alignment, call.size);
  }
  seen->error = errno == kSentinel ? 0 : errno;
  if (at != nullptr && call.function == Function::kCalloc) {
    seen->content = IsZero(at, Stamped(BytesOf(call)));
  }
  return at;
}

void *Subject::PosixMemalign(const Call &call, Observation *seen) {
  void *const untouched = this;
  void *at = untouched;
  seen->returned = v_.posix_memalign(&at, call.alignment, call.size);
  seen->error = errno == kSentinel ? 0 : errno;
  if (seen->returned == 0) return at;
  seen->content = at == untouched;
  return nullptr;
}

void *Subject::Resize(const Call &call, Observation *seen) {
  Slot *old = &slots_[call.slot];
  void *at = call.function == Function::kRealloc ? v_.realloc(old->at, call.size)
                                                 : v_.reallocarray(old->at, call.count, call.size);
  seen->error = errno == kSentinel ? 0 : errno;
  const size_t bytes = BytesOf(call);
  if (at != nullptr) {
    seen->content = IsStamped(at, std::min(Stamped(old->size), bytes), old->seed);
  } else if (seen->error != 0) {  // a failure
    seen->content = old->at == nullptr || IsStamped(old->at, Stamped(old->size), old->seed);
  } else {  // a free
    *old = Slot();
  }
  return at;
}

void Subject::End(const Call &call, Observation *seen) {
  Slot *slot = &slots_[call.slot];
  seen->content = slot->at == nullptr || IsStamped(slot->at, Stamped(slot->size), slot->seed);
  if (call.function == Function::kUsableSize) {
    const size_t usable = v_.usable_size(slot->at);
    seen->usable = slot->at == nullptr ? usable == 0 : usable >= slot->size;
  } else if (call.function == Function::kFree || !slot->plain) {
    v_.free(slot->at);
  } else {
    v_.free_sized(slot->at, slot->size);
  }
  seen->error = errno == kSentinel ? 0 : errno;
  if (call.function != Function::kUsableSize) *slot = Slot();
}

}  // namespace loam::test
