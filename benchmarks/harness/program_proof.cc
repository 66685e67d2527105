#include "benchmarks/harness/program_proof.h"

#include <filesystem>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace loam::matrix {
namespace {

constexpr int64_t kTimeoutMs = 10'000;

struct Binding {
  std::string from;
  std::string to;
};

std::string RealPath(absl::string_view path) {
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(std::string(path), error);
  return error ? std::string(path) : real.string();
}

// The text between two marks, or nothing.
std::optional<absl::string_view> Between(absl::string_view line, absl::string_view before,
                                         absl::string_view after) {
  const size_t start = line.find(before);
  if (start == absl::string_view::npos) return std::nullopt;
  const size_t end = line.find(after, start + before.size());
  if (end == absl::string_view::npos) return std::nullopt;
  return line.substr(start + before.size(), end - start - before.size());
}

// "  12: binding file A [0] to B [0]: normal symbol `malloc' [GLIBC_2.2.5]"
std::optional<Binding> ReadBinding(absl::string_view line) {
  const auto symbol = Between(line, "symbol `", "'");
  const auto from = Between(line, "binding file ", " [");
  const auto to = Between(line, "] to ", " [");
  if (!symbol || !from || !to) return std::nullopt;
  for (absl::string_view name : {"malloc", "calloc", "realloc", "free"}) {
    if (*symbol == name) return Binding{RealPath(*from), RealPath(*to)};
  }
  return std::nullopt;
}

absl::Status ProveProgram(const ProcessRunner &runner, const Allocator &allocator,
                          const std::string &program) {
  Command command;
  command.words = {program};
  command.preload = ProgramPreload(allocator);
  command.wants_stderr = true;
  command.timeout_ms = kTimeoutMs;
  // As ldd does it: load and bind everything, then end before main.
  command.environment = {"LD_TRACE_LOADED_OBJECTS=1", "LD_WARN=yes", "LD_BIND_NOW=yes",
                         "LD_DEBUG=bindings"};
  const absl::StatusOr<Ending> ending = runner.Run(command);
  if (!ending.ok()) return ending.status();
  if (ending->kind != Ending::Kind::kDone) return absl::UnknownError(ending->message);
  return CheckBindings(ending->stderr_text, program, allocator.served_by);
}

}  // namespace

absl::Status CheckBindings(const std::string &report, const std::string &program,
                           const std::string &library) {
  const std::string real_program = RealPath(program);
  const std::string real_library = RealPath(library);
  bool served = false;
  for (absl::string_view line : absl::StrSplit(report, '\n')) {
    const std::optional<Binding> binding = ReadBinding(line);
    if (!binding || binding->from == real_library) continue;
    served = served || binding->to == real_library;
    // A program at a fixed address stands in for a function whose address it
    // takes; its own binding says where that leads.
    if (binding->to == real_library || binding->to == real_program) continue;
    return absl::FailedPreconditionError(absl::StrCat(binding->from, " takes malloc from ",
                                                      binding->to, ", not from ", real_library));
  }
  if (served) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("the linker binds no malloc of ", program,
                                                    " to ", real_library,
                                                    ": is the program linked statically?"));
}

std::string ProgramPreload(const Allocator &allocator) {
  return allocator.library.empty() ? allocator.served_by : allocator.library;
}

void ProvePrograms(const ProcessRunner &runner, Matrix *matrix) {
  for (Cell &cell : matrix->cells) {
    const Workload &workload = matrix->workloads[cell.workload];
    if (cell.status != CellStatus::kOk || !workload.program) continue;
    const absl::Status proof =
        ProveProgram(runner, matrix->allocators[cell.allocator], workload.program->measured);
    if (proof.ok()) continue;
    cell.status = CellStatus::kFailed;
    cell.message = std::string(proof.message());
  }
}

}  // namespace loam::matrix
