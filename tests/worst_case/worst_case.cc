// worst_case: how long one malloc or free can take, and how many instructions,
// for the variants, the textbook's TLSF and libc. See README.md.

#include <cstdio>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "allocators/variants.h"
#include "nlohmann/json.hpp"
#include "tests/support/memory.h"
#include "tests/worst_case/measure.h"
#include "tests/worst_case/textbook_allocator.h"

ABSL_FLAG(std::vector<std::string>, allocators, {},
          "which to measure, separated by commas: names of variants, textbook_tlsf, libc; "
          "none: all");
ABSL_FLAG(std::vector<std::string>, heap_mib, std::vector<std::string>({"1", "4096"}),
          "sizes of the heap in MiB, separated by commas");
ABSL_FLAG(size_t, operations, 1000000, "calls of malloc and free in a run");
ABSL_FLAG(uint64_t, seed, 1, "decides the calls");
ABSL_FLAG(size_t, repeats, 3, "runs that are timed; a call's time is the least of them");
ABSL_FLAG(size_t, step_every, 200, "one call in so many is stepped through; 0: none of these");
ABSL_FLAG(size_t, step_slowest, 10, "so many of the slowest calls are stepped through");
ABSL_FLAG(uint64_t, step_limit, 300000, "instructions of one call that are counted, at most");
ABSL_FLAG(bool, json, false, "print JSON instead of a table");

namespace loam::test {
namespace {

struct Row {
  std::string allocator;
  size_t heap_mib;
  Measurement measurement;
};

struct Candidate {
  std::string name;
  MakeAllocator make;
};

// libc first: the others are compared with it.
std::vector<Candidate> Candidates() {
  std::vector<Candidate> candidates = {
      {"libc", [](void *, size_t) { return Libc(); }},
      {"textbook_tlsf", TextbookTlsf},
  };
  for (size_t i = 0; i < loam_variant_count; ++i) {
    const loam_variant &variant = *loam_variants[i];
    candidates.push_back({variant.name, [&variant](void *memory, size_t bytes) {
                            return LoamVariant(variant, memory, bytes);
                          }});
  }
  return candidates;
}

// Those of the flag; false after a line on stderr where there is no such one.
bool Select(std::vector<Candidate> *candidates) {
  const std::vector<std::string> names = absl::GetFlag(FLAGS_allocators);
  if (names.empty()) return true;
  std::vector<Candidate> selected;
  for (const std::string &name : names) {
    const size_t before = selected.size();
    for (const Candidate &candidate : *candidates) {
      if (candidate.name == name) selected.push_back(candidate);
    }
    if (selected.size() == before) {
      absl::FPrintF(stderr, "worst_case: there is no allocator %s\n", name);
      return false;
    }
  }
  candidates->swap(selected);
  return true;
}

bool HeapSizes(std::vector<size_t> *sizes) {
  for (const std::string &text : absl::GetFlag(FLAGS_heap_mib)) {
    sizes->emplace_back();
    if (!absl::SimpleAtoi(text, &sizes->back()) || sizes->back() == 0) {
      absl::FPrintF(stderr, "worst_case: --heap_mib: %s is no size\n", text);
      return false;
    }
  }
  return true;
}

MeasureOptions OptionsFor(size_t heap_mib) {
  MeasureOptions options;
  options.mix = {heap_mib * kMiB, absl::GetFlag(FLAGS_operations), absl::GetFlag(FLAGS_seed)};
  options.repeats = absl::GetFlag(FLAGS_repeats);
  options.step_every = absl::GetFlag(FLAGS_step_every);
  options.step_slowest = absl::GetFlag(FLAGS_step_slowest);
  options.step_limit = absl::GetFlag(FLAGS_step_limit);
  return options;
}

std::string Instructions(const Measurement &measurement) {
  if (measurement.stepped == 0) return "-";
  return absl::StrFormat("%s%d", measurement.instructions_cut ? ">=" : "",
                         measurement.instructions_max);
}

// "12.3 (0.5)": nanoseconds, and how many times libc's they are.
std::string Time(double ns, double libc_ns) {
  if (libc_ns <= 0) return absl::StrFormat("%.0f", ns);
  return absl::StrFormat("%.0f (%.2g)", ns, ns / libc_ns);
}

void PrintHeader(size_t heap_mib) {
  absl::PrintF("\nheap of %d MiB; ns, and how many times libc's\n", heap_mib);
  absl::PrintF("%-15s %-8s %-12s %-13s %-14s %-15s %-18s %-10s %13s  %-27s %s\n", "allocator",
               "memory", "p50", "p99", "p99.9", "p99.99", "max", "any run", "instructions",
               "the most of them in", "the slowest");
}

void PrintRow(const Row &row, const Measurement &libc) {
  const Measurement &m = row.measurement;
  if (!m.fault.empty()) {
    absl::PrintF("%-15s failed: %s\n", row.allocator, m.fault);
    return;
  }
  absl::PrintF("%-15s %-8s %-12s %-13s %-14s %-15s %-18s %-10.0f %13s  %-27s %s\n", row.allocator,
               m.given_memory ? "given" : "process", Time(m.p50_ns, libc.p50_ns),
               Time(m.p99_ns, libc.p99_ns), Time(m.p999_ns, libc.p999_ns),
               Time(m.p9999_ns, libc.p9999_ns), Time(m.max_ns, libc.max_ns), m.max_of_any_run_ns,
               Instructions(m), m.longest.Describe(), m.slowest.Describe());
}

nlohmann::json ToJson(const Row &row) {
  const Measurement &m = row.measurement;
  return {{"allocator", row.allocator},
          {"heap_mib", row.heap_mib},
          {"fault", m.fault},
          {"given_memory", m.given_memory},
          {"operations", m.operations},
          {"refused", m.refused},
          {"live_bytes_max", m.live_bytes_max},
          {"p50_ns", m.p50_ns},
          {"p99_ns", m.p99_ns},
          {"p999_ns", m.p999_ns},
          {"p9999_ns", m.p9999_ns},
          {"max_ns", m.max_ns},
          {"max_in", m.slowest.Describe()},
          {"max_of_any_run_ns", m.max_of_any_run_ns},
          {"stepped", m.stepped},
          {"instructions_max", m.instructions_max},
          {"instructions_cut", m.instructions_cut},
          {"instructions_max_in", m.longest.Describe()}};
}

int Main() {
  std::vector<Candidate> candidates = Candidates();
  std::vector<size_t> heaps;
  if (!Select(&candidates) || !HeapSizes(&heaps)) return 2;
  const bool json = absl::GetFlag(FLAGS_json);
  nlohmann::json rows = nlohmann::json::array();
  bool failed = false;
  for (size_t heap_mib : heaps) {
    if (!json) PrintHeader(heap_mib);
    Measurement libc;
    for (const Candidate &candidate : candidates) {
      const Row row = {candidate.name, heap_mib, Measure(candidate.make, OptionsFor(heap_mib))};
      failed |= !row.measurement.fault.empty();
      if (candidate.name == "libc") libc = row.measurement;
      if (json) {
        rows.push_back(ToJson(row));
      } else {
        PrintRow(row, libc);
        fflush(stdout);
      }
    }
  }
  if (json) puts(rows.dump(2).c_str());
  return failed ? 1 : 0;
}

}  // namespace
}  // namespace loam::test

int main(int argc, char **argv) {
  absl::SetProgramUsageMessage(
      "the worst case of one malloc or free: see tests/worst_case/README.md");
  absl::ParseCommandLine(argc, argv);
  return loam::test::Main();
}
