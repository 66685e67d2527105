#include "benchmarks/harness/results/made_up_result.h"

#include "benchmarks/harness/plan.h"

namespace loam::matrix {
namespace {

Allocator MadeUpAllocator(const std::string &name, AllocatorKind kind) {
  Allocator allocator;
  allocator.name = name;
  allocator.kind = kind;
  allocator.served_by = "/lib/" + name + ".so";
  allocator.sha256 = std::string(64, name[0] == 'g' ? 'a' : 'b');
  return allocator;
}

Workload MadeUpWorkload(const std::string &name, bool threaded) {
  Workload workload;
  workload.name = name;
  workload.stresses = "something";
  workload.stands_for = "something else";
  workload.threaded = threaded;
  return workload;
}

nlohmann::ordered_json MadeUpContext(int rounds) {
  return {{"date", "2026-01-01T00:00:00+00:00"},
          {"host_name", "machine-0"},
          {"num_cpus", 2},
          {"mhz_per_cpu", 2000},
          {"load_avg", {0.1, 0.1, 0.1}},
          {"library_build_type", "release"},
          {"machine", "x86_64"},
          {"kernel", "Linux 6.1"},
          {"cpu_model", "A processor"},
          {"memory_bytes", 1 << 30},
          {"page_bytes", 4096},
          {"cpu_governor", nullptr},
          {"transparent_huge_pages", "madvise"},
          {"libc", "glibc 2.36"},
          {"compiler", "GCC 12"},
          {"compilation_mode", "opt"},
          {"cell_flags", "-O2"},
          {"commit", nullptr},
          {"commit_is_modified", nullptr},
          {"allocator_environment", nlohmann::ordered_json::object()},
          {"suite", "quick"},
          {"rounds", rounds},
          {"seed", 1},
          {"arguments", nlohmann::ordered_json::array()},
          {"complete", true},
          {"baseline_allocator", "glibc"}};
}

}  // namespace

Result MadeUpResult(int rounds) {
  Result result;
  Matrix &matrix = result.matrix;
  matrix.allocators = {MadeUpAllocator("glibc", AllocatorKind::kSystem),
                       MadeUpAllocator("peer", AllocatorKind::kPeer)};
  matrix.workloads = {MadeUpWorkload("micro/pair", false), MadeUpWorkload("threaded/server", true)};
  matrix.machines = {"machine-0"};
  matrix.cells = PlanCells(matrix.allocators, matrix.workloads, {1, 2});
  for (size_t i = 0; i < matrix.cells.size(); i++) {
    for (int round = 0; round < rounds; round++) {
      Repetition repetition;
      repetition.round = round;
      repetition.operations = 1000;
      // A drift over the rounds, and a little noise of each cell's own.
      const int64_t noise = (round * 7 + static_cast<int64_t>(i) * 3) % 5;
      repetition.work_wall_ns = 100'000 + 5'000 * round + 300 * noise;
      if (matrix.cells[i].allocator == 1) repetition.work_wall_ns /= 2;
      repetition.work_cpu_ns = repetition.work_wall_ns;
      repetition.process.wall_ns = repetition.work_wall_ns + 1000;
      repetition.process.peak_rss_bytes = (1000 + noise) * 4096;
      matrix.cells[i].repetitions.push_back(repetition);
    }
  }
  result.context = MadeUpContext(rounds);
  return result;
}

}  // namespace loam::matrix
