// A server for tests: the real program, over a data file of the test's own.

#ifndef LOAM_DASHBOARDS_TESTING_SERVED_H_
#define LOAM_DASHBOARDS_TESTING_SERVED_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dashboards/testing/process.h"

namespace loam::dashboards {

// The path of the program.
std::string ServeProgram();

// A fresh folder of the running test.
std::string TestFolder();

class Served {
 public:
  // Starts it and waits until it says its address.
  explicit Served(const std::string &data_path, const std::vector<std::string> &more_flags = {},
                  const std::vector<std::string> &environment = {},
                  const std::function<void()> &before = nullptr);

  // "http://127.0.0.1:PORT" + path; the server started, or this is empty.
  std::string Url(const std::string &path) const { return url_ + path; }
  uint16_t port() const;
  Process &process() { return *process_; }

  // Ends it as an operator would; its exit status.
  int Stop();
  void Kill();

 private:
  std::unique_ptr<Process> process_;
  std::string url_;
};

}  // namespace loam::dashboards

#endif  // LOAM_DASHBOARDS_TESTING_SERVED_H_
