#include "benchmarks/testing/run_matrix.h"

#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "benchmarks/harness/runfiles.h"
#include "benchmarks/harness/scratch_folder.h"

namespace loam::matrix {

std::string ReadText(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string LibraryForTests(const std::string &name) {
  return *Runfiles::Find("")->Path("benchmarks/testing/lib" + name + ".so");
}

int CountProcessesUnder(const std::string &path) {
  int count = 0;
  std::error_code error;
  for (const auto &process : std::filesystem::directory_iterator("/proc", error)) {
    count += ReadText(process.path().string() + "/maps").find(path) != std::string::npos;
  }
  return count;
}

Said RunMatrix(const std::string &arguments, const std::string &before) {
  const ScratchFolder scratch = *ScratchFolder::Make();
  const std::string matrix = *Runfiles::Find("")->Path("benchmarks/matrix");
  const int status = std::system(("exec >" + scratch.path() + "/stdout 2>" + scratch.path() +
                                  "/stderr; " + before + matrix + " " + arguments)
                                     .c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          ReadText(scratch.path() + "/stdout"), ReadText(scratch.path() + "/stderr")};
}

}  // namespace loam::matrix
