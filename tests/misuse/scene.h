// What a misuse works with, and how it tells its parent what goes on: lines on stdout,
// which ending.h reads.
//
//   accused 0x1000 0x1008   a report or a fault at an address in [0x1000, 0x1008) is right
//   now deed                what comes next; the last such line says when it was caught
//   fault 0x1004            the address of the SIGSEGV that ended it

#ifndef LOAM_TESTS_MISUSE_SCENE_H_
#define LOAM_TESTS_MISUSE_SCENE_H_

#include <cstddef>

namespace loam::test {

// How misuse_program ends where nothing stopped it.
inline constexpr int kNothingHappened = 0;
inline constexpr int kUsageError = 2;
inline constexpr int kHeapIsBroken = 3;
inline constexpr int kProgramIsHarmed = 4;
inline constexpr int kFaulted = 5;
inline constexpr int kHeapIsLedAstray = 6;

struct Scene {
  size_t size;  // of the blocks that are misused

  // Which addresses a report may name. Before the deed.
  void Accuse(const void *pointer, size_t bytes = 1) const;

  // What comes now: the deed itself; frees of blocks that it may have harmed; more
  // allocations of the kind.
  void Deed() const;
  void Frees() const;
  void Reuse() const;

  // A block of `size` bytes, written at both ends: small ones are so all over.
  char *Block() const;

  // Allocates and frees blocks until one has this address, or gives up: nullptr.
  char *BlockAgain(const char *block) const;

  // Allocates and frees enough of the kind that whatever lies free has been handed out.
  void UseAll() const;
};

// The program's own data is not what it should be; noted for the end.
void NoteHarm();
bool HarmWasNoted();

// The heap gave what it must not: the program ends with kHeapIsLedAstray.
[[noreturn]] void LedAstray();

// From now on a fault ends the program with kFaulted and a line.
void TellFaults();

// Blocks side by side, or as near as they come: several live blocks of the scene's size.
class Row {
 public:
  explicit Row(const Scene &scene);

  // The two blocks that lie nearest to each other, `left` before `right`.
  char *left() const { return left_; }
  char *right() const { return right_; }

  // Notes harm where a byte of a block is not what the row wrote.
  void NoteChanges() const;

  void Free();

 private:
  static constexpr size_t kBlocksMax = 96;
  const Scene &scene_;
  size_t count_;
  char *blocks_[kBlocksMax];
  char *left_;
  char *right_;
};

}  // namespace loam::test

#endif  // LOAM_TESTS_MISUSE_SCENE_H_
