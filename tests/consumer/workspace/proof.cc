// Prints whose malloc and operator new this program has.

#include <dlfcn.h>

#include <iostream>
#include <string>
#include <vector>

namespace {

bool IsFromASystemLibrary(const char *name) {
  Dl_info info;
  if (dladdr(dlsym(RTLD_DEFAULT, name), &info) == 0) return true;
  const std::string file = info.dli_fname;
  return file.find("libc.so") != std::string::npos || file.find("libstdc++") != std::string::npos;
}

}  // namespace

int main() {
  const std::vector<std::string> words(1000, std::string(100, 'w'));
  for (const char *name : {"malloc", "_Znwm", "_ZdlPv"}) {  // malloc, new, delete
    std::cout << name << " is " << (IsFromASystemLibrary(name) ? "libc's" : "the program's own")
              << "\n";
  }
  return words.back().size() == 100 ? 0 : 1;
}
