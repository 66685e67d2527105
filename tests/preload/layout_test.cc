// Where things lie in the library: what each process runs and reads fits one stretch of the memory
// that the kernel maps around a fault (allocators/preload.ld).

#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/preload/preload_test.h"

namespace loam::test {
namespace {

constexpr Elf64_Addr kStretchBytes = 65536;

class LayoutTest : public ::testing::TestWithParam<const loam_variant *> {
 protected:
  void SetUp() override {
    std::ifstream file(LibraryOf(*GetParam()), std::ios::binary);
    bytes_.assign(std::istreambuf_iterator<char>(file), {});
    ASSERT_GE(bytes_.size(), sizeof(Elf64_Ehdr));
    header_ = Read<Elf64_Ehdr>(0);
    ASSERT_EQ(std::memcmp(header_.e_ident, ELFMAG, SELFMAG), 0);
  }

  template <typename T>
  T Read(size_t offset) const {
    T value = {};
    if (offset + sizeof value <= bytes_.size()) {
      std::memcpy(&value, bytes_.data() + offset, sizeof value);
    }
    return value;
  }

  // All zero where there is none of that name.
  Elf64_Shdr Section(const std::string &name) const {
    const auto names = Read<Elf64_Shdr>(OffsetOf(header_.e_shstrndx));
    for (size_t i = 0; i < header_.e_shnum; ++i) {
      const auto section = Read<Elf64_Shdr>(OffsetOf(i));
      if (name == bytes_.data() + names.sh_offset + section.sh_name) return section;
    }
    return {};
  }

  Elf64_Ehdr header_ = {};

 private:
  size_t OffsetOf(size_t section) const { return header_.e_shoff + section * header_.e_shentsize; }

  std::string bytes_;
};

TEST_P(LayoutTest, WhatEachProcessNeedsIsTheFirstStretch) {
  for (const char *name : {".dynsym", ".text", ".rodata"}) {
    const Elf64_Shdr section = Section(name);
    ASSERT_NE(section.sh_size, 0u) << name;
    EXPECT_LE(section.sh_addr + section.sh_size, kStretchBytes) << name;
  }
}

TEST_P(LayoutTest, WhatFewRunLiesBehind) {
  const Elf64_Shdr constants = Section(".rodata");
  const Elf64_Shdr seldom = Section(".text_seldom");
  EXPECT_GT(seldom.sh_size, 8192u);
  EXPECT_GT(seldom.sh_addr, constants.sh_addr);
}

TEST_P(LayoutTest, WhatMostProgramsRunIsNotThere) {
  const Elf64_Shdr seldom = Section(".text_seldom");
  const std::string program = DataPath("tests/preload/few_calls");
  const auto run = [&](Elf64_Addr from) {
    return RunScript(program + " " + std::to_string(from) + " " +
                         std::to_string(seldom.sh_addr + seldom.sh_size),
                     LibraryOf(*GetParam()));
  };
  const ChildResult few = run(kStretchBytes);
  EXPECT_TRUE(few.Exited(0)) << few.Describe();
  // And it would be told: with the rest out of reach as well it fails.
  EXPECT_FALSE(run(Section(".text").sh_addr).Exited(0));
}

TEST_P(LayoutTest, TheFirstStretchBeginsWhereTheKernelsDoes) {
  const auto first = Read<Elf64_Phdr>(header_.e_phoff);
  EXPECT_EQ(first.p_type, static_cast<Elf64_Word>(PT_LOAD));
  EXPECT_EQ(first.p_vaddr, 0u);
  EXPECT_GE(first.p_align, kStretchBytes);
}

INSTANTIATE_TEST_SUITE_P(EveryVariant, LayoutTest, EveryVariant(),
                         [](const auto &info) { return std::string(info.param->name); });

}  // namespace
}  // namespace loam::test
