#include "dashboards/service/store/jobs.h"

#include "absl/strings/str_cat.h"

namespace loam::dashboards {
namespace {

constexpr char kColumns[] =
    "SELECT number, state, created, started, ended, request, trace, resumes, progress, cells, run,"
    " message FROM jobs ";

Job ReadRow(const Statement &row) {
  Job job;
  job.number = row.Number(0);
  job.state = row.Text(1);
  job.created = row.Text(2);
  job.started = row.OptionalText(3);
  job.ended = row.OptionalText(4);
  job.request = row.Text(5);
  job.trace = row.OptionalText(6);
  job.resumes = row.Number(7);
  job.progress = row.OptionalText(8);
  job.cells = row.Text(9);
  job.run = row.OptionalText(10);
  job.message = row.OptionalText(11);
  return job;
}

absl::StatusOr<std::vector<Job>> ReadRows(Statement *list) {
  std::vector<Job> jobs;
  for (;;) {
    const absl::StatusOr<bool> row = list->Step();
    if (!row.ok()) return row.status();
    if (!*row) return jobs;
    jobs.push_back(ReadRow(*list));
  }
}

}  // namespace

std::string Rfc3339(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d%ET%H:%M:%SZ", time, absl::UTCTimeZone());
}

absl::Status SaveJob(Database *database, Job *job) {
  const Database::Lease writer = database->Write();
  const bool is_new = job->number == 0;
  Statement save(writer.get(),
                 is_new ? "INSERT INTO jobs (state, created, started, ended, request, trace,"
                          " resumes, progress, cells, run, message)"
                          " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                        : "UPDATE jobs SET state = ?, created = ?, started = ?, ended = ?,"
                          " request = ?, trace = ?, resumes = ?, progress = ?, cells = ?, run = ?,"
                          " message = ? WHERE number = ?");
  save.Bind(job->state).Bind(job->created).Bind(job->started).Bind(job->ended);
  save.Bind(job->request).Bind(job->trace).Bind(job->resumes).Bind(job->progress);
  save.Bind(job->cells).Bind(job->run).Bind(job->message);
  if (!is_new) save.Bind(job->number);
  const absl::Status saved = save.Run();
  if (saved.ok() && is_new) job->number = writer->LastRowNumber();
  return saved;
}

absl::StatusOr<Job> FindJob(Database *database, int64_t number) {
  const Database::Lease reader = database->Read();
  Statement find(reader.get(), absl::StrCat(kColumns, "WHERE number = ?"));
  const absl::StatusOr<bool> row = find.Bind(number).Step();
  if (!row.ok()) return row.status();
  if (!*row) return absl::NotFoundError("there is no such job");
  return ReadRow(find);
}

absl::StatusOr<std::vector<Job>> ListJobs(Database *database, int limit) {
  const Database::Lease reader = database->Read();
  Statement list(reader.get(), absl::StrCat(kColumns, "ORDER BY number DESC LIMIT ?"));
  list.Bind(limit);
  return ReadRows(&list);
}

absl::StatusOr<std::vector<Job>> ListJobsInState(Database *database, const std::string &state) {
  const Database::Lease reader = database->Read();
  Statement list(reader.get(), absl::StrCat(kColumns, "WHERE state = ? ORDER BY number"));
  list.Bind(state);
  return ReadRows(&list);
}

}  // namespace loam::dashboards
