#include "dashboards/service/jobs/matrix_runner.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <thread>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "dashboards/service/jobs/child.h"
#include "dashboards/service/jobs/journal_tail.h"

namespace loam::dashboards {
namespace {

using nlohmann::json;

constexpr int kRoundsMax = 200;
constexpr absl::Duration kListTimeout = absl::Seconds(60);
// Programs may be installed while the server runs.
constexpr absl::Duration kChoicesAge = absl::Minutes(5);
constexpr absl::Duration kStopTime = absl::Seconds(20);
constexpr absl::Duration kTick = absl::Milliseconds(50);

std::string ResultPath(const std::string &folder) { return folder + "/result.json"; }
std::string JournalPath(const std::string &folder) { return ResultPath(folder) + ".journal"; }
std::string StderrPath(const std::string &folder) { return folder + "/stderr"; }

std::string ReadFile(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// What the matrix said last, without its name.
std::string LastLine(const std::string &path) {
  constexpr size_t kBytesMax = 500;
  const std::vector<std::string> lines =
      absl::StrSplit(ReadFile(path), absl::ByAnyChar("\r\n"), absl::SkipWhitespace());
  if (lines.empty()) return "the matrix ended without a word";
  return std::string(absl::StripPrefix(lines.back(), "matrix: ")).substr(0, kBytesMax);
}

// A matrix whose server was killed takes a moment to end; until then the journal is
// locked.
void WaitForJournal(const std::string &path) {
  const absl::Time give_up = absl::Now() + kStopTime;
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  while (flock(file, LOCK_EX | LOCK_NB) != 0 && absl::Now() < give_up) absl::SleepFor(kTick);
  close(file);
}

// The cells as a result file has them.
json CellsOfResult(const std::string &path) {
  const json result = json::parse(ReadFile(path), nullptr, false);
  json cells = json::array();
  if (!result.is_object()) return cells;
  for (const json &cell : result.value("cells", json::array())) {
    const json time = cell.value("time", json());
    cells.push_back({{"allocator", cell.at("allocator")},
                     {"workload", cell.at("workload")},
                     {"threads", cell.at("threads")},
                     {"status", cell.at("status")},
                     {"median_ns", time.is_object() ? time.at("median") : json()},
                     {"repetitions", cell.at("repetitions")}});
  }
  return cells;
}

class MatrixRun : public Run {
 public:
  MatrixRun(std::unique_ptr<Child> child, std::string folder)
      : child_(std::move(child)), folder_(std::move(folder)), tail_(JournalPath(folder_)) {}

  ~MatrixRun() override {
    Stop();
    while (!child_->ExitStatus() && !IsPastStopTime()) absl::SleepFor(kTick);
  }

  RunView Look() override {
    // Asked first, so that what it wrote last is seen below.
    const std::optional<int> exit_status = child_->ExitStatus();
    tail_.Read();
    RunView view;
    view.done = tail_.Done();
    view.total = tail_.Total();
    if (!exit_status) {
      if (is_stopping_ && IsPastStopTime()) child_->Signal(SIGKILL);
      view.cells = tail_.Cells();
      return view;
    }
    if (*exit_status == 0) {
      view.state = RunView::State::kDone;
      view.result_path = ResultPath(folder_);
      view.cells = CellsOfResult(view.result_path);
      return view;
    }
    view.state = is_stopping_ ? RunView::State::kStopped : RunView::State::kFailed;
    view.cells = tail_.Cells();
    view.message = LastLine(StderrPath(folder_));
    return view;
  }

  void Stop() override {
    if (is_stopping_) return;
    is_stopping_ = true;
    stop_time_ = absl::Now();
    child_->Signal(SIGTERM);
  }

 private:
  bool IsPastStopTime() const { return absl::Now() - stop_time_ > kStopTime; }

  std::unique_ptr<Child> child_;
  std::string folder_;
  JournalTail tail_;
  bool is_stopping_ = false;
  absl::Time stop_time_;
};

}  // namespace

std::vector<std::string> MatrixCommand(const std::string &program, const RunOrder &order) {
  const RunRequest &request = order.request;
  std::vector<std::string> words = {program, "--noreport", "--suite=" + request.suite,
                                    "--out=" + ResultPath(order.folder)};
  const auto add_list = [&words](const char *flag, const std::string &list) {
    if (!list.empty()) words.push_back(absl::StrCat(flag, list));
  };
  add_list("--allocators=", absl::StrJoin(request.allocators, ","));
  add_list("--workloads=", absl::StrJoin(request.workloads, ","));
  add_list("--threads=", absl::StrJoin(request.threads, ","));
  if (request.rounds != 0) words.push_back(absl::StrCat("--rounds=", request.rounds));
  if (!order.trace_path.empty()) words.push_back("--trace=" + order.trace_path);
  if (order.resume) words.push_back("--resume");
  return words;
}

absl::StatusOr<json> MatrixRunner::AskForChoices() const {
  const std::string out = scratch_ + "/list.json";
  const std::string errors = scratch_ + "/list.stderr";
  absl::StatusOr<std::unique_ptr<Child>> child =
      Child::Start({program_, "--list", "--json"}, out, errors);
  if (!child.ok()) return child.status();
  const absl::Time give_up = absl::Now() + kListTimeout;
  std::optional<int> exit_status;
  while (!(exit_status = (*child)->ExitStatus())) {
    if (absl::Now() > give_up) return absl::UnavailableError("the matrix takes long to answer");
    absl::SleepFor(kTick);
  }
  json choices = json::parse(ReadFile(out), nullptr, false);
  if (*exit_status != 0 || !choices.is_object()) {
    return absl::UnavailableError(absl::StrCat("the matrix does not run: ", LastLine(errors)));
  }
  constexpr int kThreadsMaxLeast = 16;
  const int processors = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  choices["suites"] = {"quick", "full"};
  choices["threads_max"] = std::max(kThreadsMaxLeast, 4 * processors);
  choices["rounds_max"] = kRoundsMax;
  return choices;
}

absl::StatusOr<json> MatrixRunner::Choices() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (choices_.is_null() || absl::Now() - asked_ > kChoicesAge) {
    absl::StatusOr<json> choices = AskForChoices();
    if (!choices.ok()) return choices.status();
    choices_ = *std::move(choices);
    asked_ = absl::Now();
  }
  return choices_;
}

absl::StatusOr<std::unique_ptr<Run>> MatrixRunner::Start(const RunOrder &order) {
  if (order.resume) WaitForJournal(JournalPath(order.folder));
  absl::StatusOr<std::unique_ptr<Child>> child = Child::Start(
      MatrixCommand(program_, order), order.folder + "/stdout", StderrPath(order.folder));
  if (!child.ok()) return child.status();
  return std::make_unique<MatrixRun>(*std::move(child), order.folder);
}

RunView MatrixRunner::LookAtRest(const std::string &folder) {
  JournalTail tail(JournalPath(folder));
  tail.Read();
  RunView view;
  view.state = RunView::State::kStopped;
  view.done = tail.Done();
  view.total = tail.Total();
  view.cells = tail.Cells();
  return view;
}

}  // namespace loam::dashboards
