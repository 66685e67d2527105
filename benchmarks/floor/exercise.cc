// Checks the malloc that this process was started with: blocks do not overlap,
// keep their contents, are aligned, are zeroed where they must be, and travel
// between threads. Ends with a line on stderr and a failure where not.

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

#include <climits>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <thread>
#include <vector>

namespace {

void Require(bool holds, const char *what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::_Exit(1);
}

// Sizes around every power of two.
std::vector<size_t> Sizes() {
  std::vector<size_t> sizes = {0, 1, 2, 3};
  for (size_t power = 8; power <= size_t{1} << 22; power *= 2) {
    sizes.insert(sizes.end(), {power - 1, power, power + 1, power + power / 4, power + power / 2});
  }
  return sizes;
}

bool Holds(const unsigned char *block, size_t size, unsigned char value) {
  for (size_t i = 0; i < size; i++) {
    if (block[i] != value) return false;
  }
  return true;
}

void CheckContents() {
  std::vector<unsigned char *> blocks;
  const std::vector<size_t> sizes = Sizes();
  for (size_t i = 0; i < sizes.size(); i++) {
    blocks.push_back(static_cast<unsigned char *>(malloc(sizes[i])));
    Require(blocks[i] != nullptr, "malloc gave nothing");
    Require(reinterpret_cast<uintptr_t>(blocks[i]) % 16 == 0, "a block is not aligned");
    Require(malloc_usable_size(blocks[i]) >= sizes[i], "a block is too small");
    memset(blocks[i], static_cast<int>(i % 251), malloc_usable_size(blocks[i]));
  }
  for (size_t i = 0; i < sizes.size(); i++) {
    Require(Holds(blocks[i], sizes[i], static_cast<unsigned char>(i % 251)), "blocks overlap");
    blocks[i] = static_cast<unsigned char *>(realloc(blocks[i], sizes[i] * 3 + 1));
    Require(Holds(blocks[i], sizes[i], static_cast<unsigned char>(i % 251)), "realloc lost bytes");
  }
  for (unsigned char *block : blocks) free(block);
  for (size_t size : sizes) {
    auto *block = static_cast<unsigned char *>(calloc(1, size));
    Require(Holds(block, size, 0), "calloc is not zero");
    free(block);
  }
}

void CheckAlignment() {
  for (size_t alignment = 8; alignment <= 1 << 20; alignment *= 2) {
    for (size_t size : {size_t{1}, alignment - 1, alignment, alignment * 3}) {
      void *block = nullptr;
      Require(posix_memalign(&block, alignment, size) == 0, "posix_memalign failed");
      Require(reinterpret_cast<uintptr_t>(block) % alignment == 0, "an aligned block is not");
      Require(malloc_usable_size(block) >= size, "an aligned block is too small");
      memset(block, 1, size);
      free(block);
    }
  }
}

void CheckFailures() {
  volatile size_t huge = SIZE_MAX / 2;
  errno = 0;
  Require(malloc(huge) == nullptr && errno == ENOMEM, "a huge malloc did not fail");
  errno = 0;
  Require(calloc(huge, 4) == nullptr && errno == ENOMEM, "an overflowing calloc did not fail");
  void *block = nullptr;
  Require(posix_memalign(&block, 24, 8) == EINVAL, "a wrong alignment was taken");
  free(nullptr);
}

// Blocks are made in one thread and freed in the next, which inherits lists.
void CheckThreads() {
  std::vector<void *> blocks;
  for (int generation = 0; generation < 20; generation++) {
    std::thread([&blocks] {
      for (void *block : blocks) free(block);
      for (void *&block : blocks) block = nullptr;
      blocks.resize(2000);
      for (size_t i = 0; i < blocks.size(); i++) {
        blocks[i] = malloc(16 + i % 500);
        memset(blocks[i], 7, 16 + i % 500);
      }
      for (size_t i = 0; i < blocks.size(); i++) {
        Require(Holds(static_cast<unsigned char *>(blocks[i]), 16 + i % 500, 7), "blocks overlap");
      }
    }).join();
  }
  for (void *block : blocks) free(block);
}

}  // namespace

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "who") == 0) {
    Dl_info info;
    Require(dladdr(dlsym(RTLD_DEFAULT, "malloc"), &info) != 0, "malloc is in no library");
    std::puts(info.dli_fname);
    return 0;
  }
  CheckContents();
  CheckAlignment();
  CheckFailures();
  CheckThreads();
  return 0;
}
