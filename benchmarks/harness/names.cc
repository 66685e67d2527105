#include "benchmarks/harness/names.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace loam::matrix {
namespace {

template <typename Value>
absl::StatusOr<Value> Named(const std::string &name, std::initializer_list<Value> values) {
  for (Value value : values) {
    if (NameOf(value) == name) return value;
  }
  return absl::InvalidArgumentError(absl::StrCat("\"", name, "\" is unknown"));
}

}  // namespace

const char *NameOf(AllocatorKind kind) {
  switch (kind) {
    case AllocatorKind::kSystem:
      return "system";
    case AllocatorKind::kLoam:
      return "loam";
    case AllocatorKind::kPeer:
      return "peer";
    case AllocatorKind::kFloor:
      return "floor";
    case AllocatorKind::kGiven:
      return "given";
  }
  return "unknown";
}

const char *NameOf(CellStatus status) {
  switch (status) {
    case CellStatus::kOk:
      return "ok";
    case CellStatus::kFailed:
      return "failed";
    case CellStatus::kTimedOut:
      return "timed_out";
    case CellStatus::kSkipped:
      return "skipped";
  }
  return "unknown";
}

const char *NameOf(statistics::Verdict verdict) {
  switch (verdict) {
    case statistics::Verdict::kLess:
      return "less";
    case statistics::Verdict::kMore:
      return "more";
    case statistics::Verdict::kCannotTell:
      return "cannot_tell";
  }
  return "unknown";
}

absl::StatusOr<AllocatorKind> AllocatorKindNamed(const std::string &name) {
  return Named(name, {AllocatorKind::kSystem, AllocatorKind::kLoam, AllocatorKind::kPeer,
                      AllocatorKind::kFloor, AllocatorKind::kGiven});
}

absl::StatusOr<CellStatus> CellStatusNamed(const std::string &name) {
  return Named(name,
               {CellStatus::kOk, CellStatus::kFailed, CellStatus::kTimedOut, CellStatus::kSkipped});
}

}  // namespace loam::matrix
