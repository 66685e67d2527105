// Which allocators there are, and what a process under each of them says.

#ifndef LOAM_BENCHMARKS_HARNESS_ALLOCATORS_H_
#define LOAM_BENCHMARKS_HARNESS_ALLOCATORS_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "benchmarks/harness/model.h"
#include "benchmarks/harness/process.h"

namespace loam::matrix {

// A name and the library to preload for it.
using NamedLibrary = std::pair<std::string, std::string>;

struct AllocatorSources {
  std::vector<NamedLibrary> loam;            // this workspace's variants
  std::string floor_library;                 // or empty
  std::vector<NamedLibrary> given;           // from --allocator
  std::vector<std::string> library_folders;  // where peers are looked for
};

// Folders in which distributions install libraries.
std::vector<std::string> UsualLibraryFolders();

// "NAME=/path/to/lib.so", checked: the file is there and can be preloaded.
absl::StatusOr<NamedLibrary> ParseGivenAllocator(const std::string &text);

// All of them, glibc first. A peer that is not installed has a problem. An
// error if two have one name.
absl::StatusOr<std::vector<Allocator>> FindAllocators(const AllocatorSources &sources);

// Starts the cell under the allocator, with its library read from disk, and notes which library
// really served malloc, its version and its hash. What is wrong becomes its problem.
void ProbeAllocator(const ProcessRunner &runner, const std::string &cell, Allocator *allocator);

// An error that says so if `served_by` is not this allocator's library.
absl::Status CheckServedBy(const Allocator &allocator, const std::string &served_by);

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_HARNESS_ALLOCATORS_H_
