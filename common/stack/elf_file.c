#include "common/stack/elf_file.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

// `bytes` bytes at an offset, or NULL where they are not all in the file or not aligned.
static const void *at(const struct loam_elf *elf, uint64_t offset, uint64_t bytes) {
  if (offset > elf->bytes || bytes > elf->bytes - offset || offset % 8 != 0) return NULL;
  return elf->start + offset;
}

static bool is_ours(const struct loam_elf *elf) {
  const Elf64_Ehdr *header = at(elf, 0, sizeof *header);
  return header != NULL && memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 &&
         header->e_ident[EI_CLASS] == ELFCLASS64 && header->e_ident[EI_DATA] == ELFDATA2LSB;
}

static bool map_file(struct loam_elf *elf, const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return false;
  struct stat status;
  void *start = MAP_FAILED;
  if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
    start = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  }
  close(fd);
  if (start == MAP_FAILED) return false;
  *elf = (struct loam_elf){.start = start, .bytes = (size_t)status.st_size};
  return true;
}

bool loam_elf_open(struct loam_elf *elf, const char *path) {
  int saved_errno = errno;
  bool is_mapped = map_file(elf, path);
  if (is_mapped && !is_ours(elf)) {
    loam_elf_close(elf);
    is_mapped = false;
  }
  errno = saved_errno;
  return is_mapped;
}

void loam_elf_close(struct loam_elf *elf) {
  if (elf->start != NULL) munmap((void *)(uintptr_t)elf->start, elf->bytes);
  *elf = (struct loam_elf){0};
}

uintptr_t loam_elf_address(const struct loam_elf *elf, uint64_t file_offset) {
  const Elf64_Ehdr *header = (const Elf64_Ehdr *)elf->start;
  const Elf64_Phdr *segments =
      at(elf, header->e_phoff, (uint64_t)header->e_phnum * sizeof(Elf64_Phdr));
  for (size_t i = 0; segments != NULL && i < header->e_phnum; i++) {
    const Elf64_Phdr *segment = &segments[i];
    if (segment->p_type == PT_LOAD && file_offset >= segment->p_offset &&
        file_offset - segment->p_offset < segment->p_filesz) {
      return file_offset - segment->p_offset + segment->p_vaddr;
    }
  }
  return 0;
}

// --- Sections ----------------------------------------------------------------

static const Elf64_Shdr *sections(const struct loam_elf *elf, size_t *count) {
  const Elf64_Ehdr *header = (const Elf64_Ehdr *)elf->start;
  *count = header->e_shnum;
  return at(elf, header->e_shoff, (uint64_t)header->e_shnum * sizeof(Elf64_Shdr));
}

static struct loam_bytes content(const struct loam_elf *elf, const Elf64_Shdr *section) {
  struct loam_bytes none = {0};
  if (section->sh_type == SHT_NOBITS || (section->sh_flags & SHF_COMPRESSED) != 0) return none;
  if (section->sh_offset > elf->bytes || section->sh_size > elf->bytes - section->sh_offset) {
    return none;
  }
  return (struct loam_bytes){(const unsigned char *)elf->start + section->sh_offset,
                             section->sh_size};
}

// A string of a table of strings; NULL where it does not end within the table.
static const char *string_at(struct loam_bytes strings, uint64_t offset) {
  if (offset >= strings.bytes) return NULL;
  const char *string = (const char *)strings.start + offset;
  return memchr(string, 0, strings.bytes - offset) != NULL ? string : NULL;
}

struct loam_bytes loam_elf_section(const struct loam_elf *elf, const char *name) {
  struct loam_bytes none = {0};
  size_t count;
  const Elf64_Shdr *table = sections(elf, &count);
  size_t names_at = ((const Elf64_Ehdr *)elf->start)->e_shstrndx;
  if (table == NULL || names_at >= count) return none;
  struct loam_bytes names = content(elf, &table[names_at]);
  for (size_t i = 0; i < count; i++) {
    const char *each = string_at(names, table[i].sh_name);
    if (each != NULL && strcmp(each, name) == 0) return content(elf, &table[i]);
  }
  return none;
}

// --- Functions ---------------------------------------------------------------

static const char *function_in(const struct loam_elf *elf, const Elf64_Shdr *table,
                               struct loam_bytes names, uintptr_t address, uintptr_t *start) {
  const Elf64_Sym *symbols = at(elf, table->sh_offset, table->sh_size);
  if (symbols == NULL) return NULL;
  const Elf64_Sym *found = NULL;
  for (size_t i = 0; i < table->sh_size / sizeof *symbols; i++) {
    const Elf64_Sym *symbol = &symbols[i];
    unsigned type = ELF64_ST_TYPE(symbol->st_info);
    if (type != STT_FUNC && type != STT_GNU_IFUNC) continue;
    if (symbol->st_shndx == SHN_UNDEF || address < symbol->st_value) continue;
    if (address - symbol->st_value >= symbol->st_size) continue;
    if (found == NULL || symbol->st_value > found->st_value) found = symbol;
  }
  if (found == NULL) return NULL;
  *start = found->st_value;
  return string_at(names, found->st_name);
}

const char *loam_elf_function(const struct loam_elf *elf, uintptr_t address, uintptr_t *start) {
  size_t count;
  const Elf64_Shdr *table = sections(elf, &count);
  // What a linker may strip knows static functions too, and so comes first.
  const Elf64_Word kinds[] = {SHT_SYMTAB, SHT_DYNSYM};
  for (size_t kind = 0; table != NULL && kind < 2; kind++) {
    for (size_t i = 0; i < count; i++) {
      if (table[i].sh_type != kinds[kind] || table[i].sh_link >= count) continue;
      struct loam_bytes names = content(elf, &table[table[i].sh_link]);
      const char *name = function_in(elf, &table[i], names, address, start);
      if (name != NULL) return name;
    }
  }
  return NULL;
}
