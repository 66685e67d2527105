// An allocator under comparison: its blocks, and what it shows of each call.

#ifndef LOAM_TESTS_DIFFERENTIAL_SUBJECT_H_
#define LOAM_TESTS_DIFFERENTIAL_SUBJECT_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "common/variant/variant.h"
#include "tests/differential/call.h"

namespace loam::test {

// What may be compared; where it is, is the allocator's own affair.
enum Field : unsigned {
  kGave = 1,      // a block came out
  kErrno = 2,     // errno after the call, or that it was left alone
  kReturned = 4,  // what posix_memalign returned
  kAligned = 8,   // the block is aligned as it must be
  kUsable = 16,   // usable_size is at least the size; 0 for NULL
  kContent = 32,  // zeroed by calloc, kept by realloc, the old block whole on failure
};
inline constexpr unsigned kEveryField = 63;

struct Observation {
  bool gave = false;
  int error = 0;  // 0: left alone
  int returned = 0;
  bool aligned = true;
  bool usable = true;
  bool content = true;
};

// The fields in which they differ.
unsigned Compare(const Observation &one, const Observation &other);

std::string Describe(const Observation &observation);

// libc's malloc as it is, unlike the tame one of the conformance tests.
loam_variant RawLibc();

class Subject {
 public:
  explicit Subject(const loam_variant &variant) : v_(variant) {}
  ~Subject();
  Subject(const Subject &) = delete;
  Subject &operator=(const Subject &) = delete;

  Observation Do(const Call &call);

  bool Holds(size_t slot) const { return slots_[slot].at != nullptr; }

  // Frees what the slot holds.
  void Clear(size_t slot);

 private:
  struct Slot {
    void *at = nullptr;
    size_t size = 0;
    uint64_t seed = 0;
    bool plain = true;  // of malloc's family: free_sized may end it
  };

  void *Allocate(const Call &call, Observation *seen);
  void *Resize(const Call &call, Observation *seen);
  void *PosixMemalign(const Call &call, Observation *seen);
  void End(const Call &call, Observation *seen);
  void Keep(const Call &call, size_t bytes, void *at, Observation *seen);

  const loam_variant v_;
  Slot slots_[kSlots];
  uint64_t seeds_ = 0;
};

}  // namespace loam::test

#endif  // LOAM_TESTS_DIFFERENTIAL_SUBJECT_H_
