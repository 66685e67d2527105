#include "benchmarks/harness/allocators.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "benchmarks/harness/sha256.h"
#include "nlohmann/json.hpp"

namespace loam::matrix {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int64_t kProbeTimeoutMs = 10'000;

struct Peer {
  const char *name;
  std::vector<std::string> libraries;  // by their usual names, the best first
  const char *package;
};

const std::vector<Peer> &Peers() {
  static const auto *peers = new std::vector<Peer>{
      {"jemalloc", {"libjemalloc.so.2"}, "libjemalloc2"},
      {"tcmalloc", {"libtcmalloc_minimal.so.4"}, "libtcmalloc-minimal4"},
      {"mimalloc", {"libmimalloc.so.2", "libmimalloc.so.2.0"}, "libmimalloc2.0"},
  };
  return *peers;
}

std::string RealPath(const std::string &path) {
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  return error ? path : real.string();
}

// LD_PRELOAD separates its entries by spaces and colons, and knows no quotes.
absl::Status CheckPreloadable(const std::string &path) {
  if (path.find_first_of(" :") == std::string::npos) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(path, " cannot be preloaded: its path has a space or a colon"));
}

Allocator FindPeer(const Peer &peer, const std::vector<std::string> &folders) {
  Allocator allocator;
  allocator.name = peer.name;
  allocator.kind = AllocatorKind::kPeer;
  std::error_code error;
  for (const std::string &library : peer.libraries) {
    for (const std::string &folder : folders) {
      const fs::path path = fs::path(folder) / library;
      if (!fs::is_regular_file(path, error)) continue;
      allocator.library = RealPath(path.string());
      return allocator;
    }
  }
  allocator.problem = absl::StrCat("not installed: ", absl::StrJoin(peer.libraries, " or "),
                                   " (Debian package ", peer.package, ") is in no library folder");
  return allocator;
}

Allocator Make(const NamedLibrary &named, AllocatorKind kind) {
  Allocator allocator;
  allocator.name = named.first;
  allocator.kind = kind;
  allocator.library = named.second;
  return allocator;
}

// Has a library read from disk again. What was just written lies in the page cache in larger
// pieces, of which the kernel maps more at a fault: 64 KiB of peak RSS that no installed library
// has.
void ReadAfresh(const std::string &library) {
  const int file = open(library.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return;  // whoever preloads it will say why
  fdatasync(file);
  posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
  close(file);
}

}  // namespace

std::vector<std::string> UsualLibraryFolders() {
  std::vector<std::string> folders = {"/usr/local/lib"};
  std::error_code error;
  for (const fs::directory_entry &entry : fs::directory_iterator("/usr/lib", error)) {
    if (absl::EndsWith(entry.path().string(), "-linux-gnu")) folders.push_back(entry.path());
  }
  std::sort(folders.begin() + 1, folders.end());
  for (const char *folder : {"/usr/lib64", "/usr/lib", "/lib64", "/lib"}) folders.push_back(folder);
  return folders;
}

absl::StatusOr<NamedLibrary> ParseGivenAllocator(const std::string &text) {
  const size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos || equals + 1 == text.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--allocator=", text, " is not NAME=/path/to/library.so"));
  }
  const std::string name = text.substr(0, equals);
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.';
  });
  if (!plain) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--allocator=", text, ": a name has letters, digits, underscores, dashes and dots only"));
  }
  std::error_code error;
  const fs::path path = fs::canonical(text.substr(equals + 1), error);
  if (error || !fs::is_regular_file(path)) {
    return absl::NotFoundError(absl::StrCat("--allocator=", text, ": there is no such library"));
  }
  const absl::Status preloadable = CheckPreloadable(path.string());
  if (!preloadable.ok()) return preloadable;
  return NamedLibrary(name, path.string());
}

absl::StatusOr<std::vector<Allocator>> FindAllocators(const AllocatorSources &sources) {
  std::vector<Allocator> allocators = {Make({"glibc", ""}, AllocatorKind::kSystem)};
  for (const NamedLibrary &loam : sources.loam) {
    allocators.push_back(Make(loam, AllocatorKind::kLoam));
  }
  for (const Peer &peer : Peers()) allocators.push_back(FindPeer(peer, sources.library_folders));
  for (const NamedLibrary &given : sources.given) {
    allocators.push_back(Make(given, AllocatorKind::kGiven));
  }
  if (!sources.floor_library.empty()) {
    allocators.push_back(Make({"floor", sources.floor_library}, AllocatorKind::kFloor));
  }
  std::set<std::string> names;
  for (Allocator &allocator : allocators) {
    if (!names.insert(allocator.name).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("two allocators are called \"", allocator.name, "\""));
    }
    const absl::Status preloadable = CheckPreloadable(allocator.library);
    if (!preloadable.ok()) allocator.problem = std::string(preloadable.message());
  }
  return allocators;
}

absl::Status CheckServedBy(const Allocator &allocator, const std::string &served_by) {
  const bool right = allocator.kind == AllocatorKind::kSystem
                         ? absl::StartsWith(fs::path(served_by).filename().string(), "libc.")
                         : RealPath(served_by) == RealPath(allocator.library);
  if (right) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("malloc was served by ", served_by.empty() ? "an unknown library" : served_by,
                   ", not by ", allocator.library.empty() ? "the C library" : allocator.library));
}

void ProbeAllocator(const ProcessRunner &runner, const std::string &cell, Allocator *allocator) {
  if (!allocator->problem.empty()) return;
  ReadAfresh(allocator->library);
  Command command;
  command.words = {cell, "--probe"};
  command.preload = allocator->library;
  command.wants_stdout = true;
  command.timeout_ms = kProbeTimeoutMs;
  const absl::StatusOr<Ending> ending = runner.Run(command);
  if (!ending.ok() || ending->kind != Ending::Kind::kDone) {
    allocator->problem =
        absl::StrCat("a process under it does not run: ",
                     ending.ok() ? ending->message : std::string(ending.status().message()));
    return;
  }
  const json answer = json::parse(ending->stdout_text, nullptr, false);
  if (!answer.is_object()) {
    allocator->problem = "a process under it does not answer";
    return;
  }
  for (const char *function : {"malloc", "free"}) {
    const absl::Status served = CheckServedBy(*allocator, answer.value(function, ""));
    if (!served.ok()) allocator->problem = std::string(served.message());
  }
  allocator->served_by = RealPath(answer.value("malloc", ""));
  allocator->version = answer.value("version", "");
  const absl::StatusOr<std::string> sha256 = Sha256OfFile(allocator->served_by);
  if (sha256.ok()) allocator->sha256 = *sha256;
}

}  // namespace loam::matrix
