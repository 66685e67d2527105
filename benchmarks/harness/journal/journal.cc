#include "benchmarks/harness/journal/journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "absl/strings/str_cat.h"
#include "benchmarks/harness/exclusive_file.h"
#include "benchmarks/harness/names.h"
#include "benchmarks/harness/repetition_json.h"
#include "benchmarks/harness/result_json.h"

namespace loam::matrix {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kVersion[] = "loam-matrix-journal-v1";

absl::Status Damaged(const std::string &path, size_t line, absl::string_view why) {
  return absl::DataLossError(absl::StrCat(path, ":", line, ": a damaged journal: ", why));
}

std::string ReadWhole(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Where two plans differ first, in words; empty if they do not.
std::string DifferenceOf(const Json &there, const Json &here) {
  for (const auto &[key, value] : here.items()) {
    const Json other = there.value(key, Json());
    if (other == value) continue;
    if (value.is_structured()) return absl::StrCat("its ", key, " are others");
    return absl::StrCat(key, ": ", other.dump(), " there, ", value.dump(), " here");
  }
  return there.size() == here.size() ? "" : "it says more";
}

// A line after the first, into the cell that it is about. Throws on what does
// not belong there.
void ReadLine(const Json &line, const std::map<std::string, Cell *> &cells, Json *context) {
  if (line.contains("resumed")) {
    (*context)["resumed"] = context->value("resumed", 0) + 1;
    return;
  }
  Cell &cell = *cells.at(line.at("cell"));
  if (line.contains("repetition")) {
    const Repetition repetition = RepetitionFromJson(line.at("repetition"));
    for (const Repetition &earlier : cell.repetitions) {
      if (earlier.round == repetition.round) throw std::invalid_argument("a repetition twice");
    }
    cell.repetitions.push_back(repetition);
    return;
  }
  const absl::StatusOr<CellStatus> status = CellStatusNamed(line.at("status"));
  if (!status.ok()) throw std::invalid_argument(std::string(status.status().message()));
  cell.status = *status;
  cell.message = line.at("message");
}

// Reads the whole lines; the length of them all.
absl::StatusOr<size_t> ReadLines(const std::string &path, const std::string &text, const Json &plan,
                                 Matrix *matrix, Json *context) {
  std::map<std::string, Cell *> cells;
  for (Cell &cell : matrix->cells) cells[CellName(*matrix, cell)] = &cell;
  size_t number = 0;
  size_t start = 0;
  for (size_t end; (end = text.find('\n', start)) != std::string::npos; start = end + 1) {
    number++;
    const Json line = Json::parse(text.substr(start, end - start), nullptr, false);
    try {
      if (number > 1) {
        ReadLine(line, cells, context);
        continue;
      }
      if (line.at("journal") != kVersion) return Damaged(path, number, "of another version");
      *context = line.at("context");
      const std::string difference = DifferenceOf(line.at("plan"), plan);
      if (!difference.empty()) {
        return absl::FailedPreconditionError(
            absl::StrCat(path, " is the journal of another plan (", difference, ")"));
      }
    } catch (const std::exception &error) {
      return Damaged(path, number, error.what());
    }
  }
  return start;
}

// Whether it has more lines than the plan.
bool HasMeasurements(const std::string &text) {
  const size_t plan_end = text.find('\n');
  return plan_end != std::string::npos && text.find('\n', plan_end + 1) != std::string::npos;
}

}  // namespace

absl::StatusOr<Journal> Journal::Open(const std::string &path, bool resume, const Json &plan,
                                      size_t expected_bytes, Matrix *matrix, Json *context) {
  const absl::StatusOr<int> file = OpenExclusive(path);
  if (!file.ok()) return file.status();
  Journal journal(path, *file);
  const std::string text = ReadWhole(path);
  if (!HasMeasurements(text)) {
    const absl::Status begun = journal.Begin(plan, *context, expected_bytes);
    if (begun.ok()) return journal;
    journal.Remove();
    return begun;
  }
  if (!resume) {
    return absl::AlreadyExistsError(
        absl::StrCat(path, " has what an earlier run measured: go on with --resume, or remove it"));
  }
  const absl::StatusOr<size_t> length = ReadLines(path, text, plan, matrix, context);
  if (!length.ok()) return length.status();
  if (ftruncate(*file, static_cast<off_t>(*length)) != 0) return CannotWrite(path, errno);
  journal.length_ = *length;
  const absl::Status noted = journal.Append({{"resumed", true}});
  if (!noted.ok()) return noted;
  (*context)["resumed"] = context->value("resumed", 0) + 1;
  return journal;
}

Journal::Journal(Journal &&other) noexcept
    : path_(std::move(other.path_)),
      file_(std::exchange(other.file_, -1)),
      length_(other.length_) {}

Journal::~Journal() {
  if (file_ >= 0) close(file_);
}

absl::Status Journal::Record(const Matrix &matrix, const Cell &cell) {
  Json line = {{"cell", CellName(matrix, cell)}};
  if (cell.status == CellStatus::kOk) {
    line["repetition"] = RepetitionToJson(cell.repetitions.back());
  } else {
    line["status"] = NameOf(cell.status);
    line["message"] = cell.message;
  }
  return Append(line);
}

absl::Status Journal::Begin(const Json &plan, const Json &context, size_t expected_bytes) {
  if (ftruncate(file_, 0) != 0) return CannotWrite(path_, errno);
  // Some file systems cannot hold room; then a full disk shows later.
  const int held = fallocate(file_, FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(expected_bytes));
  if (held != 0 && (errno == ENOSPC || errno == EFBIG)) return CannotWrite(path_, errno);
  return Append({{"journal", kVersion}, {"plan", plan}, {"context", context}});
}

absl::Status Journal::Append(const Json &line) {
  const std::string text =
      absl::StrCat(line.dump(-1, ' ', false, Json::error_handler_t::replace), "\n");
  int error = WriteAllAt(file_, text, length_);
  // Some files, a pipe for one, cannot be synced and need not be.
  if (error == 0 && fdatasync(file_) != 0 && errno != EINVAL) error = errno;
  if (error == 0) {
    length_ += text.size();
    return absl::OkStatus();
  }
  if (ftruncate(file_, static_cast<off_t>(length_)) != 0) error = errno;
  return CannotWrite(path_, error);
}

void Journal::Remove() { unlink(path_.c_str()); }

}  // namespace loam::matrix
