#include "benchmarks/harness/machine.h"

#include <gnu/libc-version.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "benchmarks/harness/build_settings.h"
#include "benchmarks/harness/sha256.h"

namespace loam::matrix {
namespace {

#if defined(__clang__)
#define LOAM_COMPILER __VERSION__
#else
#define LOAM_COMPILER "GCC " __VERSION__
#endif

using Json = nlohmann::ordered_json;

constexpr int64_t kGitTimeoutMs = 10'000;

std::string ReadFile(const std::string &path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Json LoadAverages() {
  double loads[3];
  const int count = getloadavg(loads, 3);
  Json averages = Json::array();
  for (int i = 0; i < count; i++) averages.push_back(loads[i]);
  return averages;
}

// What a git command prints, or null.
Json Git(const ProcessRunner &runner, const std::string &workspace,
         const std::vector<std::string> &arguments) {
  if (workspace.empty()) return nullptr;
  Command command;
  command.words = {"git", "-C", workspace};
  command.words.insert(command.words.end(), arguments.begin(), arguments.end());
  command.wants_stdout = true;
  command.timeout_ms = kGitTimeoutMs;
  const absl::StatusOr<Ending> ending = runner.Run(command);
  if (!ending.ok() || ending->kind != Ending::Kind::kDone) return nullptr;
  return std::string(absl::StripAsciiWhitespace(ending->stdout_text));
}

// Variables that change what an allocator does, as far as they are set.
Json AllocatorEnvironment() {
  Json set = Json::object();
  for (const char *name :
       {"GLIBC_TUNABLES", "MALLOC_ARENA_MAX", "MALLOC_CONF", "MALLOC_TRIM_THRESHOLD_",
        "MALLOC_MMAP_THRESHOLD_", "MIMALLOC_PAGE_RESET", "MIMALLOC_LARGE_OS_PAGES",
        "TCMALLOC_RELEASE_RATE", "TCMALLOC_MAX_TOTAL_THREAD_CACHE_BYTES", "LOAM_OPTIONS"}) {
    if (const char *value = std::getenv(name)) set[name] = value;
  }
  return set;
}

Json MegahertzOf(const std::string &cpuinfo) {
  const Json text = Field(cpuinfo, "cpu MHz");
  if (text.is_null()) return nullptr;
  return std::atof(text.get<std::string>().c_str());
}

}  // namespace

Json FirstLine(const std::string &path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return nullptr;
  return line;
}

Json Field(const std::string &text, const std::string &key) {
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(line, absl::MaxSplits(':', 1));
    if (absl::StripAsciiWhitespace(parts.first) != key) continue;
    return std::string(absl::StripAsciiWhitespace(parts.second));
  }
  return nullptr;
}

Json ChosenWord(const std::string &text) {
  const size_t open = text.find('[');
  const size_t close = text.find(']', open);
  if (open == std::string::npos || close == std::string::npos) return nullptr;
  return text.substr(open + 1, close - open - 1);
}

// Clones of a disk share a machine-id, and a container may have none and a new
// host name at each start: all that is known, and the least that changes.
Json MachineName() {
  constexpr size_t kDigits = 12;
  const Json id = FirstLine("/etc/machine-id");
  utsname system;
  const std::string host = uname(&system) == 0 ? system.nodename : "";
  const Json processor = Field(ReadFile("/proc/cpuinfo"), "model name");
  const absl::StatusOr<std::string> hash = Sha256OfText(
      absl::StrCat("loam-matrix\n", id.is_null() || id == "" ? host : id.get<std::string>(), "\n",
                   processor.dump(), "\n", sysconf(_SC_NPROCESSORS_CONF)));
  if (!hash.ok()) return nullptr;
  return absl::StrCat("machine-", hash->substr(0, kDigits));
}

Json MachineContext(const ProcessRunner &runner, const std::string &workspace) {
  utsname system;
  const bool known = uname(&system) == 0;
  const std::string cpuinfo = ReadFile("/proc/cpuinfo");
  const Json status = Git(runner, workspace, {"status", "--porcelain", "--untracked-files=no"});
  Json context;
  // These names are Google Benchmark's.
  context["date"] = absl::FormatTime(absl::RFC3339_sec, absl::Now(), absl::LocalTimeZone());
  context["host_name"] = MachineName();
  context["num_cpus"] = sysconf(_SC_NPROCESSORS_ONLN);
  context["mhz_per_cpu"] = MegahertzOf(cpuinfo);
  context["load_avg"] = LoadAverages();
#ifdef NDEBUG
  context["library_build_type"] = "release";
#else
  context["library_build_type"] = "debug";
#endif
  // And these are ours.
  context["machine"] = known ? Json(system.machine) : Json();
  context["kernel"] = known ? Json(absl::StrCat(system.sysname, " ", system.release)) : Json();
  context["cpu_model"] = Field(cpuinfo, "model name");
  context["memory_bytes"] = int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE);
  context["page_bytes"] = sysconf(_SC_PAGESIZE);
  context["cpu_governor"] = FirstLine("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  context["transparent_huge_pages"] =
      ChosenWord(ReadFile("/sys/kernel/mm/transparent_hugepage/enabled"));
  context["libc"] = absl::StrCat("glibc ", gnu_get_libc_version());
  context["compiler"] = LOAM_COMPILER;
  context["compilation_mode"] = LOAM_COMPILATION_MODE;
  context["cell_flags"] = LOAM_CELL_FLAGS;
  context["commit"] = Git(runner, workspace, {"rev-parse", "HEAD"});
  context["commit_is_modified"] = status.is_null() ? Json() : Json(status != "");
  context["allocator_environment"] = AllocatorEnvironment();
  return context;
}

}  // namespace loam::matrix
