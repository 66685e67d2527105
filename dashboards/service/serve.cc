// bazel run //dashboards:serve

#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "dashboards/report/page_template.h"
#include "dashboards/service/api/api.h"
#include "dashboards/service/http/guard.h"
#include "dashboards/service/http/server.h"
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

absl::Status Serve(Options options) {
  const absl::StatusOr<std::unique_ptr<Database>> database = Database::Open(options.data);
  if (!database.ok()) return database.status();
  if (options.check) {
    const absl::Status checked = (*database)->CheckIntegrity();
    return checked.ok() ? Say(options.data + ": whole") : checked;
  }
  Api api(options.api, PageTemplate(), database->get());
  const Guard guard(options.guard);
  options.server.headers = {{"X-Content-Type-Options", "nosniff"},
                            {"Referrer-Policy", "no-referrer"},
                            {"Cross-Origin-Resource-Policy", "same-origin"},
                            {"Cross-Origin-Opener-Policy", "same-origin"}};
  const absl::StatusOr<std::unique_ptr<Server>> server =
      Server::Start(options.server, &guard, &api);
  if (!server.ok()) return server.status();
  const absl::Status said = Say(absl::StrCat("serving ", options.data, " at ", (*server)->Url()));
  if (!said.ok()) return said;
  WaitForSignal();
  return absl::OkStatus();
}

absl::Status Run(int argc, char **argv) {
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
    status = Run(argc, argv);
  } catch (const std::exception &error) {
    status = absl::InternalError(error.what());
  }
  if (status.ok()) return 0;
  std::fprintf(stderr, "serve: %s\n", std::string(status.message()).c_str());
  return 2;
}
