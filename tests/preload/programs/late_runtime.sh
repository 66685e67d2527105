# needs: gcc g++
# A C program that loads a library of C++: what a failing `new` asks for comes with that library.
cat > library.cc <<'END'
#include <cstddef>
#include <cstdio>
#include <new>

namespace {

int calls = 0;

void Handler() {
  if (++calls == 3) std::set_new_handler(nullptr);
}

void Try(std::size_t bytes) {
  try {
    delete[] new char[bytes];
    std::puts("there was room");
  } catch (const std::bad_alloc &error) {
    std::printf("%s after %d calls of the handler\n", error.what(), calls);
  }
}

}  // namespace

extern "C" void run() {
  volatile std::size_t bytes = std::size_t{1} << 60;
  Try(100);
  Try(bytes);
  std::set_new_handler(Handler);
  Try(bytes);
  Try(bytes);
  std::printf("without an exception: %p\n", ::operator new(bytes, std::nothrow));
}
END
cat > opener.c <<'END'
#include <dlfcn.h>
#include <stdio.h>

int main(void) {
  void *library = dlopen("./library.so", RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) return puts(dlerror());
  void (*run)(void);
  *(void **)&run = dlsym(library, "run");
  run();
  return 0;
}
END
g++ -O1 -shared -fPIC -o library.so library.cc
gcc -o opener opener.c -ldl
./opener
