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

// `arguments`, and what is to come `before` the program, go through the shell.
Said RunMatrix(const std::string &arguments, const std::string &before = "");

// The path of a preload library of this folder, "broken_malloc" for example.
std::string LibraryForTests(const std::string &name);

// How many processes have the file at `path` mapped.
int CountProcessesUnder(const std::string &path);

std::string ReadText(const std::string &path);

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_TESTING_RUN_MATRIX_H_
