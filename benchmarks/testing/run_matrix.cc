#include "benchmarks/testing/run_matrix.h"

#include <sys/wait.h>

#include <cstdlib>
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

Said RunMatrix(const std::string &arguments) {
  const ScratchFolder scratch = *ScratchFolder::Make();
  const std::string matrix = *Runfiles::Find("")->Path("benchmarks/matrix");
  const int status = std::system(
      (matrix + " " + arguments + " >" + scratch.path() + "/stdout 2>" + scratch.path() + "/stderr")
          .c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          ReadText(scratch.path() + "/stdout"), ReadText(scratch.path() + "/stderr")};
}

}  // namespace loam::matrix
