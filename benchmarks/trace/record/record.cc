#include "benchmarks/trace/record/record.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "benchmarks/trace/analysis/units.h"
#include "benchmarks/trace/record/harvester.h"
#include "benchmarks/trace/record/shared_region.h"

namespace loam::trace {
namespace {

constexpr int kCannotStart = 127;
// How long the recorder sleeps, at most, and how much may be lost when it is
// killed.
constexpr int64_t kPatienceMs = 50;
constexpr absl::Duration kThoroughEvery = absl::Milliseconds(500);

volatile pid_t root = 0;

void Forward(int signal) { kill(root, signal); }
void Wake(int) {}

void Handle(int signal, void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  sigaction(signal, &action, nullptr);
}

// The terminal sends these to the program as well, which decides what to do.
void HandleSignals() {
  Handle(SIGINT, SIG_IGN);
  Handle(SIGQUIT, SIG_IGN);
  Handle(SIGTERM, Forward);
  Handle(SIGHUP, Forward);
  Handle(SIGCHLD, Wake);
}

std::vector<std::string> EnvironmentOf(const RecordOptions &options, const SharedRegion &region) {
  const char *preload = std::getenv("LD_PRELOAD");
  const std::string others =
      preload == nullptr || *preload == '\0' ? "" : absl::StrCat(":", preload);
  return {absl::StrCat("LD_PRELOAD=", options.preload, others),
          absl::StrCat(TRACE_REGION_VARIABLE "=", region.Path())};
}

// Becomes the program; does not return. errno goes through `failure` otherwise.
[[noreturn]] void RunChild(const RecordOptions &options, std::vector<std::string> environment,
                           trace_region *region, int failure) {
  for (std::string &assignment : environment) putenv(assignment.data());
  std::vector<char *> words;
  for (const std::string &word : options.command) words.push_back(const_cast<char *>(word.c_str()));
  words.push_back(nullptr);
  region->root_process_id = static_cast<uint32_t>(getpid());
  execvp(words[0], words.data());
  const int error = errno;
  const ssize_t written = write(failure, &error, sizeof error);
  _exit(written == static_cast<ssize_t>(sizeof error) ? kCannotStart : kCannotStart - 1);
}

absl::Status Start(const RecordOptions &options, SharedRegion *region) {
  int failure[2];
  if (pipe2(failure, O_CLOEXEC) != 0) {
    return absl::UnavailableError(absl::StrCat("pipe: ", strerror(errno)));
  }
  const std::vector<std::string> environment = EnvironmentOf(options, *region);
  std::fflush(nullptr);
  root = fork();
  if (root == 0) RunChild(options, environment, region->get(), failure[1]);
  close(failure[1]);
  int error = root < 0 ? errno : 0;
  if (root > 0 && read(failure[0], &error, sizeof error) > 0) waitpid(root, nullptr, 0);
  close(failure[0]);
  if (error == 0) return absl::OkStatus();
  return absl::NotFoundError(
      absl::StrCat("cannot start ", options.command[0], ": ", strerror(error)));
}

std::string EndingText(int status) {
  return WIFSIGNALED(status) ? absl::StrCat("killed by signal ", WTERMSIG(status))
                             : absl::StrCat("exit status ", WEXITSTATUS(status));
}

// Reaps those that ended. Whether none is left that matters.
bool ReapEnded(bool follow, Harvester *harvester, int *exit_status) {
  for (;;) {
    int status = 0;
    const pid_t pid = waitpid(-1, &status, WNOHANG);
    if (pid < 0 && errno == EINTR) continue;
    if (pid < 0) return true;  // no child is left
    if (pid == 0) return false;
    harvester->NoteEnd(static_cast<uint32_t>(pid), EndingText(status));
    if (pid != root) continue;
    *exit_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    if (!follow) return true;
  }
}

absl::Status Watch(bool follow, SharedRegion *region, Harvester *harvester, int *exit_status) {
  absl::Status status;
  absl::Time last_thorough = absl::Now();
  for (;;) {
    const uint32_t seen = region->Signal();
    const bool over = ReapEnded(follow, harvester, exit_status);
    Harvester::Depth depth = over ? Harvester::Depth::kFinal : Harvester::Depth::kFull;
    if (!over && absl::Now() - last_thorough > kThoroughEvery) {
      depth = Harvester::Depth::kThorough;
      last_thorough = absl::Now();
    }
    const absl::Status pass = harvester->Pass(depth);
    if (status.ok() && !pass.ok()) {
      status = pass;
      std::fprintf(stderr, "loam-trace: %s; the program goes on, unrecorded\n",
                   std::string(pass.message()).c_str());
    }
    if (over) return status;
    region->AwaitSignal(seen, kPatienceMs);
  }
}

// What hands over to the program that is meant, which is an image of its own.
bool IsLauncher(const std::string &program) {
  static const auto *const names = new std::set<std::string>{
      "bash", "chrt", "dash", "env", "nice", "nohup", "setsid", "sh", "taskset", "timeout"};
  return names->count(program) != 0;
}

absl::Status Tell(const RecordOptions &options, const trace_region &region,
                  const std::vector<RecordedImage> &recorded) {
  if (recorded.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("no call of malloc was seen: is ", options.command[0],
                     " linked statically, or does it run as another user?"));
  }
  for (const RecordedImage &image : recorded) {
    std::fprintf(stderr, "loam-trace: %s events in %s (%s)\n", Grouped(image.events).c_str(),
                 image.path.c_str(), Bytes(image.file_bytes).c_str());
    if (image.lost == 0) continue;
    std::fprintf(stderr, "loam-trace: %s more events were lost\n", Grouped(image.lost).c_str());
  }
  const trace_image &first = region.images[0];
  const std::string program =
      std::filesystem::path(std::string(first.command, strnlen(first.command, first.command_bytes)))
          .filename()
          .string();
  if (!options.follow && IsLauncher(program)) {
    std::fprintf(stderr,
                 "loam-trace: that is %s alone: name the program that it starts, or --follow\n",
                 program.c_str());
  }
  if (region.image_count > TRACE_MAX_IMAGES) {
    return absl::ResourceExhaustedError(absl::StrCat("only the first ", int{TRACE_MAX_IMAGES},
                                                     " of ", region.image_count,
                                                     " processes were recorded"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<int> Record(const RecordOptions &options) {
  if (options.preload.find_first_of(" :") != std::string::npos) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the linker preloads no library whose path has a space or a colon: ", options.preload));
  }
  absl::StatusOr<std::unique_ptr<SharedRegion>> region = SharedRegion::Create(options.follow);
  if (!region.ok()) return region.status();
  // With --follow, to learn of the end of a program that the program left behind.
  if (options.follow) prctl(PR_SET_CHILD_SUBREAPER, 1);
  absl::Status status = Start(options, region->get());
  if (!status.ok()) return status;
  HandleSignals();
  Harvester harvester(region->get(), options.output, options.level);
  int exit_status = 0;
  status = Watch(options.follow, region->get(), &harvester, &exit_status);
  if (!status.ok()) return absl::DataLossError("the trace is not complete");
  status = Tell(options, *(*region)->get(), harvester.recorded());
  if (!status.ok()) return status;
  return exit_status;
}

}  // namespace loam::trace
