// A block that is freed twice.

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "tests/misuse/misuse.h"

namespace loam::test {
namespace {

void FreeAgain(const Scene &scene, char *block) {
  scene.Accuse(block);
  scene.Deed();
  free(block);
  scene.Reuse();
  scene.UseAll();
}

void AtOnce(const Scene &scene) {
  char *block = scene.Block();
  free(block);
  FreeAgain(scene, block);
}

void AfterOtherFrees(const Scene &scene) {
  char *blocks[8];
  for (char *&block : blocks) block = scene.Block();
  for (char *block : blocks) free(block);
  FreeAgain(scene, blocks[3]);
}

// The neighbours live on, so that the block does not coalesce away.
void BetweenNeighbours(const Scene &scene) {
  char *blocks[8];
  for (char *&block : blocks) block = scene.Block();
  free(blocks[2]);
  free(blocks[5]);
  FreeAgain(scene, blocks[2]);
}

// Between the two, what marked the block as free may have gone back to the system.
void AfterATrim(const Scene &scene) {
  char *blocks[64];
  for (char *&block : blocks) block = scene.Block();
  for (int i = 20; i < 44; ++i) free(blocks[i]);
  malloc_trim(0);
  FreeAgain(scene, blocks[32]);
}

// (The thread is there before the block is: what it takes to start one is allocated.)
void ByAnotherThread(const Scene &scene) {
  std::atomic<char *> handed{nullptr};
  std::thread other([&] {
    while (handed == nullptr) std::this_thread::yield();
    free(handed);
  });
  char *block = scene.Block();
  free(block);
  scene.Accuse(block);
  scene.Deed();
  handed = block;
  other.join();
  scene.Reuse();
  scene.UseAll();
}

// The program wrote into it between the two, where a mark may be.
void AfterAWrite(const Scene &scene) {
  char *block = scene.Block();
  free(block);
  scene.Accuse(block, scene.size);
  scene.Deed();
  for (size_t i = 0; i < 16; ++i) block[i] = 'w';
  free(block);
  scene.Reuse();
  scene.UseAll();
}

// The second free ends somebody else's block, and whose that was is the third.
void AfterReuse(const Scene &scene) {
  char *block = scene.Block();
  free(block);
  char *again = scene.BlockAgain(block);
  scene.Accuse(block);
  scene.Deed();
  free(block);
  scene.Frees();
  free(again);
  scene.Reuse();
  scene.UseAll();
}

}  // namespace

std::vector<Misuse> DoubleFrees() {
  return {
      {"double_free_at_once", AtOnce, EverySize()},
      {"double_free_after_other_frees", AfterOtherFrees, EverySize()},
      {"double_free_between_neighbours", BetweenNeighbours, EverySize()},
      {"double_free_after_a_trim", AfterATrim, EverySize()},
      {"double_free_by_another_thread", ByAnotherThread, EverySize()},
      {"double_free_after_a_write", AfterAWrite, EverySize()},
      {"double_free_after_reuse", AfterReuse, EverySize()},
  };
}

}  // namespace loam::test
