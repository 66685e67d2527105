// bazel run //dashboards:serve

#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "dashboards/report/page_template.h"
#include "dashboards/service/api/api.h"
#include "dashboards/service/api/jobs_api.h"
#include "dashboards/service/api/runs_api.h"
#include "dashboards/service/api/traces_api.h"
#include "dashboards/service/http/guard.h"
#include "dashboards/service/http/server.h"
#include "dashboards/service/jobs/matrix_runner.h"
#include "dashboards/service/jobs/queue.h"
#include "dashboards/service/options.h"
#include "dashboards/service/store/database.h"

namespace {

using namespace loam::dashboards;  // NOLINT: this is the program of that namespace

// Blocked in all threads, so that just WaitForSignal sees them.
sigset_t EndSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  return signals;
}

void WaitForSignal() {
  const sigset_t signals = EndSignals();
  int signal = 0;
  while (sigwait(&signals, &signal) != 0) {
  }
}

absl::Status Say(const std::string &line) {
  if (std::printf("%s\n", line.c_str()) >= 0 && std::fflush(stdout) == 0) return absl::OkStatus();
  return absl::UnavailableError("cannot write to stdout");
}

// What stands beside the data file, made where it is not there.
absl::StatusOr<std::string> FolderBeside(const std::string &data, const char *ending) {
  const std::string folder = absl::StrCat(data, ending);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!error) return folder;
  return absl::UnavailableError(absl::StrCat("cannot make ", folder, ": ", error.message()));
}

// Uploads that a kill left half done.
void RemoveHalfUploads(const std::string &folder) {
  std::error_code error;
  for (const auto &entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (absl::StartsWith(name, "upload-")) std::filesystem::remove(entry.path(), error);
  }
}

absl::StatusOr<std::unique_ptr<JobQueue>> StartJobs(const std::string &folder, Database *database,
                                                    Runner *runner, RunsApi *runs,
                                                    TracesApi *traces) {
  JobQueue::Outside outside;
  outside.database = database;
  outside.runner = runner;
  outside.folder = folder;
  outside.store = [runs](const std::string &text) -> absl::StatusOr<std::string> {
    const absl::StatusOr<AddedRun> added = runs->Add(text, std::nullopt);
    if (!added.ok()) return added.status();
    return added->id;
  };
  outside.trace_path = [traces](const std::string &id) { return traces->PathOf(id); };
  return JobQueue::Start(std::move(outside));
}

absl::Status Serve(Options options) {
  const absl::StatusOr<std::unique_ptr<Database>> database = Database::Open(options.data);
  if (!database.ok()) return database.status();
  if (options.check) {
    const absl::Status checked = (*database)->CheckIntegrity();
    return checked.ok() ? Say(options.data + ": whole") : checked;
  }
  const absl::StatusOr<std::string> traces_folder = FolderBeside(options.data, ".traces");
  if (!traces_folder.ok()) return traces_folder.status();
  RemoveHalfUploads(*traces_folder);
  const absl::StatusOr<std::string> jobs_folder = FolderBeside(options.data, ".jobs");
  if (!jobs_folder.ok()) return jobs_folder.status();
  RunsApi runs(database->get());
  TracesApi traces(database->get(), *traces_folder);
  MatrixRunner runner(options.matrix, *jobs_folder);
  const absl::StatusOr<std::unique_ptr<JobQueue>> queue =
      StartJobs(*jobs_folder, database->get(), &runner, &runs, &traces);
  if (!queue.ok()) return queue.status();
  JobsApi jobs(&runner, queue->get(), &traces);
  Api api(options.api, PageTemplate(), database->get(), &runs, &traces, *traces_folder,
          options.matrix.empty() ? nullptr : &jobs);
  const Guard guard(options.guard);
  options.server.headers = {{"X-Content-Type-Options", "nosniff"},
                            {"Referrer-Policy", "no-referrer"},
                            {"Cross-Origin-Resource-Policy", "same-origin"},
                            {"Cross-Origin-Opener-Policy", "same-origin"}};
  const absl::StatusOr<std::unique_ptr<Server>> server =
      Server::Start(options.server, &guard, &api);
  if (!server.ok()) return server.status();
  const absl::Status said = Say(absl::StrCat("serving ", options.data, " at ", (*server)->Url()));
  if (said.ok()) WaitForSignal();
  (*queue)->Stop();  // ends the streams of events, which the server waits for
  return said;
}

absl::Status ServeAsTold(int argc, char **argv) {
  absl::StatusOr<Options> options = ParseOptions(argc, argv);
  if (!options.ok()) return options.status();
  return Serve(*std::move(options));
}

}  // namespace

int main(int argc, char **argv) {
  const sigset_t signals = EndSignals();
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error like a full disk
  absl::Status status;
  try {
    status = ServeAsTold(argc, argv);
  } catch (const std::exception &error) {
    status = absl::InternalError(error.what());
  }
  if (status.ok()) return 0;
  std::fprintf(stderr, "serve: %s\n", std::string(status.message()).c_str());
  return 2;
}
