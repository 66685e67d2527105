#include "dashboards/service/load/synthetic.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "dashboards/service/store/database.h"
#include "dashboards/service/store/runs.h"
#include "dashboards/testing/made_up_run.h"

namespace loam::dashboards {
namespace {

using nlohmann::json;

constexpr int kAllocators = 8;
constexpr int kRows = 51;
constexpr int kRunsOfATransaction = 200;

// The made-up run with its cells multiplied.
json MakeLarge() {
  const json made_up = MadeUpRun(0);
  json run = made_up;
  run["allocators"] = json::array();
  run["workloads"] = json::array();
  run["cells"] = json::array();
  run["benchmarks"] = json::array();
  run["geomeans"] = json::array();
  run["context"]["baseline_allocator"] = "allocator_0";
  for (int i = 0; i < kAllocators; i++) {
    run["allocators"].push_back(made_up["allocators"][0]);
    run["allocators"].back()["name"] = absl::StrCat("allocator_", i);
  }
  for (int row = 0; row < kRows; row++) {
    const std::string workload = absl::StrCat("micro/work_", row);
    run["workloads"].push_back(made_up["workloads"][0]);
    run["workloads"].back()["name"] = workload;
    for (int i = 0; i < kAllocators; i++) {
      json cell = made_up["cells"][1];
      cell["allocator"] = absl::StrCat("allocator_", i);
      cell["workload"] = workload;
      cell["name"] = absl::StrCat("allocator_", i, "/", workload, "/threads:1");
      run["cells"].push_back(std::move(cell));
    }
  }
  return run;
}

}  // namespace

json SyntheticRun(int number) {
  static const json *const large = new json(MakeLarge());
  json run = *large;
  run["context"]["date"] = MadeUpRun(number)["context"]["date"];
  run["context"]["seed"] = number;
  constexpr int kNoise = 97;
  int i = 0;
  for (json &cell : run["cells"]) {
    cell["time"]["median"] = 100 + (number * 31 + i++ * 17) % kNoise;
  }
  return run;
}

absl::Status MakeHistory(const std::string &path, int runs) {
  const absl::StatusOr<std::unique_ptr<Database>> database = Database::Open(path);
  if (!database.ok()) return database.status();
  for (int first = 0; first < runs; first += kRunsOfATransaction) {
    const Database::Lease writer = (*database)->Write();
    Transaction transaction(writer.get());
    if (!transaction.begun().ok()) return transaction.begun();
    for (int number = first; number < std::min(first + kRunsOfATransaction, runs); number++) {
      const json run = SyntheticRun(number);
      const absl::Status added =
          AddRunInside(writer.get(), run.dump(), run, std::nullopt, absl::Now()).status();
      if (!added.ok()) return added;
    }
    const absl::Status committed = transaction.Commit();
    if (!committed.ok()) return committed;
  }
  return absl::OkStatus();
}

}  // namespace loam::dashboards
