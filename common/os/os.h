// Memory and time from the kernel. Every system call of the allocators is here.
//
// Thread-safe throughout. Sizes and addresses are multiples of the page size
// unless said otherwise. A call that fails returns NULL or false, changes
// nothing, and leaves errno as it was; the caller decides what a failure means.

#ifndef LOAM_COMMON_OS_OS_H_
#define LOAM_COMMON_OS_OS_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Asked from the kernel once: 4, 16 or 64 KiB.
size_t loam_os_page_size(void);

// `bytes` rounded up to whole pages. The caller keeps it from overflowing.
static inline size_t loam_os_round_to_page(size_t bytes) {
  size_t page = loam_os_page_size();
  return (bytes + page - 1) & ~(page - 1);
}

// Address space without memory: any access faults, and it does not count
// against the commit limit. `alignment` is a power of two. The caller owns it
// until loam_os_release.
void *loam_os_reserve(size_t bytes, size_t alignment);

// Makes reserved pages readable and writable; they read as zero.
bool loam_os_commit(void *address, size_t bytes);

// Reserved and committed in as few calls as possible.
void *loam_os_map(size_t bytes, size_t alignment);

// Gives pages that have no memory theirs, in one call instead of a fault for each. Where
// the kernel cannot (before Linux 5.14), they come by faults.
void loam_os_populate(void *address, size_t bytes);

// Asks for huge pages, where the system has any for who asks: what is touched comes up to
// 2 MiB at a time. Or for none, from now on: those that are there stay.
void loam_os_prefer_huge(void *address, size_t bytes);
void loam_os_refuse_huge(void *address, size_t bytes);

// Gives the memory back and keeps the addresses: the pages read as zero when
// they are next touched. (MADV_DONTNEED: resident memory falls at once.)
bool loam_os_decommit(void *address, size_t bytes);

// Gives the memory back and takes the right to access away, as if just reserved.
bool loam_os_protect(void *address, size_t bytes);

// Which pages have memory: the lowest bit of a byte for each. What was swapped out has none.
bool loam_os_resident(const void *address, size_t bytes, unsigned char *pages);

// Makes pages readable only, for good.
bool loam_os_seal(void *address, size_t bytes);

// Gives the memory back and lets any access fault, until loam_os_commit.
bool loam_os_forbid(void *address, size_t bytes);

// Gives memory and addresses back; may be a part of what was reserved. Can fail
// where the kernel's limit on mappings is reached: then the pages still stand.
bool loam_os_release(void *address, size_t bytes);

// Changes the size of a mapping, moving its pages to a new address if it must.
// On failure the old mapping stands.
void *loam_os_remap(void *address, size_t old_bytes, size_t new_bytes);

// Milliseconds since some start, cheap and coarse (a few ms).
uint64_t loam_os_now_ms(void);

// Processors that this process may run on; at least 1.
unsigned loam_os_cpu_count(void);

// 64 bits that another process cannot guess.
uint64_t loam_os_random(void);

// --- Failure injection, for tests -------------------------------------------

enum loam_os_call {
  LOAM_OS_MAP,       // reserve and map
  LOAM_OS_COMMIT,    //
  LOAM_OS_DECOMMIT,  //
  LOAM_OS_RELEASE,   //
  LOAM_OS_REMAP,     //
};

// Asked before each such call; true makes the call fail without being made.
typedef bool (*loam_os_fault_hook)(enum loam_os_call call, size_t bytes);

// Sets the hook, or with NULL takes it away.
void loam_os_set_fault_hook(loam_os_fault_hook hook);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // LOAM_COMMON_OS_OS_H_
