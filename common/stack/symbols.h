// What stands at an address of the program: its module and function, read from /proc/self/maps
// and the modules' ELF symbol tables. Only system calls are made: no allocation, none of the
// loader's functions nor locks, so that a report can be made in any state of the process.

#ifndef LOAM_COMMON_STACK_SYMBOLS_H_
#define LOAM_COMMON_STACK_SYMBOLS_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct loam_symbol {
  const char *module;       // the path of the file that is mapped there
  uintptr_t module_offset;  // the address as the file has it: what addr2line takes
  const char *function;     // as the linker knows it (C++: mangled); or NULL
  uintptr_t function_offset;
};

// Reads which modules there are. Until loam_symbols_close other threads wait here; false, and
// nothing to close, in a signal handler of a thread that is between the two.
bool loam_symbols_open(void);
void loam_symbols_close(void);

// False outside of open and close, and where no module is. The texts are good until
// loam_symbols_close.
bool loam_symbol_find(uintptr_t address, struct loam_symbol *symbol);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // LOAM_COMMON_STACK_SYMBOLS_H_
