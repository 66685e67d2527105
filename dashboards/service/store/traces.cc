#include "dashboards/service/store/traces.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace loam::dashboards {

absl::StatusOr<bool> AddTrace(Database *database, const std::string &id, const std::string &facts) {
  const Database::Lease writer = database->Write();
  Statement add(writer.get(), "INSERT OR IGNORE INTO traces (id, facts) VALUES (?, ?)");
  const absl::Status added = add.Bind(id).Bind(facts).Run();
  if (!added.ok()) return added;
  return writer->ChangedRows() == 1;
}

absl::StatusOr<std::string> FindTrace(Database *database, const std::string &id) {
  const Database::Lease reader = database->Read();
  Statement find(reader.get(), "SELECT facts FROM traces WHERE id = ?");
  const absl::StatusOr<bool> row = find.Bind(id).Step();
  if (!row.ok()) return row.status();
  if (!*row) return absl::NotFoundError("there is no such trace");
  return find.Text(0);
}

absl::StatusOr<std::string> ListTraces(Database *database) {
  const Database::Lease reader = database->Read();
  Statement list(reader.get(), "SELECT facts FROM traces ORDER BY number DESC");
  std::vector<std::string> traces;
  for (;;) {
    const absl::StatusOr<bool> row = list.Step();
    if (!row.ok()) return row.status();
    if (!*row) return absl::StrCat("{\"traces\":[", absl::StrJoin(traces, ","), "]}");
    traces.push_back(list.Text(0));
  }
}

}  // namespace loam::dashboards
