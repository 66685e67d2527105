#include "dashboards/service/http/body.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace loam::dashboards {
namespace {

// Taken from the budget at a time, where the length is not known before.
constexpr size_t kTakenBytes = 1 << 20;
constexpr size_t kAbsurdBytes = size_t{4} << 30;

Reply TooLarge(const BodyRule &rule) {
  if (rule.bytes_max == 0) return Reply::Error(413, "this request takes no body");
  return Reply::Error(413, absl::StrCat("the body is larger than ", rule.bytes_max, " bytes"));
}

Reply CannotKeep(int error) {
  return Reply::Error(error == ENOSPC || error == EFBIG || error == EDQUOT ? 507 : 503,
                      absl::StrCat("cannot keep the body: ", strerror(error)));
}

}  // namespace

bool BodyBudget::Take(size_t bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (bytes > bytes_left_) return false;
  bytes_left_ -= bytes;
  return true;
}

void BodyBudget::GiveBack(size_t bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  bytes_left_ += bytes;
}

Body::Body(BodyRule rule, size_t declared_bytes, BodyBudget *budget)
    : rule_(std::move(rule)), budget_(budget) {
  if (declared_bytes > rule_.bytes_max) {
    Drop(TooLarge(rule_));
  } else if (!rule_.folder.empty()) {
    OpenFile();
  }
}

Body::~Body() {
  if (file_ >= 0) close(file_);
  if (!path_.empty()) unlink(path_.c_str());
  budget_->GiveBack(taken_);
}

void Body::OpenFile() {
  path_ = rule_.folder + "/upload-XXXXXX";
  file_ = mkostemp(path_.data(), O_CLOEXEC);
  if (file_ >= 0) return;
  path_.clear();
  Drop(CannotKeep(errno));
}

void Body::Drop(Reply why) {
  problem_ = std::move(why);
  memory_ = std::string();
  budget_->GiveBack(std::exchange(taken_, 0));
}

bool Body::IsAbsurd() const { return bytes_ > kAbsurdBytes; }

void Body::Append(absl::string_view bytes) {
  bytes_ += bytes.size();
  if (problem_) return;
  if (bytes_ > rule_.bytes_max) return Drop(TooLarge(rule_));
  if (!rule_.folder.empty()) return WriteFile(bytes);
  while (taken_ < bytes_) {
    if (!budget_->Take(kTakenBytes)) {
      Reply busy = Reply::Error(503, "too much is being uploaded at once: try again");
      busy.headers.emplace_back("Retry-After", "1");
      return Drop(std::move(busy));
    }
    taken_ += kTakenBytes;
  }
  memory_.append(bytes.data(), bytes.size());
}

void Body::WriteFile(absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(file_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return Drop(CannotKeep(written == 0 ? ENOSPC : errno));
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

std::optional<Reply> Body::Finish(Request *request) {
  if (!problem_ && file_ >= 0 && fsync(file_) != 0) Drop(CannotKeep(errno));
  if (problem_) return problem_;
  request->body = std::move(memory_);
  request->body_file = path_;
  return std::nullopt;
}

}  // namespace loam::dashboards
