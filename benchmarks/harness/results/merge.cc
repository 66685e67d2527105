#include "benchmarks/harness/results/merge.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/harness/plan.h"

namespace loam::matrix {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMissing = static_cast<size_t>(-1);

// What must be the same in the shards of one run. Programs may be installed on
// one machine and not on another; libraries must be the same.
Json IdentityOf(const Result &shard) {
  Json identity;
  for (const char *key :
       {"suite", "rounds", "settled_rounds", "latency_rounds", "seed", "baseline_allocator",
        "shard_count", "libc", "compiler", "compilation_mode", "cell_flags", "commit"}) {
    identity[key] = shard.context.value(key, Json());
  }
  for (const Allocator &allocator : shard.matrix.allocators) {
    identity[absl::StrCat("allocator ", allocator.name)] = allocator.sha256;
  }
  for (const Workload &workload : shard.matrix.workloads) {
    identity[absl::StrCat("workload ", workload.name)] = workload.stresses;
  }
  return identity;
}

absl::Status CheckSameRun(const Result &first, const Result &other, const std::string &first_name,
                          const std::string &other_name) {
  const Json one = IdentityOf(first);
  const Json two = IdentityOf(other);
  const auto refuse = [&](const std::string &key) {
    return absl::FailedPreconditionError(absl::StrCat(
        other_name, " is no shard of the run that ", first_name, " is of: its ", key, " is ",
        two.value(key, Json()).dump(), ", not ", one.value(key, Json()).dump()));
  };
  for (const auto &[key, value] : one.items()) {
    if (two.value(key, Json()) != value) return refuse(key);
  }
  for (const auto &[key, value] : two.items()) {
    if (!one.contains(key)) return refuse(key);
  }
  return absl::OkStatus();
}

// Where each shard is among `shards`, or an error.
absl::StatusOr<std::vector<size_t>> OrderOf(const std::vector<Result> &shards,
                                            const std::vector<std::string> &names) {
  const size_t count = shards[0].context.value("shard_count", size_t{1});
  std::vector<size_t> order(count, kMissing);
  for (size_t i = 0; i < shards.size(); i++) {
    const absl::Status same = CheckSameRun(shards[0], shards[i], names[0], names[i]);
    if (!same.ok()) return same;
    const size_t index = shards[i].context.value("shard_index", size_t{0});
    if (index >= count || order[index] != kMissing) {
      return absl::InvalidArgumentError(
          absl::StrCat(names[i], " is shard ", index, " of ", count, ", which is there already"));
    }
    order[index] = i;
  }
  const auto missing = std::find(order.begin(), order.end(), kMissing);
  if (missing != order.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat("shard ", missing - order.begin(), " of ", count, " is missing"));
  }
  return order;
}

// The index of a machine, added if it is new.
size_t MachineIndex(const std::string &name, std::vector<std::string> *machines) {
  const auto found = std::find(machines->begin(), machines->end(), name);
  if (found != machines->end()) return static_cast<size_t>(found - machines->begin());
  machines->push_back(name);
  return machines->size() - 1;
}

Json MachineFacts(const Json &context) {
  Json facts;
  for (const char *key :
       {"host_name", "num_cpus", "mhz_per_cpu", "load_avg", "machine", "kernel", "cpu_model",
        "memory_bytes", "page_bytes", "cpu_governor", "transparent_huge_pages"}) {
    facts[key] = context.value(key, Json());
  }
  return facts;
}

// The context of all: the first shard's, without what makes it a shard.
Json MergedContext(const std::vector<Result> &shards, const std::vector<size_t> &order) {
  Json context = shards[order[0]].context;
  context.erase("shard_index");
  context.erase("shard_count");
  Json machines = Json::array();
  std::vector<std::string> names;
  for (size_t index : order) {
    const Json &of_shard = shards[index].context;
    if (of_shard.at("date") < context.at("date")) context["date"] = of_shard.at("date");
    const size_t before = names.size();
    MachineIndex(of_shard.at("host_name").dump(), &names);
    if (names.size() > before) machines.push_back(MachineFacts(of_shard));
  }
  if (machines.size() > 1) context["machines"] = machines;
  return context;
}

}  // namespace

absl::StatusOr<Result> MergeShards(const std::vector<Result> &shards,
                                   const std::vector<std::string> &names) {
  if (shards.size() == 1 && !shards[0].context.contains("shard_count")) return shards[0];
  const absl::StatusOr<std::vector<size_t>> order = OrderOf(shards, names);
  if (!order.ok()) return order.status();
  Result merged = shards[order->front()];
  merged.context = MergedContext(shards, *order);
  merged.matrix.cells.clear();
  merged.matrix.machines.clear();
  std::vector<std::vector<std::vector<size_t>>> rows;
  size_t most_rows = 0;
  for (size_t index : *order) {
    const Matrix &shard = shards[index].matrix;
    MachineIndex(shard.machines[0], &merged.matrix.machines);
    merged.matrix.complete = merged.matrix.complete && shard.complete;
    rows.push_back(RowsOf(shard.cells));
    most_rows = std::max(most_rows, rows.back().size());
  }
  // The rows were dealt out one by one, and so they come back.
  for (size_t row = 0; row < most_rows; row++) {
    for (size_t i = 0; i < order->size(); i++) {
      if (row >= rows[i].size()) continue;
      const Matrix &shard = shards[(*order)[i]].matrix;
      for (size_t cell : rows[i][row]) {
        merged.matrix.cells.push_back(shard.cells[cell]);
        merged.matrix.cells.back().machine =
            MachineIndex(shard.machines[0], &merged.matrix.machines);
      }
    }
  }
  return merged;
}

}  // namespace loam::matrix
