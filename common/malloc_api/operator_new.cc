// C++ operator new and delete in every form.
//
// A C program that preloads or links the allocator must not load a C++ runtime
// for it. So what a failing `new` needs of one (the new-handler, the exception,
// catching) is referred to weakly: it is there wherever the program itself calls
// `new`. A C program may load a library that does: by then weak names are settled,
// and what throws is looked for among what was loaded.

#include <dlfcn.h>

#include <cstddef>
#include <cstdint>
#include <new>

#include "common/check/report.h"
#include "common/malloc_api/variant_prefix.h"

extern "C" {
#include "common/debug/family.h"

#define LOAM_DECLARE_DEBUG_EXPANDED(prefix) LOAM_DECLARE_DEBUG(prefix)
LOAM_DECLARE_DEBUG_EXPANDED(LOAM_PREFIX);
}

__asm__(
    ".weak __gxx_personality_v0\n"
    ".weak __cxa_begin_catch\n"
    ".weak __cxa_end_catch\n"
    ".weak _Unwind_Resume\n"
    ".weak _ZSt9terminatev\n");

// std::get_new_handler(), and what throws std::bad_alloc in libstdc++ and libc++.
extern "C" std::new_handler get_new_handler() __asm__("_ZSt15get_new_handlerv")
    __attribute__((weak));
extern "C" void libstdcxx_throw_bad_alloc() __asm__("_ZSt17__throw_bad_allocv")
    __attribute__((weak));
extern "C" void libcxx_throw_bad_alloc() __asm__("_ZNSt3__117__throw_bad_allocEv")
    __attribute__((weak));

// Missing where nothing can be loaded: in static programs.
#pragma weak dlsym

namespace {

using Family = loam_family;

constexpr Family kNew = LOAM_BY_NEW;
constexpr Family kArray = LOAM_BY_NEW_ARRAY;

// alignment 0: as malloc aligns.
inline void *Allocate(Family family, std::size_t size, std::size_t alignment) noexcept {
  if (LOAM_DEBUGGED) return P(debug_new)(family, size, alignment);
  return alignment == 0 ? P(malloc)(size) : P(aligned_alloc)(alignment, size);
}

// What a failing `new` asks of a C++ runtime; nullptr: there is none.
struct Runtime {
  std::new_handler (*get_handler)();
  void (*throw_bad_alloc)();
};

constexpr const char *kRuntimes[][2] = {
    {"libstdc++.so.6", "_ZSt17__throw_bad_allocv"},
    {"libc++.so.1", "_ZNSt3__117__throw_bad_allocEv"},
};

template <typename Function>
void Find(void *library, const char *name, Function **function) {
  *function = reinterpret_cast<Function *>(dlsym(library, name));
}

// The one that was loaded after the program had started. It stays: it is about to be used.
[[gnu::cold, gnu::noinline]] Runtime LoadedRuntime() {
  Runtime runtime = {};
  if (dlsym == nullptr) return runtime;
  // (By its name, or linkers warn of it in static programs.)
  decltype(dlopen) *open;
  Find(RTLD_DEFAULT, "dlopen", &open);
  if (open == nullptr) return runtime;
  for (const auto &[file, throw_bad_alloc] : kRuntimes) {
    void *library = open(file, RTLD_NOLOAD | RTLD_LAZY);
    if (library == nullptr) continue;
    Find(library, "_ZSt15get_new_handlerv", &runtime.get_handler);
    Find(library, throw_bad_alloc, &runtime.throw_bad_alloc);
    break;
  }
  return runtime;
}

[[gnu::cold, gnu::noinline]] Runtime StartedRuntime() {
  return {get_new_handler, libstdcxx_throw_bad_alloc != nullptr ? libstdcxx_throw_bad_alloc
                                                                : libcxx_throw_bad_alloc};
}

// Asks the handler to free memory until there is some; nullptr when there is no
// handler. The handler may throw.
[[gnu::cold, gnu::noinline]] void *AllocateWithHandler(const Runtime &runtime, Family family,
                                                       std::size_t size, std::size_t alignment) {
  for (;;) {
    std::new_handler handler = runtime.get_handler != nullptr ? runtime.get_handler() : nullptr;
    if (handler == nullptr) return nullptr;
    handler();
    if (void *block = Allocate(family, size, alignment)) return block;
  }
}

[[gnu::cold, gnu::noinline]] void *AllocateOrThrow(Family family, std::size_t size,
                                                   std::size_t alignment) {
  Runtime runtime = StartedRuntime();
  if (runtime.throw_bad_alloc == nullptr) runtime = LoadedRuntime();
  if (void *block = AllocateWithHandler(runtime, family, size, alignment)) return block;
  if (runtime.throw_bad_alloc != nullptr) runtime.throw_bad_alloc();
  loam_fatal(P(variant).name, nullptr, "operator new: out of memory, and no C++ runtime to throw");
}

// (What catches a handler's exception here is of the program's start, if of any: no other handler
// is called.)
[[gnu::cold, gnu::noinline]] void *AllocateOrNull(Family family, std::size_t size,
                                                  std::size_t alignment) noexcept {
  try {
    return AllocateWithHandler(StartedRuntime(), family, size, alignment);
  } catch (...) {
    return nullptr;
  }
}

inline void *New(Family family, std::size_t size, std::size_t alignment = 0) {
  void *block = Allocate(family, size, alignment);
  return __builtin_expect(block != nullptr, 1) ? block : AllocateOrThrow(family, size, alignment);
}

inline void *NewOrNull(Family family, std::size_t size, std::size_t alignment = 0) noexcept {
  void *block = Allocate(family, size, alignment);
  return __builtin_expect(block != nullptr, 1) ? block : AllocateOrNull(family, size, alignment);
}

inline void Delete(Family family, void *block, std::size_t alignment = 0) noexcept {
  if (LOAM_DEBUGGED) {
    P(debug_delete)(family, block, SIZE_MAX, alignment);
  } else {
    P(free)(block);
  }
}

inline void DeleteSized(Family family, void *block, std::size_t size,
                        std::size_t alignment = 0) noexcept {
  if (LOAM_DEBUGGED) {
    P(debug_delete)(family, block, size, alignment);
  } else if (alignment == 0) {
    P(free_sized)(block, size);
  } else {
    P(free_aligned_sized)(block, alignment, size);
  }
}

inline std::size_t Bytes(std::align_val_t alignment) noexcept {
  return static_cast<std::size_t>(alignment);
}

}  // namespace

