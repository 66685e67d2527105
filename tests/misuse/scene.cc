#include "tests/misuse/scene.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace loam::test {
namespace {

constexpr char kFill = 'b';
constexpr size_t kMediumMax = size_t{64} << 10;
constexpr size_t kWrittenEnds = 4096;
constexpr size_t kHeldMax = 4096;

bool harmed = false;

size_t HeldMax(size_t size) { return size < 1024 ? kHeldMax : size < kMediumMax ? 512 : 32; }

// Without an allocation, which dprintf makes.
template <typename... Values>
void Say(const char *format, Values... values) {
  char line[128];
  const int length = std::snprintf(line, sizeof(line), format, values...);
  if (write(STDOUT_FILENO, line, static_cast<size_t>(length)) != length) _exit(kUsageError);
}

void OnFault(int, siginfo_t *info, void *) {
  Say("fault %p\n", info->si_addr);
  _exit(kFaulted);
}

size_t EndBytes(size_t size) { return std::min(size, kWrittenEnds); }

bool IsFilled(const char *from, size_t bytes) {
  return std::all_of(from, from + bytes, [](char byte) { return byte == kFill; });
}

}  // namespace

void NoteHarm() { harmed = true; }
bool HarmWasNoted() { return harmed; }
void LedAstray() { _exit(kHeapIsLedAstray); }

void TellFaults() {
  struct sigaction action = {};
  action.sa_sigaction = OnFault;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGSEGV, &action, nullptr);
  sigaction(SIGBUS, &action, nullptr);
}

void Scene::Accuse(const void *pointer, size_t bytes) const {
  const auto *start = static_cast<const char *>(pointer);
  Say("accused %p %p\n", pointer, static_cast<const void *>(start + bytes));
}

void Scene::Deed() const { Say("now %s\n", "deed"); }
void Scene::Frees() const { Say("now %s\n", "frees"); }
void Scene::Reuse() const { Say("now %s\n", "reuse"); }

char *Scene::Block() const {
  auto *block = static_cast<char *>(malloc(size));
  if (block == nullptr) std::abort();
  std::memset(block, kFill, EndBytes(size));
  std::memset(block + size - EndBytes(size), kFill, EndBytes(size));
  return block;
}

// More at a time from round to round: sooner or later that is all that lies free.
char *Scene::BlockAgain(const char *block) const {
  static char *held[kHeldMax];
  for (size_t count = 4; count <= HeldMax(size); count *= 2) {
    char *again = nullptr;
    size_t taken = 0;
    while (taken < count && again == nullptr) {
      auto *candidate = static_cast<char *>(malloc(size));  // as it comes: what is in it?
      if (candidate == block) {
        again = candidate;
      } else {
        held[taken++] = candidate;
      }
    }
    for (size_t i = 0; i < taken; ++i) free(held[i]);
    if (again != nullptr) return again;
  }
  return nullptr;
}

// Where sizes are rounded up to classes, a block may be too small for a request of its own size.
void Scene::UseAll() const {
  BlockAgain(nullptr);
  if (size > 16) Scene{size - 16}.BlockAgain(nullptr);
}

// Large ones are few: each has neighbours of its own kind, or none.
Row::Row(const Scene &scene)
    : scene_(scene), count_(scene.size < kMediumMax ? kBlocksMax : size_t{8}) {
  for (size_t i = 0; i < count_; ++i) blocks_[i] = scene.Block();
  char *sorted[kBlocksMax];
  std::copy_n(blocks_, count_, sorted);
  std::sort(sorted, sorted + count_);
  size_t best = 1;
  for (size_t i = 2; i < count_; ++i) {
    if (sorted[i] - sorted[i - 1] < sorted[best] - sorted[best - 1]) best = i;
  }
  left_ = sorted[best - 1];
  right_ = sorted[best];
}

void Row::NoteChanges() const {
  for (size_t i = 0; i < count_; ++i) {
    const size_t bytes = EndBytes(scene_.size);
    const char *last = blocks_[i] + scene_.size - bytes;
    if (!IsFilled(blocks_[i], bytes) || !IsFilled(last, bytes)) NoteHarm();
  }
}

void Row::Free() {
  for (size_t i = 0; i < count_; ++i) free(blocks_[i]);
}

}  // namespace loam::test
