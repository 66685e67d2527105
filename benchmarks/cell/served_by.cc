#include "benchmarks/cell/served_by.h"

#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <stdlib.h>

#include <cstdio>
#include <cstring>

namespace loam::cell {
namespace {

template <typename Function>
Function Find(const char *name) {
  return reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));
}

void LibraryOf(const char *function, char *path, size_t size) {
  Dl_info info;
  void *address = dlsym(RTLD_DEFAULT, function);
  const bool known = address != nullptr && dladdr(address, &info) != 0;
  snprintf(path, size, "%s", known ? info.dli_fname : "");
}

// Each allocator has its own way to say its version.
void VersionOf(const char *library, char *version, size_t size) {
  version[0] = '\0';
  if (auto mallctl = Find<int (*)(const char *, void *, size_t *, void *, size_t)>("mallctl")) {
    const char *text = "";
    size_t length = sizeof text;
    if (mallctl("version", &text, &length, nullptr, 0) == 0) snprintf(version, size, "%s", text);
  } else if (auto mi_version = Find<int (*)()>("mi_version")) {
    const int number = mi_version();
    snprintf(version, size, "%d.%d.%d", number / 100, number / 10 % 10, number % 10);
  } else if (auto tc_version = Find<const char *(*)(int *, int *, const char **)>("tc_version")) {
    int major = 0;
    int minor = 0;
    const char *patch = "";
    snprintf(version, size, "%s", tc_version(&major, &minor, &patch));
  } else if (strstr(library, "libc.so") != nullptr) {
    snprintf(version, size, "%s", gnu_get_libc_version());
  }
}

}  // namespace

void FindServedBy(ServedBy *served_by) {
  LibraryOf("malloc", served_by->library, sizeof served_by->library);
  LibraryOf("free", served_by->free_library, sizeof served_by->free_library);
  VersionOf(served_by->library, served_by->version, sizeof served_by->version);
}

}  // namespace loam::cell