#define API LOAM_EXPORT

using std::align_val_t;
using std::nothrow_t;
using std::size_t;

#ifdef LOAM_FAST_PATHS
// new_delete.c has the plain forms; this is their way off the fast path.
extern "C" void *loam_operator_new(size_t n);
extern "C" void *loam_operator_new(size_t n) { return New(kNew, n); }
#else
API void *operator new(size_t n) { return New(kNew, n); }
API void *operator new[](size_t n) { return New(kArray, n); }
API void operator delete(void *p) noexcept { Delete(kNew, p); }
API void operator delete[](void *p) noexcept { Delete(kArray, p); }
API void operator delete(void *p, size_t n) noexcept { DeleteSized(kNew, p, n); }
API void operator delete[](void *p, size_t n) noexcept { DeleteSized(kArray, p, n); }
#endif

API void *operator new(size_t n, align_val_t a) { return New(kNew, n, Bytes(a)); }
API void *operator new[](size_t n, align_val_t a) { return New(kArray, n, Bytes(a)); }

API void *operator new(size_t n, const nothrow_t &) noexcept { return NewOrNull(kNew, n); }
API void *operator new[](size_t n, const nothrow_t &) noexcept { return NewOrNull(kArray, n); }
API void *operator new(size_t n, align_val_t a, const nothrow_t &) noexcept {
  return NewOrNull(kNew, n, Bytes(a));
}
API void *operator new[](size_t n, align_val_t a, const nothrow_t &) noexcept {
  return NewOrNull(kArray, n, Bytes(a));
}

API void operator delete(void *p, align_val_t a) noexcept { Delete(kNew, p, Bytes(a)); }
API void operator delete[](void *p, align_val_t a) noexcept { Delete(kArray, p, Bytes(a)); }
API void operator delete(void *p, size_t n, align_val_t a) noexcept {
  DeleteSized(kNew, p, n, Bytes(a));
}
API void operator delete[](void *p, size_t n, align_val_t a) noexcept {
  DeleteSized(kArray, p, n, Bytes(a));
}
API void operator delete(void *p, const nothrow_t &) noexcept { Delete(kNew, p); }
API void operator delete[](void *p, const nothrow_t &) noexcept { Delete(kArray, p); }
API void operator delete(void *p, align_val_t a, const nothrow_t &) noexcept {
  Delete(kNew, p, Bytes(a));
}
API void operator delete[](void *p, align_val_t a, const nothrow_t &) noexcept {
  Delete(kArray, p, Bytes(a));
}
