// Runs the matrix as a user would, and keeps what it said.

#ifndef LOAM_BENCHMARKS_TESTING_RUN_MATRIX_H_
#define LOAM_BENCHMARKS_TESTING_RUN_MATRIX_H_

#include <string>

namespace loam::matrix {

struct Said {
  int exit_status = 0;
  std::string stdout_text;
  std::string stderr_text;
};

// `arguments` go through the shell.
Said RunMatrix(const std::string &arguments);

std::string ReadText(const std::string &path);

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_TESTING_RUN_MATRIX_H_
