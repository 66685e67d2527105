// The data file: one writer, several readers, no other process.

#ifndef LOAM_DASHBOARDS_SERVICE_STORE_DATABASE_H_
#define LOAM_DASHBOARDS_SERVICE_STORE_DATABASE_H_

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "dashboards/service/store/sql.h"

namespace loam::dashboards {

// Thread-safe. Readers see the last commit and never wait for the writer (WAL); a
// commit is on disk when it returns (synchronous=FULL).
class Database {
 public:
  // Opens the file, made with its folder where it is not there. One line for what
  // cannot be served: another server has it, it is read-only, damaged, another
  // program's or a newer version's.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const std::string &path);

  Database(const Database &) = delete;
  Database &operator=(const Database &) = delete;
  ~Database();

  // A connection that is the caller's until the lease is gone.
  class Lease {
   public:
    Lease(Lease &&other) noexcept;
    Lease &operator=(Lease &&) = delete;
    ~Lease();
    Connection *operator->() const { return connection_; }
    Connection *get() const { return connection_; }

   private:
    friend class Database;
    Lease(Database *database, Connection *connection, bool is_reader)
        : database_(database), connection_(connection), is_reader_(is_reader) {}
    Database *database_;
    Connection *connection_;
    bool is_reader_;
  };
  Lease Read();
  Lease Write();

  // What PRAGMA integrity_check finds, or OK.
  absl::Status CheckIntegrity();

 private:
  Database() = default;

  int lock_file_ = -1;
  std::mutex writing_;  // held by the writer's lease
  std::unique_ptr<Connection> writer_;
  std::mutex mutex_;  // of what follows
  std::condition_variable reader_is_free_;
  std::vector<Connection *> free_readers_;
  std::vector<std::unique_ptr<Connection>> readers_;
};

}  // namespace loam::dashboards

#endif  // LOAM_DASHBOARDS_SERVICE_STORE_DATABASE_H_
