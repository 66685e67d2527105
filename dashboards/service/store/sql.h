// SQLite as values and statuses. A connection and its statements are of one thread
// at a time.

#ifndef LOAM_DASHBOARDS_SERVICE_STORE_SQL_H_
#define LOAM_DASHBOARDS_SERVICE_STORE_SQL_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

struct sqlite3;
struct sqlite3_stmt;

namespace loam::dashboards {

enum class Access { kRead, kWrite };

class Connection {
 public:
  // A writer makes the file where it is not there.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const std::string &path, Access access);

  Connection(const Connection &) = delete;
  Connection &operator=(const Connection &) = delete;
  ~Connection();

  // Statements without values or rows, separated by semicolons.
  absl::Status Execute(const char *sql);
  // The first column of the first row; 0 where there is none.
  absl::StatusOr<int64_t> ReadNumber(const char *sql);
  absl::StatusOr<std::string> ReadText(const char *sql);

  int64_t LastRowNumber() const;
  int64_t ChangedRows() const;

  // What went wrong last, in one line that names the file. kResourceExhausted: the
  // disk is full; kDataLoss: the file is damaged or no database; else kUnavailable.
  absl::Status Error() const;

  sqlite3 *handle() const { return handle_; }

 private:
  explicit Connection(std::string path) : path_(std::move(path)) {}

  std::string path_;
  sqlite3 *handle_ = nullptr;
};

// One statement. Values are bound and columns read in order, from 0. The first
// error sticks: Step gives it.
class Statement {
 public:
  Statement(Connection *connection, absl::string_view sql);
  Statement(const Statement &) = delete;
  Statement &operator=(const Statement &) = delete;
  ~Statement();

  Statement &Bind(int64_t value);
  Statement &Bind(int value) { return Bind(int64_t{value}); }
  Statement &Bind(double value);
  Statement &Bind(absl::string_view text);
  Statement &Bind(const std::string &text) { return Bind(absl::string_view(text)); }
  Statement &Bind(const char *text) { return Bind(absl::string_view(text)); }
  Statement &BindBlob(absl::string_view bytes);
  Statement &BindNull();
  template <typename T>
  Statement &Bind(const std::optional<T> &value) {
    return value ? Bind(*value) : BindNull();
  }

  // Whether there is a row.
  absl::StatusOr<bool> Step();
  // Runs it to its end, without rows, and makes it ready to be bound again.
  absl::Status Run();

  int64_t Number(int column) const;
  double Real(int column) const;
  std::string Text(int column) const;
  std::string Blob(int column) const;
  std::optional<std::string> OptionalText(int column) const;
  std::optional<double> OptionalReal(int column) const;

 private:
  Connection *connection_;
  sqlite3_stmt *statement_ = nullptr;
  int next_ = 1;
  absl::Status status_;
};

// Undone unless committed.
class Transaction {
 public:
  explicit Transaction(Connection *connection);
  Transaction(const Transaction &) = delete;
  Transaction &operator=(const Transaction &) = delete;
  ~Transaction();

  const absl::Status &begun() const { return begun_; }
  // What it did is on disk when this returns OK, and else nothing of it is.
  absl::Status Commit();

 private:
  Connection *connection_;
  absl::Status begun_;
  bool open_ = false;
};

}  // namespace loam::dashboards

#endif  // LOAM_DASHBOARDS_SERVICE_STORE_SQL_H_
