#include "dashboards/service/store/sql.h"

#include <sqlite3.h>

#include <cstring>

#include "absl/strings/str_cat.h"

namespace loam::dashboards {
namespace {

// Only a checkpoint by another connection makes one wait, and never for long.
constexpr int kBusyTimeoutMs = 10'000;

}  // namespace

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const std::string &path,
                                                             Access access) {
  std::unique_ptr<Connection> connection(new Connection(path));
  const int how =
      access == Access::kRead ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  if (sqlite3_open_v2(path.c_str(), &connection->handle_, how | SQLITE_OPEN_NOMUTEX, nullptr) !=
      SQLITE_OK) {
    return connection->Error();
  }
  sqlite3_extended_result_codes(connection->handle_, 1);
  sqlite3_busy_timeout(connection->handle_, kBusyTimeoutMs);
  // Schema and settings of a file from elsewhere cannot do harm.
  sqlite3_db_config(connection->handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(connection->handle_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  return connection;
}

Connection::~Connection() { sqlite3_close_v2(handle_); }

absl::Status Connection::Execute(const char *sql) {
  return sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) == SQLITE_OK ? absl::OkStatus()
                                                                            : Error();
}

absl::StatusOr<int64_t> Connection::ReadNumber(const char *sql) {
  Statement statement(this, sql);
  const absl::StatusOr<bool> row = statement.Step();
  if (!row.ok()) return row.status();
  return *row ? statement.Number(0) : 0;
}

absl::StatusOr<std::string> Connection::ReadText(const char *sql) {
  Statement statement(this, sql);
  const absl::StatusOr<bool> row = statement.Step();
  if (!row.ok()) return row.status();
  return *row ? statement.Text(0) : "";
}

int64_t Connection::LastRowNumber() const { return sqlite3_last_insert_rowid(handle_); }

int64_t Connection::ChangedRows() const { return sqlite3_changes64(handle_); }

absl::Status Connection::Error() const {
  if (handle_ == nullptr) return absl::ResourceExhaustedError("no memory for a database");
  const int code = sqlite3_errcode(handle_) & 0xff;
  const int system_error = sqlite3_system_errno(handle_);
  if (code == SQLITE_FULL) {
    return absl::ResourceExhaustedError(absl::StrCat("cannot write ", path_, ": the disk is full"));
  }
  if (code == SQLITE_NOTADB) {
    return absl::DataLossError(absl::StrCat(path_, " is not a database, or is damaged"));
  }
  if (code == SQLITE_CORRUPT) {
    return absl::DataLossError(absl::StrCat("the database ", path_, " is damaged"));
  }
  if (code == SQLITE_READONLY) {
    return absl::UnavailableError(absl::StrCat("cannot write ", path_, ": it is read-only"));
  }
  const bool of_the_system = (code == SQLITE_IOERR || code == SQLITE_CANTOPEN) && system_error != 0;
  return absl::UnavailableError(
      absl::StrCat("cannot use ", path_, ": ",
                   of_the_system ? strerror(system_error) : sqlite3_errmsg(handle_)));
}

Statement::Statement(Connection *connection, absl::string_view sql) : connection_(connection) {
  if (sqlite3_prepare_v2(connection->handle(), sql.data(), static_cast<int>(sql.size()),
                         &statement_, nullptr) != SQLITE_OK) {
    status_ = connection->Error();
  }
}

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement &Statement::Bind(int64_t value) {
  if (status_.ok() && sqlite3_bind_int64(statement_, next_++, value) != SQLITE_OK) {
    status_ = connection_->Error();
  }
  return *this;
}

Statement &Statement::Bind(double value) {
  if (status_.ok() && sqlite3_bind_double(statement_, next_++, value) != SQLITE_OK) {
    status_ = connection_->Error();
  }
  return *this;
}

Statement &Statement::Bind(absl::string_view text) {
  if (status_.ok() && sqlite3_bind_text64(statement_, next_++, text.data(), text.size(),
                                          SQLITE_TRANSIENT, SQLITE_UTF8) != SQLITE_OK) {
    status_ = connection_->Error();
  }
  return *this;
}

Statement &Statement::BindBlob(absl::string_view bytes) {
  if (status_.ok() && sqlite3_bind_blob64(statement_, next_++, bytes.data(), bytes.size(),
                                          SQLITE_TRANSIENT) != SQLITE_OK) {
    status_ = connection_->Error();
  }
  return *this;
}

Statement &Statement::BindNull() {
  next_++;  // what is not bound is null
  return *this;
}

absl::StatusOr<bool> Statement::Step() {
  if (!status_.ok()) return status_;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return status_ = connection_->Error();
}

absl::Status Statement::Run() {
  absl::StatusOr<bool> row = true;
  while (row.ok() && *row) row = Step();
  if (!row.ok()) return row.status();
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
  next_ = 1;
  return absl::OkStatus();
}

int64_t Statement::Number(int column) const { return sqlite3_column_int64(statement_, column); }

double Statement::Real(int column) const { return sqlite3_column_double(statement_, column); }

std::string Statement::Text(int column) const {
  const unsigned char *text = sqlite3_column_text(statement_, column);
  if (text == nullptr) return "";
  return std::string(reinterpret_cast<const char *>(text),
                     static_cast<size_t>(sqlite3_column_bytes(statement_, column)));
}

std::string Statement::Blob(int column) const {
  const void *bytes = sqlite3_column_blob(statement_, column);
  if (bytes == nullptr) return "";
  return std::string(static_cast<const char *>(bytes),
                     static_cast<size_t>(sqlite3_column_bytes(statement_, column)));
}

std::optional<std::string> Statement::OptionalText(int column) const {
  if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::nullopt;
  return Text(column);
}

std::optional<double> Statement::OptionalReal(int column) const {
  if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::nullopt;
  return Real(column);
}

Transaction::Transaction(Connection *connection)
    : connection_(connection), begun_(connection->Execute("BEGIN IMMEDIATE")), open_(begun_.ok()) {}

Transaction::~Transaction() {
  // Some errors have undone it already; then this one says only so.
  if (open_) (void)connection_->Execute("ROLLBACK");
}

absl::Status Transaction::Commit() {
  const absl::Status committed = connection_->Execute("COMMIT");
  if (committed.ok()) open_ = false;
  return committed;
}

}  // namespace loam::dashboards
