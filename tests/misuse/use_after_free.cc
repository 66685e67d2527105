// What a program does with a block that is no longer its own.

#include <malloc.h>

#include <cstdlib>
#include <cstring>

#include "tests/misuse/misuse.h"

namespace loam::test {
namespace {

constexpr char kSecret[] = "correct horse battery";
constexpr size_t kSecretBytes = sizeof(kSecret) - 1;
constexpr size_t kSecretAt = 16;  // behind where links of free lists may be

// Two of a row's blocks are freed, and written to at `offset`.
void WriteToFreed(const Scene &scene, size_t offset, size_t bytes) {
  char *blocks[5];
  for (char *&block : blocks) block = scene.Block();
  scene.Accuse(blocks[1], scene.size);
  scene.Accuse(blocks[3], scene.size);
  free(blocks[1]);
  free(blocks[3]);
  scene.Deed();
  for (char *block : {blocks[1], blocks[3]}) std::memset(block + offset, 'w', bytes);
  scene.Reuse();
  scene.UseAll();
  scene.Frees();
  for (char *block : {blocks[0], blocks[2], blocks[4]}) free(block);
}

// The words at the beginning, where a link of a list may be.
void WriteAtBeginning(const Scene &scene) { WriteToFreed(scene, 0, 16); }
void WriteInMiddle(const Scene &scene) { WriteToFreed(scene, scene.size / 2, 8); }
void WriteAtEnd(const Scene &scene) { WriteToFreed(scene, scene.size - 8, 8); }

// When the block is somebody else's by now.
void WriteAfterReuse(const Scene &scene) {
  char *block = scene.Block();
  free(block);
  char *again = scene.BlockAgain(block);
  scene.Accuse(block, scene.size);
  scene.Deed();
  std::memset(block, 'w', 16);
  if (again != nullptr) NoteHarm();
  scene.Frees();
  free(again);
  scene.Reuse();
  scene.UseAll();
}

// A pointer in each word of a free block, as an attacker's link: to where no block is.
void CorruptLink(const Scene &scene) {
  alignas(16) static char target[4096];
  char *blocks[5];
  for (char *&block : blocks) block = scene.Block();
  scene.Accuse(blocks[1], scene.size);
  scene.Accuse(blocks[3], scene.size);
  free(blocks[1]);
  free(blocks[3]);
  scene.Deed();
  void *link = target + 2048;
  for (size_t i = 0; i < 4; ++i) std::memcpy(blocks[3] + i * sizeof link, &link, sizeof link);
  scene.Reuse();
  for (size_t i = 0; i < 100; ++i) {
    const char *block = scene.Block();
    if (block >= target && block < target + sizeof(target)) LedAstray();
  }
  scene.UseAll();
}

void HideSecret(char *block) { std::memcpy(block + kSecretAt, kSecret, kSecretBytes); }

// Harm: the secret can be read.
void LookForSecret(const char *block) {
  volatile char seen[kSecretBytes];
  for (size_t i = 0; i < kSecretBytes; ++i) seen[i] = block[kSecretAt + i];
  size_t same = 0;
  for (size_t i = 0; i < kSecretBytes; ++i) same += seen[i] == kSecret[i];
  if (same > kSecretBytes / 2) NoteHarm();
}

void ReadFreed(const Scene &scene) {
  char *block = scene.Block();
  HideSecret(block);
  scene.Accuse(block, scene.size);
  free(block);
  scene.Deed();
  LookForSecret(block);
}

void ReadReused(const Scene &scene) {
  char *block = scene.Block();
  HideSecret(block);
  free(block);
  char *again = scene.BlockAgain(block);
  scene.Deed();
  if (again != nullptr) LookForSecret(again);
  free(again);
}

}  // namespace

std::vector<Misuse> UsesAfterFree() {
  return {
      {"write_after_free", WriteAtBeginning, EverySize()},
      {"write_after_free_in_the_middle", WriteInMiddle, EverySize()},
      {"write_after_free_at_the_end", WriteAtEnd, EverySize()},
      {"write_after_free_and_reuse", WriteAfterReuse, EverySize()},
      {"corrupt_free_list_link", CorruptLink, EverySize()},
      {"read_of_freed_memory", ReadFreed, EverySize()},
      {"read_of_uninitialised_memory", ReadReused, EverySize()},
  };
}

}  // namespace loam::test
