// Proof that the standard names are the variant's own and not libc's.

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "tests/support/process.h"

namespace loam::test {
namespace {

constexpr const char *kCNames[] = {
    "malloc",       "calloc",   "realloc",   "reallocarray",       "aligned_alloc",
    "memalign",     "valloc",   "pvalloc",   "posix_memalign",     "free",
    "malloc_trim",  "mallinfo", "mallinfo2", "malloc_usable_size", "malloc_info",
    "malloc_stats", "mallopt",
};

// operator new and delete, as the Itanium C++ ABI spells them on x86-64.
constexpr const char *kCxxNames[] = {
    "_Znwm",
    "_Znam",
    "_ZnwmRKSt9nothrow_t",
    "_ZnamRKSt9nothrow_t",
    "_ZnwmSt11align_val_t",
    "_ZnamSt11align_val_t",
    "_ZnwmSt11align_val_tRKSt9nothrow_t",
    "_ZnamSt11align_val_tRKSt9nothrow_t",
    "_ZdlPv",
    "_ZdaPv",
    "_ZdlPvm",
    "_ZdaPvm",
    "_ZdlPvRKSt9nothrow_t",
    "_ZdaPvRKSt9nothrow_t",
    "_ZdlPvSt11align_val_t",
    "_ZdaPvSt11align_val_t",
    "_ZdlPvmSt11align_val_t",
    "_ZdaPvmSt11align_val_t",
    "_ZdlPvSt11align_val_tRKSt9nothrow_t",
    "_ZdaPvSt11align_val_tRKSt9nothrow_t",
};

// The file that the program's own lookup of `name` leads to.
std::string FileOf(const char *name) {
  void *symbol = dlsym(RTLD_DEFAULT, name);
  Dl_info info = {};
  if (symbol == nullptr || dladdr(symbol, &info) == 0) return "(nowhere)";
  return info.dli_fname;
}

class SymbolsTest : public ::testing::TestWithParam<const char *> {};

TEST_P(SymbolsTest, IsNotFromASystemLibrary) {
  const char *name = GetParam();
  void *symbol = dlsym(RTLD_DEFAULT, name);
  ASSERT_NE(symbol, nullptr);
  for (const char *library : {"libc.so.6", "libstdc++.so.6"}) {
    void *handle = dlopen(library, RTLD_NOLOAD | RTLD_LAZY);
    ASSERT_NE(handle, nullptr) << dlerror();
    EXPECT_NE(symbol, dlsym(handle, name)) << name << " is " << library << "'s";
    dlclose(handle);
  }
  const std::string file = FileOf(name);
  EXPECT_EQ(file.find("libc.so"), std::string::npos) << file;
  EXPECT_EQ(file.find("libstdc++"), std::string::npos) << file;
  EXPECT_EQ(FileOf(name), FileOf("malloc"));
}

std::string NameOfSymbol(const ::testing::TestParamInfo<const char *> &info) { return info.param; }

INSTANTIATE_TEST_SUITE_P(C, SymbolsTest, ::testing::ValuesIn(kCNames), NameOfSymbol);
INSTANTIATE_TEST_SUITE_P(Cxx, SymbolsTest, ::testing::ValuesIn(kCxxNames), NameOfSymbol);

TEST(VariantTest, IsTheOneThatTheBuildNamed) {
  const ChildResult child = RunInChild([] {
    malloc_stats();
    return 0;
  });
  ASSERT_TRUE(child.Exited(0)) << child.Describe();
  EXPECT_NE(child.err.find(std::getenv("LOAM_TEST_VARIANT")), std::string::npos) << child.err;
}

// libc calls malloc by itself, too: what it allocates is counted by ours.
TEST(VariantTest, ServesLibcAsWell) {
  const std::string text(200 * 1024, 'x');
  const size_t before = mallinfo2().uordblks;
  char *copy = strdup(text.c_str());
  EXPECT_GE(mallinfo2().uordblks, before + text.size());
  free(copy);
  EXPECT_EQ(mallinfo2().uordblks, before);
}

}  // namespace
}  // namespace loam::test
