// The command line of the service.

#ifndef LOAM_DASHBOARDS_SERVICE_OPTIONS_H_
#define LOAM_DASHBOARDS_SERVICE_OPTIONS_H_

#include <string>

#include "absl/status/statusor.h"
#include "dashboards/service/api/api.h"
#include "dashboards/service/http/guard.h"
#include "dashboards/service/http/server.h"

namespace loam::dashboards {

struct Options {
  std::string data;    // the database's path, absolute
  std::string matrix;  // the program that jobs run, or empty
  bool check = false;  // look whether it is whole, and serve nothing
  ServerOptions server;
  GuardOptions guard;
  ApiOptions api;
};

// Parses and checks. Shows the help and exits on --help.
absl::StatusOr<Options> ParseOptions(int argc, char **argv);

}  // namespace loam::dashboards

#endif  // LOAM_DASHBOARDS_SERVICE_OPTIONS_H_
