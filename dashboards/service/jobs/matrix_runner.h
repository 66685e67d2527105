// Runs the matrix of this workspace as a child process.

#ifndef LOAM_DASHBOARDS_SERVICE_JOBS_MATRIX_RUNNER_H_
#define LOAM_DASHBOARDS_SERVICE_JOBS_MATRIX_RUNNER_H_

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "dashboards/service/jobs/runner.h"

namespace loam::dashboards {

class MatrixRunner : public Runner {
 public:
  // `program` is the matrix; `scratch` is a folder for what it prints, made already.
  MatrixRunner(std::string program, std::string scratch)
      : program_(std::move(program)), scratch_(std::move(scratch)) {}

  absl::StatusOr<nlohmann::json> Choices() override;
  absl::StatusOr<std::unique_ptr<Run>> Start(const RunOrder &order) override;
  RunView LookAtRest(const std::string &folder) override;

 private:
  absl::StatusOr<nlohmann::json> AskForChoices() const;

  const std::string program_;
  const std::string scratch_;
  std::mutex mutex_;  // of what follows
  nlohmann::json choices_;
  absl::Time asked_;
};

// The command line that an order becomes.
std::vector<std::string> MatrixCommand(const std::string &program, const RunOrder &order);

}  // namespace loam::dashboards

#endif  // LOAM_DASHBOARDS_SERVICE_JOBS_MATRIX_RUNNER_H_
