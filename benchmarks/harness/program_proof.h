// Proof that a real program's malloc comes from the allocator that its cell
// names. The program need not help, and does not run: the dynamic linker, asked
// to load it and report, says which library each symbol is bound to.

#ifndef LOAM_BENCHMARKS_HARNESS_PROGRAM_PROOF_H_
#define LOAM_BENCHMARKS_HARNESS_PROGRAM_PROOF_H_

#include <string>

#include "absl/status/status.h"
#include "benchmarks/harness/model.h"
#include "benchmarks/harness/process.h"

namespace loam::matrix {

// Reads what the linker reported (LD_DEBUG=bindings). An error unless malloc,
// calloc, realloc and free of `program` and all its libraries are bound to
// `library`, and at least one is.
absl::Status CheckBindings(const std::string &report, const std::string &program,
                           const std::string &library);

// What to preload to a real program. The C library's own malloc is preloaded too,
// since there are programs that are linked with another allocator.
std::string ProgramPreload(const Allocator &allocator);

// Asks for every cell that runs a program; a cell without proof has failed.
void ProvePrograms(const ProcessRunner &runner, Matrix *matrix);

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_HARNESS_PROGRAM_PROOF_H_
