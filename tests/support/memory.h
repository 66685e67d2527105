// What the kernel says of this process's memory.

#ifndef LOAM_TESTS_SUPPORT_MEMORY_H_
#define LOAM_TESTS_SUPPORT_MEMORY_H_

#include <cstddef>

namespace loam::test {

inline constexpr size_t kKiB = 1024;
inline constexpr size_t kMiB = 1024 * kKiB;

// Bytes of resident memory that belong to no file, exact at the time of the call. Never allocates.
size_t ResidentBytes();

// Bytes of address space in use. Never allocates.
size_t AddressSpaceBytes();

// Bytes of it that are private and may be written to. Never allocates.
size_t DataBytes();

}  // namespace loam::test

#endif  // LOAM_TESTS_SUPPORT_MEMORY_H_
