#include "dashboards/service/store/runs.h"

#include <openssl/sha.h>

#include <algorithm>
#include <map>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "dashboards/document/summary.h"
#include "dashboards/service/store/compress.h"

namespace loam::dashboards {
namespace {

using nlohmann::json;

constexpr size_t kIdDigits = 16;

std::string Sha256Of(absl::string_view text) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char *>(text.data()), text.size(), digest);
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char *>(digest), sizeof digest));
}

// A run as it is stored, made before the writer is waited for.
struct Prepared {
  std::string sha256;
  std::string id;
  std::string date;
  int64_t date_us = 0;
  std::optional<std::string> commit;
  std::string summary;
  std::string file;
  std::string digest;
  size_t digest_bytes = 0;
  std::vector<Point> points;
};

absl::StatusOr<Prepared> Prepare(absl::string_view text, const json &document,
                                 const std::optional<std::string> &label, absl::Time received) {
  Prepared run;
  run.sha256 = Sha256Of(text);
  run.id = run.sha256.substr(0, kIdDigits);
  const json &context = document.at("context");
  run.date = context.at("date");
  run.date_us = absl::ToUnixMicros(DateOf(document));
  if (!context.at("commit").is_null()) run.commit = context.at("commit").get<std::string>();
  json summary = SummaryOf(document);
  summary["id"] = run.id;
  summary["received"] = absl::FormatTime("%Y-%m-%d%ET%H:%M:%SZ", received, absl::UTCTimeZone());
  summary["label"] = label ? json(*label) : json();
  summary["bytes"] = text.size();
  run.summary = summary.dump();
  absl::StatusOr<std::string> file = ToZstd(text);
  if (!file.ok()) return file.status();
  run.file = *std::move(file);
  json without = json::object();
  for (const auto &[key, value] : document.items()) {
    if (key != "benchmarks") without[key] = value;
  }
  const std::string digest_text = without.dump();
  absl::StatusOr<std::string> digest = ToZstd(digest_text);
  if (!digest.ok()) return digest.status();
  run.digest = *std::move(digest);
  run.digest_bytes = digest_text.size();
  run.points = PointsOf(document);
  return run;
}

// The number of a row that holds a value, made where it is not there.
class Interned {
 public:
  Interned(Connection *writer, const char *find, const char *add)
      : writer_(writer), find_(writer, find), add_(writer, add) {}

  template <typename... Values>
  absl::StatusOr<int64_t> Number(const Values &...values) {
    (find_.Bind(values), ...);
    const absl::StatusOr<bool> row = find_.Step();
    if (!row.ok()) return row.status();
    const int64_t number = *row ? find_.Number(0) : 0;
    absl::Status status = find_.Run();
    if (!status.ok()) return status;
    if (number != 0) return number;
    (add_.Bind(values), ...);
    status = add_.Run();
    if (!status.ok()) return status;
    return writer_->LastRowNumber();
  }

 private:
  Connection *writer_;
  Statement find_;
  Statement add_;
};

