#include "dashboards/service/store/migrations.h"

#include <array>

#include "absl/strings/str_cat.h"

namespace loam::dashboards {
namespace {

constexpr int64_t kApplicationId = 0x4c6f616d;  // "Loam"

// Each brings a file from the version that is its index to the next. What was
// released is never changed.
constexpr std::array<const char *, 1> kSteps = {R"sql(
  -- A run is one result file; `number` is the order in which they came.
  CREATE TABLE runs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,      -- the first digits of sha256
    sha256 TEXT NOT NULL UNIQUE,  -- of the file
    date TEXT NOT NULL,           -- when the run began, RFC 3339 as in the file
    date_us INTEGER NOT NULL,     -- the same, since 1970
    commit_id TEXT,
    label TEXT,
    summary TEXT NOT NULL         -- as lists show it, JSON
  ) STRICT;
  CREATE INDEX runs_by_date ON runs (date_us, number);

  -- Apart from `runs`, so that a list does not read past them.
  CREATE TABLE files (
    number INTEGER PRIMARY KEY REFERENCES runs,
    bytes INTEGER NOT NULL,  -- of the file as it was uploaded
    file BLOB NOT NULL,      -- zstd
    digest_bytes INTEGER NOT NULL,
    digest BLOB NOT NULL     -- zstd: the file without its repetitions
  ) STRICT;

  CREATE TABLE hosts (
    host INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
  ) STRICT;

  -- The history of a cell's metric is one series: its points lie side by side.
  CREATE TABLE series (
    series INTEGER PRIMARY KEY,
    workload TEXT NOT NULL,
    threads INTEGER NOT NULL,
    allocator TEXT NOT NULL,
    metric TEXT NOT NULL,
    unit TEXT NOT NULL,
    UNIQUE (workload, threads, allocator, metric, unit)
  ) STRICT;
  CREATE TABLE points (
    series INTEGER NOT NULL REFERENCES series,
    run INTEGER NOT NULL REFERENCES runs,
    host INTEGER NOT NULL REFERENCES hosts,
    median REAL NOT NULL,
    ratio REAL,
    ratio_low REAL,
    ratio_high REAL,
    PRIMARY KEY (series, run)
  ) STRICT, WITHOUT ROWID;

  -- Recorded programs; the files lie in a folder beside the database.
  CREATE TABLE traces (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    facts TEXT NOT NULL  -- as lists show it, JSON
  ) STRICT;

  CREATE TABLE jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    state TEXT NOT NULL,
    created TEXT NOT NULL,
    started TEXT,
    ended TEXT,
    request TEXT NOT NULL,    -- JSON, checked
    trace TEXT,
    resumes INTEGER NOT NULL DEFAULT 0,
    progress TEXT,            -- JSON: the last that was known
    cells TEXT NOT NULL DEFAULT '[]',
    run TEXT,
    message TEXT
  ) STRICT;
  CREATE INDEX jobs_by_state ON jobs (state, number);
)sql"};

constexpr int64_t kVersion = kSteps.size();

absl::Status Step(const char *sql, int64_t to_version, Connection *writer) {
  Transaction transaction(writer);
  if (!transaction.begun().ok()) return transaction.begun();
  absl::Status status = writer->Execute(sql);
  if (status.ok()) {
    status = writer->Execute(absl::StrCat("PRAGMA application_id = ", kApplicationId,
                                          "; PRAGMA user_version = ", to_version)
                                 .c_str());
  }
  return status.ok() ? transaction.Commit() : status;
}

}  // namespace

absl::Status Migrate(const std::string &path, Connection *writer) {
  const absl::StatusOr<int64_t> application = writer->ReadNumber("PRAGMA application_id");
  if (!application.ok()) return application.status();
  const absl::StatusOr<int64_t> version = writer->ReadNumber("PRAGMA user_version");
  if (!version.ok()) return version.status();
  const absl::StatusOr<int64_t> tables = writer->ReadNumber("SELECT count(*) FROM sqlite_schema");
  if (!tables.ok()) return tables.status();
  const bool is_empty = *application == 0 && *version == 0 && *tables == 0;
  if (!is_empty && *application != kApplicationId) {
    return absl::FailedPreconditionError(absl::StrCat(path, " is the database of another program"));
  }
  if (*version > kVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " was written by a newer version of this service (database version ",
                     *version, ", this one knows ", kVersion, ")"));
  }
  for (int64_t from = *version; from < kVersion; from++) {
    const absl::Status stepped = Step(kSteps[static_cast<size_t>(from)], from + 1, writer);
    if (!stepped.ok()) return stepped;
  }
  return absl::OkStatus();
}

}  // namespace loam::dashboards
