// Writes past the end of a block, and before its beginning.

#include <malloc.h>

#include <cstdlib>
#include <cstring>

#include "tests/misuse/misuse.h"

namespace loam::test {
namespace {

constexpr size_t kMiB = size_t{1} << 20;
constexpr char kIntruder = 'o';

char source[kMiB];  // of the copies

// Always a change: a byte of a seal may be any.
void Store(volatile char *to) { *to = *to == kIntruder ? kIntruder + 1 : kIntruder; }

// Byte by byte, away from the block.
void StoreForward(char *to, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) Store(to + i);
}

void StoreBackward(char *to, size_t bytes) {
  for (size_t i = bytes; i-- > 0;) Store(to + i);
}

void Copy(char *to, size_t bytes) {
  std::memset(source, kIntruder, bytes);
  if (bytes == 1 && *to == kIntruder) source[0]++;  // or nothing would change
  std::memcpy(to, source, bytes);
}

using Writer = void (*)(char *to, size_t bytes);

void EndOf(const Scene &scene, Row *row) {
  row->NoteChanges();
  scene.Frees();
  row->Free();
  scene.Reuse();
  scene.UseAll();
}

// From the last byte that may be used on.
template <size_t bytes, Writer write>
void Forward(const Scene &scene) {
  Row row(scene);
  char *end = row.left() + malloc_usable_size(row.left());
  scene.Accuse(row.left());
  scene.Accuse(row.right());
  scene.Accuse(end, bytes);
  scene.Deed();
  write(end, bytes);
  EndOf(scene, &row);
}

// From the last byte that was asked for on: it may hit what only fills up.
template <size_t bytes>
void PastTheRequest(const Scene &scene) {
  Row row(scene);
  char *end = row.left() + scene.size;
  scene.Accuse(row.left());
  scene.Accuse(row.right());
  scene.Accuse(end, bytes);
  scene.Deed();
  StoreForward(end, bytes);
  EndOf(scene, &row);
}

template <size_t bytes, Writer write>
void Backward(const Scene &scene) {
  Row row(scene);
  char *from = row.right() - bytes;
  scene.Accuse(row.left());
  scene.Accuse(row.right());
  scene.Accuse(from, bytes);
  scene.Deed();
  write(from, bytes);
  EndOf(scene, &row);
}

// A string's terminator that does not fit.
void Terminator(const Scene &scene) {
  Row row(scene);
  char *end = row.left() + malloc_usable_size(row.left());
  scene.Accuse(row.left());
  scene.Accuse(row.right());
  scene.Accuse(end);
  scene.Deed();
  *end = 0;
  EndOf(scene, &row);
}

// One bit of what stands right before and right behind a block.
template <int offset>
void FlipBit(const Scene &scene) {
  Row row(scene);
  char *victim = offset < 0 ? row.right() : row.left();
  char *byte = offset < 0 ? victim + offset : victim + malloc_usable_size(victim) + offset;
  scene.Accuse(row.left());
  scene.Accuse(row.right());
  scene.Accuse(byte);
  scene.Deed();
  *byte = static_cast<char>(*byte ^ 0x10);
  EndOf(scene, &row);
}

// What lies behind the block is made zero, as by an attacker who does not know it.
void ForgeCanary(const Scene &scene) {
  Row row(scene);
  char *end = row.left() + malloc_usable_size(row.left());
  scene.Accuse(row.left());
  scene.Accuse(row.right());
  scene.Accuse(end, 8);
  scene.Deed();
  std::memset(end, 0, 8);
  EndOf(scene, &row);
}

}  // namespace

std::vector<Misuse> Overflows() {
  return {
      {"overflow_by_1_store", Forward<1, StoreForward>, EverySize()},
      {"overflow_by_8_store", Forward<8, StoreForward>, EverySize()},
      {"overflow_by_32_store", Forward<32, StoreForward>, EverySize()},
      {"overflow_by_1_mib_store", Forward<kMiB, StoreForward>, EverySize()},
      {"overflow_by_1_memcpy", Forward<1, Copy>, EverySize()},
      {"overflow_by_8_memcpy", Forward<8, Copy>, EverySize()},
      {"overflow_by_32_memcpy", Forward<32, Copy>, EverySize()},
      {"overflow_by_1_mib_memcpy", Forward<kMiB, Copy>, EverySize()},

      {"overflow_of_the_request_by_1", PastTheRequest<1>, EverySize()},
      {"overflow_of_the_request_by_8", PastTheRequest<8>, EverySize()},
      {"overflow_by_a_terminator", Terminator, EverySize()},

      {"underflow_by_1_store", Backward<1, StoreBackward>, EverySize()},
      {"underflow_by_8_store", Backward<8, StoreBackward>, EverySize()},
      {"underflow_by_32_store", Backward<32, StoreBackward>, EverySize()},
      {"underflow_by_1_mib_store", Backward<kMiB, StoreBackward>, EverySize()},
      {"underflow_by_8_memcpy", Backward<8, Copy>, EverySize()},
      {"underflow_by_1_mib_memcpy", Backward<kMiB, Copy>, EverySize()},

      {"corrupt_header", FlipBit<-8>, EverySize()},
      {"corrupt_footer", FlipBit<1>, EverySize()},
      {"corrupt_canary", ForgeCanary, EverySize()},
  };
}

}  // namespace loam::test
