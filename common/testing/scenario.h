// Unit tests in C, for headers that C++ cannot include (C11's _Atomic). A file
// of scenarios is linked with :scenario_test, which runs each as a GoogleTest:
//
//   SCENARIO(LockIsFreeAtFirst) {
//     struct loam_lock lock = {0};
//     EXPECT(loam_lock_try(&lock));
//     return NULL;
//   }
//
// A scenario returns NULL, or as text what does not hold.

#ifndef LOAM_COMMON_TESTING_SCENARIO_H_
#define LOAM_COMMON_TESTING_SCENARIO_H_

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct loam_scenario {
  const char *name;
  const char *report;  // NULL; or it must abort, with this on stderr (a regular expression)
  const char *(*run)(void);
};

// Before main: adds one to those that are run.
void loam_scenario_register(const struct loam_scenario *scenario);

#ifdef __cplusplus
}  // extern "C"
#endif

#define SCENARIO(name) SCENARIO_THAT_ENDS(name, NULL)

// One that must end the process with this report.
#define SCENARIO_THAT_ENDS(name, report)                                       \
  static const char *name(void);                                               \
  __attribute__((constructor)) static void register_##name(void) {             \
    static const struct loam_scenario name##_scenario = {#name, report, name}; \
    loam_scenario_register(&name##_scenario);                                  \
  }                                                                            \
  static const char *name(void)

#define SCENARIO_TEXT(number) SCENARIO_TEXT_OF(number)
#define SCENARIO_TEXT_OF(number) #number

#define EXPECT(condition)                                                          \
  do {                                                                             \
    if (!(condition)) return __FILE__ ":" SCENARIO_TEXT(__LINE__) ": " #condition; \
  } while (0)

// For steps that several scenarios share, which return as a scenario does.
#define EXPECT_HOLDS(step)                             \
  do {                                                 \
    const char *scenario_fault = (step);               \
    if (scenario_fault != NULL) return scenario_fault; \
  } while (0)

#endif  // LOAM_COMMON_TESTING_SCENARIO_H_
