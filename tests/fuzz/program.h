// Runs a byte string as a program of allocator calls (operation.h) and proves
// after each that the variant kept its contract: common/variant/variant.h
// sentence by sentence, against the shadow in model.h.
//
// A program allocates, resizes and frees through every entry point, makes heaps
// and destroys them, goes over to other threads and ends them, forks, and has
// system calls fail.

#ifndef LOAM_TESTS_FUZZ_PROGRAM_H_
#define LOAM_TESTS_FUZZ_PROGRAM_H_

#include <cstddef>
#include <cstdint>

#include "common/variant/variant.h"

namespace loam::test {

struct ProgramOptions {
  bool thorough = true;         // see Model
  size_t check_every = 256;     // operations between walks of the whole heap, at least
  size_t forks_max = 3;         // in a program
  unsigned child_seconds = 60;  // a forked child that takes longer hangs
  bool trim_at_end = true;      // so that one program does not depend on those before it
};

// Runs the program and frees all that it has left. Gives the operations done;
// ends the process with a line on stderr (expect.h) where the variant is wrong.
size_t RunProgram(const loam_variant &variant, const uint8_t *bytes, size_t size,
                  const ProgramOptions &options = {});

}  // namespace loam::test

#endif  // LOAM_TESTS_FUZZ_PROGRAM_H_
