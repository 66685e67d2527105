#include "dashboards/service/store/database.h"

#include <unistd.h>

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "benchmarks/harness/exclusive_file.h"
#include "dashboards/service/store/migrations.h"

namespace loam::dashboards {
namespace {

namespace fs = std::filesystem;

// A query takes a millisecond or two; more would only wait for processors.
constexpr int kReaders = 8;
// A file up to here is checked at the start, in about a second.
constexpr uintmax_t kCheckedBytesMax = 64 << 20;

// The lock is a file of its own: SQLite's locks would not outlive its connections.
absl::StatusOr<int> Lock(const std::string &path) {
  absl::StatusOr<int> file = matrix::OpenExclusive(path + ".lock");
  if (absl::IsAlreadyExists(file.status())) {
    return absl::AlreadyExistsError(absl::StrCat("another server uses ", path));
  }
  return file;
}

absl::Status QuickCheck(const std::string &path, Connection *connection) {
  const absl::StatusOr<std::string> found = connection->ReadText("PRAGMA quick_check(1)");
  if (!found.ok()) return found.status();
  if (*found == "ok") return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("the database ", path, " is damaged"));
}

absl::Status MakeFolder(const std::string &path) {
  const fs::path folder = fs::path(path).parent_path();
  std::error_code error;
  if (!folder.empty()) fs::create_directories(folder, error);
  if (!error) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("cannot make ", folder.string(), ": ", error.message()));
}

absl::Status Prepare(const std::string &path, Connection *writer) {
  std::error_code error;
  const uintmax_t bytes = fs::file_size(path, error);
  if (!error && bytes > 0 && bytes <= kCheckedBytesMax) {
    const absl::Status checked = QuickCheck(path, writer);
    if (!checked.ok()) return checked;
  }
  const absl::StatusOr<int64_t> read_only = writer->ReadNumber("PRAGMA user_version");
  if (!read_only.ok()) return read_only.status();
  const absl::Status migrated = Migrate(path, writer);
  if (!migrated.ok()) return migrated;
  const absl::StatusOr<std::string> mode = writer->ReadText("PRAGMA journal_mode = WAL");
  if (!mode.ok()) return mode.status();
  if (*mode != "wal") return absl::UnavailableError(absl::StrCat(path, " cannot be used with WAL"));
  const absl::Status set = writer->Execute(
      "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; BEGIN IMMEDIATE; ROLLBACK");
  return set;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const std::string &path) {
  const absl::Status made = MakeFolder(path);
  if (!made.ok()) return made;
  const absl::StatusOr<int> lock_file = Lock(path);
  if (!lock_file.ok()) return lock_file.status();
  std::unique_ptr<Database> database(new Database);
  database->lock_file_ = *lock_file;
  if (fs::exists(path) && access(path.c_str(), W_OK) != 0) {
    return absl::UnavailableError(absl::StrCat("cannot write ", path, ": it is read-only"));
  }
  absl::StatusOr<std::unique_ptr<Connection>> writer = Connection::Open(path, Access::kWrite);
  if (!writer.ok()) return writer.status();
  database->writer_ = *std::move(writer);
  const absl::Status prepared = Prepare(path, database->writer_.get());
  if (!prepared.ok()) return prepared;
  for (int i = 0; i < kReaders; i++) {
    absl::StatusOr<std::unique_ptr<Connection>> reader = Connection::Open(path, Access::kRead);
    if (!reader.ok()) return reader.status();
    database->free_readers_.push_back(reader->get());
    database->readers_.push_back(*std::move(reader));
  }
  return database;
}

Database::~Database() {
  readers_.clear();
  writer_.reset();  // the last: it moves the log into the file
  if (lock_file_ >= 0) close(lock_file_);
}

Database::Lease::Lease(Lease &&other) noexcept
    : database_(other.database_),
      connection_(std::exchange(other.connection_, nullptr)),
      is_reader_(other.is_reader_) {}

Database::Lease::~Lease() {
  if (connection_ == nullptr) return;
  if (!is_reader_) {
    database_->writing_.unlock();
    return;
  }
  {
    const std::lock_guard<std::mutex> lock(database_->mutex_);
    database_->free_readers_.push_back(connection_);
  }
  database_->reader_is_free_.notify_one();
}

Database::Lease Database::Read() {
  std::unique_lock<std::mutex> lock(mutex_);
  reader_is_free_.wait(lock, [this] { return !free_readers_.empty(); });
  Connection *reader = free_readers_.back();
  free_readers_.pop_back();
  return Lease(this, reader, true);
}

Database::Lease Database::Write() {
  writing_.lock();
  return Lease(this, writer_.get(), false);
}

absl::Status Database::CheckIntegrity() {
  const Lease reader = Read();
  const absl::StatusOr<std::string> found = reader->ReadText("PRAGMA integrity_check");
  if (!found.ok()) return found.status();
  if (*found == "ok") return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("the database is damaged: ", *found));
}

}  // namespace loam::dashboards
