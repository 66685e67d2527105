// An ELF file for 64 bits as it lies on disk, mapped for reading. Everything in it is data from
// outside: each access is within bounds, or answers that there is none. Not thread-safe.

#ifndef LOAM_COMMON_STACK_ELF_FILE_H_
#define LOAM_COMMON_STACK_ELF_FILE_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// All zero: none.
struct loam_elf {
  const char *start;
  size_t bytes;
};

// A stretch of the file.
struct loam_bytes {
  const unsigned char *start;
  size_t bytes;
};

// Maps the file. False where it cannot be read or is no ELF file of this machine's kind.
bool loam_elf_open(struct loam_elf *elf, const char *path);
void loam_elf_close(struct loam_elf *elf);

// The address that the file gives to what lies at this offset in it; 0 where it gives none.
uintptr_t loam_elf_address(const struct loam_elf *elf, uint64_t file_offset);

// A section by name, uncompressed; empty where there is none.
struct loam_bytes loam_elf_section(const struct loam_elf *elf, const char *name);

// The function that holds the address, and its start; NULL where no symbol table says.
const char *loam_elf_function(const struct loam_elf *elf, uintptr_t address, uintptr_t *start);

#endif  // LOAM_COMMON_STACK_ELF_FILE_H_
