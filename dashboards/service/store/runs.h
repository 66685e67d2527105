// The runs: result files, each kept byte for byte and once.

#ifndef LOAM_DASHBOARDS_SERVICE_STORE_RUNS_H_
#define LOAM_DASHBOARDS_SERVICE_STORE_RUNS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "dashboards/service/store/database.h"
#include "nlohmann/json.hpp"

namespace loam::dashboards {

struct AddedRun {
  std::string id;
  bool is_new = true;  // false: the file was there already
};

// A stored text as it lies: zstd.
struct StoredText {
  std::string id;
  std::string zstd;
  size_t bytes = 0;  // once decompressed
};

// Stores the file `text`, which parses as `document` (see ParseDocument). It is on
// disk when this returns OK, and else nothing of it is.
absl::StatusOr<AddedRun> AddRun(Database *database, absl::string_view text,
                                const nlohmann::json &document,
                                const std::optional<std::string> &label, absl::Time received);

// The same inside a transaction of the caller's, for many at once.
absl::StatusOr<AddedRun> AddRunInside(Connection *writer, absl::string_view text,
                                      const nlohmann::json &document,
                                      const std::optional<std::string> &label, absl::Time received);

// As the service lists runs, newest first: {"runs": [...], "total": N, "next": cursor
// or null}. `before` is a cursor of an earlier page, or empty. JSON.
absl::StatusOr<std::string> ListRuns(Database *database, int limit, const std::string &before);

// `id` may be any unambiguous beginning of at least kShortestIdDigits. kNotFound
// where there is no such run.
constexpr size_t kShortestIdDigits = 8;
absl::StatusOr<StoredText> FindFile(Database *database, const std::string &id);
absl::StatusOr<StoredText> FindDigest(Database *database, const std::string &id);

absl::StatusOr<int64_t> CountRuns(Database *database);

}  // namespace loam::dashboards

#endif  // LOAM_DASHBOARDS_SERVICE_STORE_RUNS_H_
