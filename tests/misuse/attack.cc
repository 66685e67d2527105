// What an attacker does with the bugs of the other files: to be handed a block that
// overlaps another, or memory that is no heap's. Where that works the program says
// so (LedAstray), and no variant may promise anything of it.

#include <malloc.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "tests/misuse/misuse.h"

namespace loam::test {
namespace {

constexpr size_t kCalls = 300;

alignas(4096) char target[8192];  // where the attacker would have a block

bool IsTarget(const void *pointer) {
  const auto *at = static_cast<const char *>(pointer);
  return at >= target && at < target + sizeof(target);
}

// Blocks of the kind, all of them kept: none may be the target, nor another's, nor overlap one.
void LookAtBlocks(const Scene &scene) {
  static uintptr_t starts[kCalls];
  const size_t calls = scene.size < (size_t{64} << 10) ? kCalls : 20;
  for (size_t i = 0; i < calls; ++i) {
    auto *block = static_cast<char *>(malloc(scene.size));
    if (IsTarget(block)) LedAstray();
    starts[i] = reinterpret_cast<uintptr_t>(block);
    for (size_t j = 0; j < i; ++j) {
      const uintptr_t apart = starts[i] > starts[j] ? starts[i] - starts[j] : starts[j] - starts[i];
      if (apart < scene.size) LedAstray();
    }
    std::memset(block, 'a', scene.size < 4096 ? scene.size : 4096);
  }
}

void Aftermath(const Scene &scene) {
  scene.Reuse();
  LookAtBlocks(scene);
  scene.UseAll();
}

void Write(char *to, uint64_t word) { std::memcpy(to, &word, sizeof word); }

// Frees a, b and a again: lists that look only at their head are led in a circle.
void DoubleFreeAround(const Scene &scene) {
  char *first = scene.Block();
  char *second = scene.Block();
  scene.Accuse(first, scene.size);
  free(first);
  free(second);
  scene.Deed();
  free(first);
  Aftermath(scene);
}

// What marks a free block is wiped before the second free, as keys of caches are.
void DoubleFreeWithoutMark(const Scene &scene) {
  char *block = scene.Block();
  scene.Accuse(block, scene.size);
  free(block);
  scene.Deed();
  std::memset(block, 0, 32);
  free(block);
  Aftermath(scene);
}

// All that a live block had around its ends is put back before the second free: by one who can
// read and write there.
void DoubleFreeWithReplay(const Scene &scene) {
  constexpr size_t kAround = 16;
  char *block = scene.Block();
  char *end = block + malloc_usable_size(block);
  char behind[kAround];
  std::memcpy(behind, end, 8);
  scene.Accuse(block, scene.size);
  scene.Accuse(end, 8);
  free(block);
  scene.Deed();
  std::memset(block, 'b', 16);
  std::memcpy(end, behind, 8);
  free(block);
  Aftermath(scene);
}

// The link of a free block, plain and as glibc hides it, to the target.
void PoisonLink(const Scene &scene, bool hidden) {
  char *blocks[6];
  for (char *&block : blocks) block = scene.Block();
  scene.Accuse(blocks[3], scene.size);
  free(blocks[1]);
  free(blocks[3]);
  scene.Deed();
  auto link = reinterpret_cast<uint64_t>(target + 4096);
  if (hidden) link ^= reinterpret_cast<uint64_t>(blocks[3]) >> 12;
  Write(blocks[3], link);
  Write(blocks[3] + 8, link);
  Aftermath(scene);
}

void PoisonPlainLink(const Scene &scene) { PoisonLink(scene, false); }
void PoisonHiddenLink(const Scene &scene) { PoisonLink(scene, true); }

// A block of the attacker's making, with a size before it and another behind it, is freed.
void FreeForgedBlock(const Scene &scene) {
  char *forged = target + 64;
  const uint64_t header = (scene.size + 31) / 16 * 16 | 1;
  Write(forged - 8, header);
  if (scene.size < 4096) Write(forged - 16 + header - 1 + 8, header);
  free(scene.Block());
  scene.Accuse(forged);
  scene.Deed();
  free(forged);
  Aftermath(scene);
}

// The same, made inside a block, where addresses are the heap's.
void FreeForgedInside(const Scene &scene) {
  const Scene large = {size_t{1} << 20};
  char *block = large.Block();
  const uint64_t header = (scene.size + 31) / 16 * 16 | 1;
  const auto address = reinterpret_cast<uintptr_t>(block);
  char *forged = block + (-address & 0x3fff) + 0x8000;  // begins a page and a slice
  for (size_t i = 1; i <= 4; ++i) Write(forged - 8 * i, header);
  scene.Accuse(forged);
  scene.Deed();
  free(forged);
  Aftermath(scene);
}

// A byte of zero behind a block: the next one's size loses its flags.
void OffByOneZero(const Scene &scene) {
  Row row(scene);
  char *end = row.left() + malloc_usable_size(row.left());
  scene.Accuse(row.left());
  scene.Accuse(row.right(), scene.size);
  scene.Accuse(end, 16);
  scene.Deed();
  for (size_t i = 0; i < 16; i += 8) end[i] = 0;
  scene.Frees();
  free(row.left());
  free(row.right());
  Aftermath(scene);
}

// Behind the block a header that says "larger": freed, it would take its neighbour along.
void GrowNeighbour(const Scene &scene) {
  Row row(scene);
  char *end = row.left() + malloc_usable_size(row.left());
  scene.Accuse(row.left());
  scene.Accuse(row.right(), scene.size);
  scene.Accuse(end, 16);
  const uint64_t header = (scene.size + 31) / 16 * 16 * 2 | 1;
  scene.Deed();
  Write(end, header);
  Write(end + 8, header);
  scene.Frees();
  free(row.right());
  free(row.left());
  Aftermath(scene);
}

// Over the end of a live block into a free one, with links to the target: what unlinking it
// would write, and where.
void UnlinkNeighbour(const Scene &scene) {
  Row row(scene);
  char *end = row.left() + malloc_usable_size(row.left());
  scene.Accuse(row.left());
  scene.Accuse(row.right(), scene.size);
  scene.Accuse(end, 64);
  free(row.right());
  scene.Deed();
  for (size_t i = 0; i < 64; i += 8) Write(end + i, reinterpret_cast<uint64_t>(target + 4096));
  scene.Frees();
  free(row.left());
  Aftermath(scene);
}

}  // namespace

std::vector<Misuse> Attacks() {
  return {
      {"attack_double_free_around", DoubleFreeAround, EverySize()},
      {"attack_double_free_without_mark", DoubleFreeWithoutMark, EverySize()},
      {"attack_double_free_with_replay", DoubleFreeWithReplay, EverySize()},
      {"attack_poison_plain_link", PoisonPlainLink, EverySize()},
      {"attack_poison_hidden_link", PoisonHiddenLink, EverySize()},
      {"attack_free_forged_block", FreeForgedBlock, EverySize()},
      {"attack_free_forged_inside", FreeForgedInside, EverySize()},
      {"attack_off_by_one_zero", OffByOneZero, EverySize()},
      {"attack_grow_neighbour", GrowNeighbour, EverySize()},
      {"attack_unlink_neighbour", UnlinkNeighbour, EverySize()},
  };
}

}  // namespace loam::test
