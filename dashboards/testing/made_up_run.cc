#include "dashboards/testing/made_up_run.h"

#include <cstdio>

#include "benchmarks/harness/result_json.h"
#include "benchmarks/harness/results/made_up_result.h"
#include "benchmarks/harness/summary.h"

namespace loam::dashboards {

nlohmann::ordered_json MadeUpRun(int number) {
  constexpr int kMinutesOfAnHour = 60;
  constexpr int kMinutesOfADay = 24 * kMinutesOfAnHour;
  constexpr int kDaysOfAMonth = 28;
  // Summarising is most of the work, and the same for all.
  static const auto *const made = new nlohmann::ordered_json([] {
    const matrix::Result result = matrix::MadeUpResult();
    return matrix::ResultJson(result.matrix, matrix::Summarise(result.matrix, 1), result.context);
  }());
  nlohmann::ordered_json run = *made;
  char date[64];
  const int day = number / kMinutesOfADay;
  std::snprintf(date, sizeof date, "2026-%02d-%02dT%02d:%02d:00+00:00", 1 + day / kDaysOfAMonth,
                1 + day % kDaysOfAMonth, number % kMinutesOfADay / kMinutesOfAnHour,
                number % kMinutesOfAnHour);
  run["context"]["date"] = date;
  run["context"]["seed"] = number;
  return run;
}

std::string MadeUpFile(int number) { return MadeUpRun(number).dump(1) + "\n"; }

}  // namespace loam::dashboards