absl::Status AddPoints(Connection *writer, int64_t run, const std::vector<Point> &points) {
  Interned hosts(writer, "SELECT host FROM hosts WHERE name = ?",
                 "INSERT INTO hosts (name) VALUES (?)");
  Interned series(writer,
                  "SELECT series FROM series WHERE workload = ? AND threads = ? AND allocator = ?"
                  " AND metric = ? AND unit = ?",
                  "INSERT INTO series (workload, threads, allocator, metric, unit)"
                  " VALUES (?, ?, ?, ?, ?)");
  Statement add(writer,
                "INSERT INTO points (series, run, host, median, ratio, ratio_low, ratio_high)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)");
  for (const Point &point : points) {
    const absl::StatusOr<int64_t> host = hosts.Number(point.host_name);
    if (!host.ok()) return host.status();
    const absl::StatusOr<int64_t> number =
        series.Number(point.workload, point.threads, point.allocator, point.metric, point.unit);
    if (!number.ok()) return number.status();
    add.Bind(*number).Bind(run).Bind(*host).Bind(point.median);
    add.Bind(point.ratio).Bind(point.ratio_low).Bind(point.ratio_high);
    const absl::Status added = add.Run();
    if (!added.ok()) return added;
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> IsThere(Connection *writer, const Prepared &run) {
  Statement find(writer, "SELECT sha256 = ? FROM runs WHERE id = ?");
  find.Bind(run.sha256).Bind(run.id);
  const absl::StatusOr<bool> row = find.Step();
  if (!row.ok()) return row.status();
  if (!*row) return false;
  if (find.Number(0) == 1) return true;
  return absl::AlreadyExistsError(absl::StrCat("another file is the run ", run.id));
}

absl::Status Insert(Connection *writer, const Prepared &run, size_t bytes,
                    const std::optional<std::string> &label) {
  Statement add_run(writer,
                    "INSERT INTO runs (id, sha256, date, date_us, commit_id, label, summary)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?)");
  add_run.Bind(run.id).Bind(run.sha256).Bind(run.date).Bind(run.date_us);
  absl::Status status = add_run.Bind(run.commit).Bind(label).Bind(run.summary).Run();
  if (!status.ok()) return status;
  const int64_t number = writer->LastRowNumber();
  Statement add_file(writer,
                     "INSERT INTO files (number, bytes, file, digest_bytes, digest)"
                     " VALUES (?, ?, ?, ?, ?)");
  add_file.Bind(number).Bind(static_cast<int64_t>(bytes)).BindBlob(run.file);
  status = add_file.Bind(static_cast<int64_t>(run.digest_bytes)).BindBlob(run.digest).Run();
  return status.ok() ? AddPoints(writer, number, run.points) : status;
}

absl::StatusOr<AddedRun> InsertOnce(Connection *writer, const Prepared &run, size_t bytes,
                                    const std::optional<std::string> &label) {
  const absl::StatusOr<bool> is_there = IsThere(writer, run);
  if (!is_there.ok()) return is_there.status();
  if (*is_there) return AddedRun{run.id, false};
  const absl::Status inserted = Insert(writer, run, bytes, label);
  if (!inserted.ok()) return inserted;
  return AddedRun{run.id, true};
}

struct Cursor {
  int64_t date_us = INT64_MAX;
  int64_t number = INT64_MAX;
};

absl::StatusOr<Cursor> ParseCursor(const std::string &text) {
  Cursor cursor;
  if (text.empty()) return cursor;
  const std::vector<std::string> parts = absl::StrSplit(text, '.');
  if (parts.size() == 2 && absl::SimpleAtoi(parts[0], &cursor.date_us) &&
      absl::SimpleAtoi(parts[1], &cursor.number)) {
    return cursor;
  }
  return absl::InvalidArgumentError("before is not a cursor that a list gave");
}

absl::Status NoSuchRun() { return absl::NotFoundError("there is no such run"); }

// The number and the whole id of the run.
absl::StatusOr<std::pair<int64_t, std::string>> FindRun(Connection *reader, const std::string &id) {
  const bool is_hex = std::all_of(id.begin(), id.end(), [](unsigned char c) {
    return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f');
  });
  if (!is_hex || id.size() < kShortestIdDigits) return NoSuchRun();
  // All that begin so: `g` comes behind every digit.
  Statement find(reader, "SELECT number, id FROM runs WHERE sha256 >= ? AND sha256 < ? LIMIT 2");
  find.Bind(id).Bind(id + "g");
  absl::StatusOr<bool> row = find.Step();
  if (!row.ok()) return row.status();
  if (!*row) return NoSuchRun();
  std::pair<int64_t, std::string> found(find.Number(0), find.Text(1));
  row = find.Step();
  if (!row.ok()) return row.status();
  if (*row) return absl::InvalidArgumentError("several runs begin so: say more digits");
  return found;
}

absl::StatusOr<StoredText> FindText(Database *database, const std::string &id, const char *sql) {
  const Database::Lease reader = database->Read();
  const absl::StatusOr<std::pair<int64_t, std::string>> run = FindRun(reader.get(), id);
  if (!run.ok()) return run.status();
  Statement find(reader.get(), sql);
  const absl::StatusOr<bool> row = find.Bind(run->first).Step();
  if (!row.ok()) return row.status();
  if (!*row) return absl::DataLossError("the run's file is missing");
  return StoredText{run->second, find.Blob(0), static_cast<size_t>(find.Number(1))};
}

}  // namespace

absl::StatusOr<AddedRun> AddRunInside(Connection *writer, absl::string_view text,
                                      const json &document, const std::optional<std::string> &label,
                                      absl::Time received) {
  const absl::StatusOr<Prepared> run = Prepare(text, document, label, received);
  if (!run.ok()) return run.status();
  return InsertOnce(writer, *run, text.size(), label);
}

absl::StatusOr<AddedRun> AddRun(Database *database, absl::string_view text, const json &document,
                                const std::optional<std::string> &label, absl::Time received) {
  const absl::StatusOr<Prepared> run = Prepare(text, document, label, received);
  if (!run.ok()) return run.status();
  const Database::Lease writer = database->Write();
  Transaction transaction(writer.get());
  if (!transaction.begun().ok()) return transaction.begun();
  const absl::StatusOr<AddedRun> added = InsertOnce(writer.get(), *run, text.size(), label);
  if (!added.ok()) return added.status();
  const absl::Status committed = transaction.Commit();
  if (!committed.ok()) return committed;
  return added;
}

absl::StatusOr<std::string> ListRuns(Database *database, int limit, const std::string &before) {
  const absl::StatusOr<Cursor> cursor = ParseCursor(before);
  if (!cursor.ok()) return cursor.status();
  const absl::StatusOr<int64_t> total = CountRuns(database);
  if (!total.ok()) return total.status();
  const Database::Lease reader = database->Read();
  Statement list(reader.get(),
                 "SELECT summary, date_us, number FROM runs WHERE (date_us, number) < (?, ?)"
                 " ORDER BY date_us DESC, number DESC LIMIT ?");
  list.Bind(cursor->date_us).Bind(cursor->number).Bind(limit + 1);
  // Summaries are JSON already: they are put side by side, not read.
  std::vector<std::string> runs;
  Cursor last;
  bool is_more = false;
  for (;;) {
    const absl::StatusOr<bool> row = list.Step();
    if (!row.ok()) return row.status();
    if (!*row) break;
    is_more = runs.size() == static_cast<size_t>(limit);
    if (is_more) break;
    runs.push_back(list.Text(0));
    last = {list.Number(1), list.Number(2)};
  }
  const std::string next =
      is_more ? absl::StrCat("\"", last.date_us, ".", last.number, "\"") : "null";
  return absl::StrCat("{\"runs\":[", absl::StrJoin(runs, ","), "],\"total\":", *total,
                      ",\"next\":", next, "}");
}

absl::StatusOr<StoredText> FindFile(Database *database, const std::string &id) {
  return FindText(database, id, "SELECT file, bytes FROM files WHERE number = ?");
}

absl::StatusOr<StoredText> FindDigest(Database *database, const std::string &id) {
  return FindText(database, id, "SELECT digest, digest_bytes FROM files WHERE number = ?");
}

absl::StatusOr<int64_t> CountRuns(Database *database) {
  const Database::Lease reader = database->Read();
  return reader->ReadNumber("SELECT count(*) FROM runs");
}

}  // namespace loam::dashboards
