#include "tests/fuzz/flaws.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

namespace loam::test {
namespace {

// The variant below the flaws, and what they remember of it.
const loam_variant *real;
size_t calls;
void *last;
std::thread::id first_thread;
pid_t first_process;

// Whether it is time to go wrong: not at once, and not always.
bool Due() { return ++calls % 50 == 0; }

void *Touch(void *block, int error) {
  errno = error;
  return block;
}

using V = loam_variant;

const std::vector<Flaw> kFlaws = {
    // Blocks.
    {"Misaligned", "not aligned to 16", "odd",
     [](V *v) {
       v->malloc = [](size_t n) -> void * {
         void *p = real->malloc(n);
         return p == nullptr ? p : static_cast<char *>(p) + 8;
       };
     }},
    {"AlignmentIgnored", "not aligned as it was asked for", "odd",
     [](V *v) {
       v->posix_memalign = [](void **p, size_t a, size_t n) {
         return real->posix_memalign(p, a > 64 && a <= 65536 ? 16 : a, n);
       };
     }},
    {"HeapAlignmentIgnored", "not aligned as it was asked for", "odd",
     [](V *v) {
       v->heap_aligned_alloc = [](loam_heap *h, size_t a, size_t n) {
         return real->heap_aligned_alloc(h, a == 4096 ? 16 : a, n);
       };
     }},
    {"HandedOutTwice", "overlaps", "odd",
     [](V *v) {
       v->malloc = [](size_t n) -> void * {
         if (last != nullptr && n <= 100 && Due()) return last;
         void *p = real->malloc(n);
         if (n >= 100 && n < 200) last = p;
         return p;
       };
       v->realloc = [](void *p, size_t n) {
         if (p == last) last = nullptr;
         return real->realloc(p, n);
       };
       v->reallocarray = [](void *p, size_t c, size_t n) {
         if (p == last) last = nullptr;
         return real->reallocarray(p, c, n);
       };
       v->free_sized = [](void *p, size_t n) {
         if (p == last) last = nullptr;
         real->free_sized(p, n);
       };
       v->free = [](void *p) {
         if (p == last) last = nullptr;
         real->free(p);
       };
     }},
    {"UsableTooSmall", "usable size is under", "odd",
     [](V *v) { v->usable_size = [](const void *p) { return real->usable_size(p) / 2; }; }},
    {"UsableChanges", "usable size of a live block has changed", "odd",
     [](V *v) {
       v->usable_size = [](const void *p) {
         return real->usable_size(p) - (p != nullptr && Due() ? 1 : 0) * 8;
       };
       v->malloc = [](size_t n) { return real->malloc(n < 4096 ? n + 64 : n); };
     }},
    {"UsableOfNull", "usable size has changed", "odd",
     [](V *v) {
       v->usable_size = [](const void *p) { return p == nullptr ? 16 : real->usable_size(p); };
     }},
    {"ScribblesOnALiveBlock", "content of a live block has changed", "odd",
     [](V *v) {
       v->malloc = [](size_t n) {
         void *p = real->malloc(n);
         if (n >= 64 && p != nullptr && last == nullptr) last = p;
         return p;
       };
       v->free = [](void *p) {
         if (p == last) last = nullptr;
         if (last != nullptr && Due()) std::memset(last, 1, 8);
         real->free(p);
       };
     }},
    // Contents.
    {"CallocLeavesDirt", "block is not zero", "odd",
     [](V *v) {
       v->calloc = [](size_t c, size_t n) {
         void *p = real->calloc(c, n);
         if (p != nullptr && c * n > 40 && Due()) static_cast<char *>(p)[c * n - 1] = 1;
         return p;
       };
     }},
    {"HeapCallocLeavesDirt", "block is not zero", "heaps",
     [](V *v) {
       v->heap_calloc = [](loam_heap *h, size_t c, size_t n) {
         size_t b;
         return __builtin_mul_overflow(c, n, &b) ? Touch(nullptr, ENOMEM) : real->heap_malloc(h, b);
       };
     }},
    {"ReallocCopiesTooLittle", "content is lost on the way", "odd",
     [](V *v) {
       v->realloc = [](void *p, size_t n) {
         void *q = real->realloc(p, n);
         if (q != nullptr && n > 100 && n < 100000) static_cast<char *>(q)[20] ^= 1;
         return q;
       };
     }},
    {"HeapReallocCopiesNothing", "content is lost on the way", "heaps",
     [](V *v) {
       v->heap_realloc = [](loam_heap *h, void *p, size_t n) {
         void *q = real->heap_malloc(h, n);
         if (q != nullptr) real->free(p);
         return q;
       };
     }},
    {"FailedReallocScribbles", "content of a live block has changed", "odd",
     [](V *v) {
       v->realloc = [](void *p, size_t n) {
         void *q = real->realloc(p, n);
         if (q == nullptr && p != nullptr && real->usable_size(p) >= 8) std::memset(p, 1, 8);
         return q;
       };
     }},
    // Failure.
    {"FailsWithoutAReason", "fails without a reason", "odd",
     [](V *v) {
       v->malloc = [](size_t n) { return Due() ? Touch(nullptr, ENOMEM) : real->malloc(n); };
     }},
    {"HeapCreateFailsWithoutAReason", "fails without a reason", "odd",
     [](V *v) {
       v->heap_create = []() -> loam_heap * {
         errno = ENOMEM;
         return nullptr;
       };
     }},
    {"FailsWithTheWrongErrno", "wrong errno", "odd",
     [](V *v) {
       v->malloc = [](size_t n) {
         void *p = real->malloc(n);
         return p == nullptr ? Touch(p, EAGAIN) : p;
       };
     }},
    {"AlignedFailsWithTheWrongErrno", "wrong errno", "odd",
     [](V *v) {
       v->aligned_alloc = [](size_t a, size_t n) {
         void *p = real->aligned_alloc(a, n);
         return p == nullptr ? Touch(p, ENOMEM) : p;
       };
     }},
    {"MallocSetsErrno", "succeeds and sets errno", "odd",
     [](V *v) {
       v->malloc = [](size_t n) {
         void *p = real->malloc(n);
         return p != nullptr && Due() ? Touch(p, EAGAIN) : p;
       };
     }},
    {"FreeSetsErrno", "sets errno", "odd",
     [](V *v) {
       v->free = [](void *p) {
         real->free(p);
         if (Due()) errno = 0;
       };
     }},
    {"TrimSetsErrno", "sets errno", "odd",
     [](V *v) {
       v->trim = [](size_t n) {
         const bool any = real->trim(n);
         errno = ENOMEM;
         return any;
       };
     }},
    {"PosixMemalignSetsErrno", "sets errno", "odd",
     [](V *v) {
       v->posix_memalign = [](void **p, size_t a, size_t n) {
         const int error = real->posix_memalign(p, a, n);
         if (error != 0) errno = error;
         return error;
       };
     }},
    {"PosixMemalignWritesOnFailure", "fails and writes", "odd",
     [](V *v) {
       v->posix_memalign = [](void **p, size_t a, size_t n) {
         const int error = real->posix_memalign(p, a, n);
         if (error != 0) *p = nullptr;
         return error;
       };
     }},
    {"PosixMemalignTakesAnyAlignment", "gives a block that cannot be", "odd",
     [](V *v) {
       v->posix_memalign = [](void **p, size_t a, size_t n) {
         return real->posix_memalign(p, a < 8 && a > 0 ? 8 : a, n);
       };
     }},
    {"CallocOverflows", "gives a block that cannot be", "odd",
     [](V *v) { v->calloc = [](size_t c, size_t n) { return real->calloc(1, c * n); }; }},
    {"HeapCallocOverflows", "gives a block that cannot be", "odd",
     [](V *v) {
       v->heap_calloc = [](loam_heap *h, size_t c, size_t n) {
         return real->heap_calloc(h, 1, c * n);
       };
     }},
    {"ReallocarrayOverflows", "gives a block that cannot be", "odd",
     [](V *v) {
       v->reallocarray = [](void *p, size_t c, size_t n) { return real->realloc(p, c * n); };
     }},
    // Counters, heaps, threads, forks.
    {"FreeForgets", "live_blocks is wrong", "odd",
     [](V *v) {
       v->free = [](void *p) {
         if (!Due()) real->free(p);
       };
     }},
    {"FreeSizedForgets", "live_blocks is wrong", "odd",
     [](V *v) { v->free_sized = [](void *, size_t) {}; }},
    {"FreeAlignedSizedForgets", "live_blocks is wrong", "odd",
     [](V *v) { v->free_aligned_sized = [](void *, size_t, size_t) {}; }},
    {"FreeByAnotherThreadForgets", "live_blocks is wrong", "threads",
     [](V *v) {
       v->free = [](void *p) {
         if (std::this_thread::get_id() == first_thread) real->free(p);
       };
     }},
    {"StatsDoNotAddUp", "not the sum", "odd",
     [](V *v) {
       v->stats = [](loam_stats *s) {
         real->stats(s);
         s->free_bytes += 16;
       };
     }},
    {"StatsCountTooManyBytes", "allocated_bytes is wrong", "odd",
     [](V *v) {
       v->stats = [](loam_stats *s) {
         real->stats(s);
         if (s->live_blocks > 5) {
           s->allocated_bytes += 16;
           s->mapped_bytes += 16;
         }
       };
     }},
    {"HeapBlocksFromElsewhere", "of a heap is wrong", "odd",
     [](V *v) {
       v->heap_malloc = [](loam_heap *, size_t n) { return real->malloc(n); };
       v->heap_realloc = [](loam_heap *, void *p, size_t n) { return real->realloc(p, n); };
       v->heap_free = [](loam_heap *, void *p) { real->free(p); };
     }},
    {"HeapDestroyForgets", "is wrong", "heaps", [](V *v) { v->heap_destroy = [](loam_heap *) {}; }},
    {"TrimAlwaysFinds", "second trim", "odd",
     [](V *v) { v->trim = [](size_t n) { return real->trim(n) || true; }; }},
    {"CheckFails", "broken heap", "odd", [](V *v) { v->check = [] { return !Due(); }; }},
    {"ForkedChildFails", "forked child fails", "forks",
     [](V *v) {
       v->malloc = [](size_t n) {
         return getpid() == first_process ? real->malloc(n) : Touch(nullptr, ENOMEM);
       };
     }},
    {"ForkedChildHangs", "forked child hangs", "forks",
     [](V *v) {
       v->free = [](void *p) {
         while (getpid() != first_process) {
         }
         real->free(p);
       };
     }},
};

}  // namespace

const std::vector<Flaw> &Flaws() { return kFlaws; }

loam_variant PlantFlaw(const Flaw &flaw, const loam_variant &variant) {
  real = &variant;
  first_thread = std::this_thread::get_id();
  first_process = getpid();
  loam_variant flawed = variant;
  flaw.plant(&flawed);
  return flawed;
}

}  // namespace loam::test
