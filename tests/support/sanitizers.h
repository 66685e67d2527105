// Which sanitizer this binary runs under, for checks that its runtime makes
// meaningless: it owns libc's malloc, and its shadow memory counts as ours.

#ifndef LOAM_TESTS_SUPPORT_SANITIZERS_H_
#define LOAM_TESTS_SUPPORT_SANITIZERS_H_

namespace loam::test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitizerRuntime = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool kSanitizerRuntime = true;
#else
inline constexpr bool kSanitizerRuntime = false;
#endif
#else
inline constexpr bool kSanitizerRuntime = false;
#endif

// A build whose runs are slow: a sanitizer's, or one that is not optimised, whose allocators
// check themselves all the time (--config=debug). What repeats may do so less often there.
#ifdef NDEBUG
inline constexpr bool kSlowBuild = kSanitizerRuntime;
#else
inline constexpr bool kSlowBuild = true;
#endif

}  // namespace loam::test

#endif  // LOAM_TESTS_SUPPORT_SANITIZERS_H_
