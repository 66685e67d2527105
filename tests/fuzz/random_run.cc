#include "tests/fuzz/random_run.h"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>

#include "tests/fuzz/expect.h"
#include "tests/fuzz/program.h"
#include "tests/support/memory.h"
#include "tests/support/random.h"
#include "tests/support/sanitizers.h"

namespace loam::test {
namespace {

constexpr unsigned kProgramSecondsMax = 120;  // one that takes longer hangs

// For whom a program fails: read by a signal handler.
struct Current {
  const char *variant = nullptr;
  const char *profile = nullptr;
  uint64_t seed = 0;
  size_t number = 0;
  const std::vector<uint8_t> *program = nullptr;
  const char *failure_file = nullptr;
};

Current current;

// Says which program it was, keeps it, and lets the signal have its way.
void ReportFailure(int signal_number) {
  dprintf(STDERR_FILENO, "%s: --seed=%llu --profiles=%s fails in program %zu (%s)\n",
          current.variant, static_cast<unsigned long long>(current.seed), current.profile,
          current.number, signal_number == SIGALRM ? "it hangs" : strsignal(signal_number));
  if (current.failure_file != nullptr) {
    const int file = open(current.failure_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    const ssize_t wanted = static_cast<ssize_t>(current.program->size());
    const bool kept =
        file >= 0 && write(file, current.program->data(), current.program->size()) == wanted;
    dprintf(STDERR_FILENO, kept ? "the program is in %s\n" : "cannot write %s\n",
            current.failure_file);
  }
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

constexpr size_t kLeftBytesMax = 16 * kMiB;
constexpr size_t kLostAddressesMax = 512 * kMiB;

// All programs are over: what they had has gone back.
void ExpectNothingIsLeft(const loam_variant &variant) {
  place = {variant.name, 0, "after all programs"};
  variant.trim(0);
  loam_stats stats = {};
  variant.stats(&stats);
  Expect(stats.live_blocks == 0, "blocks are left");
  Expect(stats.mapped_bytes <= kLeftBytesMax, "memory is left that a trim does not give back");
}

bool InjectsFaults(const RandomRun &run) {
  for (const Profile *profile : run.profiles) {
    for (const KindCount &row : profile->strewn) {
      if (row.kind == Kind::kFaults) return true;
    }
  }
  return false;
}

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

RandomRunResult RunAtRandom(const loam_variant &variant, const RandomRun &run) {
  std::vector<std::unique_ptr<Generator>> generators;
  for (const Profile *profile : run.profiles) {
    generators.push_back(std::make_unique<Generator>(*profile));
  }
  std::vector<uint8_t> program;
  current = {variant.name, nullptr, run.seed, 0, &program, nullptr};
  if (!run.failure_file.empty()) current.failure_file = run.failure_file.c_str();
  for (int failure : {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGALRM}) signal(failure, ReportFailure);

  ProgramOptions options;
  options.thorough = false;
  options.check_every = 50000;
  options.trim_at_end = false;
  RandomRunResult result;
  size_t addresses = 0;  // after the first program
  const auto start = std::chrono::steady_clock::now();
  double next_line = run.progress_seconds;
  size_t turn = 0;
  size_t turn_ends = run.profiles[0]->turn;
  const auto over = [&] {
    return (run.operations != 0 && result.operations >= run.operations) ||
           (run.seconds != 0 && result.seconds >= run.seconds);
  };
  while (!over()) {
    current.profile = run.profiles[turn]->name;
    current.number = result.programs;
    generators[turn]->Generate(Mix(run.seed) + result.programs, &program);
    alarm(kProgramSecondsMax);
    result.operations += RunProgram(variant, program.data(), program.size(), options);
    if (++result.programs == 1) addresses = AddressSpaceBytes();
    result.seconds = SecondsSince(start);
    if (run.progress_seconds != 0 && (result.seconds >= next_line || over())) {
      next_line = result.seconds + run.progress_seconds;
      loam_stats stats = {};
      variant.stats(&stats);
      printf(
          "%s: %zu programs, %.1f million operations, %.1f s, %.2f million a second, "
          "%zu MiB mapped\n",
          variant.name, result.programs, static_cast<double>(result.operations) / 1e6,
          result.seconds, static_cast<double>(result.operations) / 1e6 / result.seconds,
          stats.mapped_bytes >> 20);
      fflush(stdout);
    }
    if (result.operations >= turn_ends) {
      turn = (turn + 1) % run.profiles.size();
      turn_ends = result.operations + run.profiles[turn]->turn;
    }
  }
  alarm(0);
  ExpectNothingIsLeft(variant);
  // A system call that failed may cost addresses; a sanitizer takes them as it likes.
  const bool may_lose = kSanitizerRuntime || InjectsFaults(run);
  Expect(may_lose || AddressSpaceBytes() <= addresses + kLostAddressesMax, "addresses are lost");
  return result;
}

}  // namespace loam::test
