// Clients that read all at once, each on a connection that it keeps.

#ifndef LOAM_DASHBOARDS_SERVICE_LOAD_READERS_H_
#define LOAM_DASHBOARDS_SERVICE_LOAD_READERS_H_

#include <chrono>
#include <string>
#include <vector>

namespace loam::dashboards {

struct ReadFigures {
  std::vector<double> latencies_ms;  // sorted
  int errors = 0;
  std::string first_error;

  double Quantile(double share) const;
};

// `count` readers ask for the URLs in turn for so long, with `pause` between two
// requests of a reader.
ReadFigures ReadAll(const std::vector<std::string> &urls, int count,
                    std::chrono::milliseconds duration, std::chrono::milliseconds pause);

}  // namespace loam::dashboards

#endif  // LOAM_DASHBOARDS_SERVICE_LOAD_READERS_H_
