#include "tests/fuzz/operation.h"

#include <array>
#include <cstdint>
#include <limits>

namespace loam::test {
namespace {

constexpr size_t kKiB = 1024;
constexpr size_t kPage = 4096;  // the same on every machine: a program means the same
constexpr size_t kThresholdBytes = 256 * kKiB;

struct KindRow {
  Kind kind;
  const char *name;
  size_t values;
};

constexpr KindRow kKinds[] = {
#define LOAM_FUZZ_KIND(kind, name, values) {Kind::kind, name, values},
    LOAM_FUZZ_KINDS(LOAM_FUZZ_KIND)
#undef LOAM_FUZZ_KIND
};

constexpr size_t ValuesInAll() {
  size_t sum = 0;
  for (const KindRow &row : kKinds) sum += row.values;
  return sum;
}
static_assert(ValuesInAll() == 256, "every byte means one kind");

constexpr std::array<Kind, 256> MakeKindOfByte() {
  std::array<Kind, 256> kinds{};
  size_t byte = 0;
  for (const KindRow &row : kKinds) {
    for (size_t i = 0; i < row.values; ++i) kinds[byte++] = row.kind;
  }
  return kinds;
}
constexpr std::array<Kind, 256> kKindOfByte = MakeKindOfByte();

// `middle` - 1 to + 2, but not under 0.
constexpr size_t Near(size_t middle, size_t offset) {
  return middle + offset % 4 - (middle == 0 ? 0 : 1);
}

size_t Impossible(size_t value) {
  constexpr size_t kLimits[] = {
      std::numeric_limits<size_t>::max(),
      static_cast<size_t>(std::numeric_limits<ptrdiff_t>::max()),
      static_cast<size_t>(std::numeric_limits<ptrdiff_t>::max()) + 64,
      std::numeric_limits<size_t>::max() - 2 * kPage,
      static_cast<size_t>(std::numeric_limits<ptrdiff_t>::max()) - 2 * kPage,
      size_t{1} << 62,
      size_t{1} << 48,
      std::numeric_limits<size_t>::max() / 4 * 3,
  };
  return kLimits[value % 8] - value / 8 % 80;
}

constexpr size_t kNoPowersOfTwo[] = {0,
                                     3,
                                     24,
                                     48,
                                     4097,
                                     4104,
                                     std::numeric_limits<size_t>::max(),
                                     std::numeric_limits<size_t>::max() - 15};

}  // namespace

const char *NameOf(Kind kind) { return kKinds[static_cast<size_t>(kind)].name; }

uint8_t ByteOf(Kind kind) {
  size_t byte = 0;
  while (kKindOfByte[byte] != kind) ++byte;
  return static_cast<uint8_t>(byte);
}

Operation Decode(const uint8_t *bytes) {
  return {kKindOfByte[bytes[0]], bytes[1], static_cast<uint16_t>(bytes[2] | bytes[3] << 8),
          static_cast<uint16_t>(bytes[4] | bytes[5] << 8)};
}

size_t Operation::Size() const {
  const size_t value = size_code & 0xfff;
  const size_t range = size_code >> 12;
  switch (range < kRangesEnd ? range : range - kRangesEnd) {
    case kTiny:
      return value % 129;
    case kSmall:
      return value % (kKiB + 1);
    case kStep:
      return Near(value / 4 % 256 * 16, value);
    case kPower: {
      const size_t power = size_t{16} << value % 16;
      return power + value / 16 % 35 - (power < 32 ? 16 : 17);
    }
    case kMedium:
      return value * 16 + 7;
    case kUpper:
      return value * 64 + 33;
    case kThreshold:
      return kThresholdBytes + value - 2 * kKiB;
    case kPages:
      return Near(value / 4 % 128 * kPage, value);
    case kLarge:
      return kThresholdBytes + value * kKiB + value % 7;
    case kHuge:
      return value * 3 * kPage + value % 7;
    default:
      return Impossible(value);
  }
}

size_t Operation::Alignment() const {
  const size_t code = extra / kHeaps;  // 6 bits
  if (code <= 26) return size_t{1} << code;
  if (code < 50) return size_t{16} << code % 9;
  if (code < 58) return kNoPowersOfTwo[code - 50];
  if (code < 62) return size_t{64};
  return size_t{1} << code;  // 2^62, 2^63
}

Product SplitSize(size_t size, uint8_t extra) {
  if (size >= kImpossibleSize) {
    // count << bits is over 2^64 by a little: who does not look sees a small size.
    const size_t bits = 1 + extra % 16;
    const size_t count = (std::numeric_limits<size_t>::max() >> bits) + 1 + size % 16;
    return {count, size_t{1} << bits, true};
  }
  const size_t element = 1 + extra % 37;
  return {size / element, element, false};
}

}  // namespace loam::test
