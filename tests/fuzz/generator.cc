#include "tests/fuzz/generator.h"

#include <cstdio>
#include <cstdlib>

#include "tests/support/random.h"

namespace loam::test {
namespace {

// Sums of weights need not be round: a weight counts against the sum of all.
std::vector<Profile> MakeProfiles() {
  using K = Kind;
  const std::vector<KindCount> plain = {{K::kMalloc, 34}, {K::kCalloc, 8},    {K::kRealloc, 10},
                                        {K::kFree, 38},   {K::kFreeSized, 8}, {K::kUsableSize, 2}};
  const std::vector<KindCount> resize = {
      {K::kMalloc, 10}, {K::kRealloc, 50}, {K::kReallocarray, 15}, {K::kCalloc, 5}, {K::kFree, 20}};
  const std::vector<KindCount> aligned = {{K::kAlignedAlloc, 20}, {K::kPosixMemalign, 12},
                                          {K::kMalloc, 10},       {K::kRealloc, 8},
                                          {K::kFree, 30},         {K::kFreeSized, 20}};
  const std::vector<KindCount> heaps = {
      {K::kHeapMalloc, 24}, {K::kHeapCalloc, 8}, {K::kHeapRealloc, 14}, {K::kHeapAlignedAlloc, 6},
      {K::kHeapFree, 26},   {K::kFree, 14},      {K::kMalloc, 6},       {K::kHeapStats, 1}};
  const std::vector<KindCount> large = {{K::kMalloc, 24},  {K::kCalloc, 4},
                                        {K::kRealloc, 30}, {K::kAlignedAlloc, 6},
                                        {K::kFree, 26},    {K::kFreeSized, 10}};
  const std::vector<KindCount> all = {
      {K::kMalloc, 18},      {K::kCalloc, 6},       {K::kRealloc, 12},
      {K::kReallocarray, 4}, {K::kAlignedAlloc, 5}, {K::kPosixMemalign, 4},
      {K::kFree, 28},        {K::kFreeSized, 8},    {K::kHeapMalloc, 5},
      {K::kHeapCalloc, 2},   {K::kHeapRealloc, 3},  {K::kHeapAlignedAlloc, 1},
      {K::kHeapFree, 4},     {K::kUsableSize, 2}};
  const std::vector<KindCount> rarely = {
      {K::kFreeMany, 6}, {K::kTrim, 1}, {K::kStats, 2}, {K::kCheck, 1}};
  const std::vector<KindCount> with_heaps = {{K::kFreeMany, 4},    {K::kTrim, 1},
                                             {K::kHeapDestroy, 8}, {K::kHeapCreate, 4},
                                             {K::kHeapStats, 4},   {K::kStats, 2}};
  const std::vector<KindCount> with_faults = {{K::kFaults, 150},    {K::kTrim, 40},
                                              {K::kFreeMany, 40},   {K::kHeapDestroy, 20},
                                              {K::kHeapCreate, 20}, {K::kCheck, 8}};
  const std::vector<KindCount> with_threads = {{K::kSwitchThread, 120}, {K::kEndThread, 24},
                                               {K::kFreeMany, 6},       {K::kHeapDestroy, 4},
                                               {K::kTrim, 2},           {K::kStats, 2}};
  const std::vector<KindCount> with_forks = {{K::kFork, 3},      {K::kSwitchThread, 8},
                                             {K::kEndThread, 4}, {K::kHeapDestroy, 4},
                                             {K::kFreeMany, 4},  {K::kTrim, 1}};
  // A turn is a quarter of a second or so, but that the cheapest has three times as much.
  // Sizes:       tiny small step power medium upper threshold pages large huge impossible
  return {
      {"small", 12, 100000, 4000000, plain, rarely, {40, 40, 20}},
      {"medium", 11, 40000, 800000, plain, rarely, {300, 250, 200, 40, 150, 4, 1, 2}},
      {"large", 8, 2000, 6000, large, rarely, {10, 10, 10, 20, 10, 30, 120, 40, 60, 6, 1}},
      {"resize", 9, 20000, 200000, resize, rarely, {300, 250, 200, 50, 180, 6, 4, 4, 1, 0, 1}},
      {"aligned", 9, 20000, 400000, aligned, rarely, {300, 250, 200, 50, 100, 4, 2, 2, 1}},
      {"odd", 6, 1000, 20000, all, with_heaps, {20, 20, 20, 20, 10, 5, 10, 10, 5, 1, 10}, true},
      {"heaps", 10, 20000, 200000, heaps, with_heaps, {300, 250, 200, 40, 150, 4, 2, 2, 1}},
      {"faults", 8, 5000, 40000, all, with_faults, {150, 100, 100, 40, 100, 60, 20, 10, 10, 1, 1}},
      {"threads", 10, 10000, 50000, all, with_threads, {300, 250, 200, 40, 150, 4, 2, 2, 1}},
      {"forks", 8, 2000, 20000, all, with_forks, {300, 250, 200, 40, 150, 10, 4, 4, 2}},
  };
}

// Fills a table so that each value has about its weight's share of it, and at
// least one place.
void FillByWeight(const std::vector<size_t> &weights, const std::vector<uint8_t> &values,
                  uint8_t *table, size_t table_size) {
  size_t sum = 0;
  for (size_t weight : weights) sum += weight;
  size_t at = 0;
  size_t so_far = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] == 0) continue;
    so_far += weights[i];
    size_t end = so_far * table_size / sum;
    if (end == at) ++end;
    while (at < end && at < table_size) table[at++] = values[i];
  }
}

}  // namespace

const std::vector<Profile> &Profiles() {
  static const auto *profiles = new std::vector<Profile>(MakeProfiles());
  return *profiles;
}

const Profile *FindProfile(const std::string &name) {
  for (const Profile &profile : Profiles()) {
    if (profile.name == name) return &profile;
  }
  return nullptr;
}

Generator::Generator(const Profile &profile) : profile_(profile) {
  std::vector<size_t> weights;
  std::vector<uint8_t> bytes;
  for (const KindCount &row : profile.weights) {
    weights.push_back(row.count);
    bytes.push_back(ByteOf(row.kind));
  }
  FillByWeight(weights, bytes, kinds_, kTableSize);
  std::vector<uint8_t> ranges;
  for (size_t range = 0; range < profile.sizes.size(); ++range) {
    ranges.push_back(static_cast<uint8_t>(range));
  }
  FillByWeight(profile.sizes, ranges, ranges_, kTableSize);
}

void Generator::Generate(uint64_t seed, std::vector<uint8_t> *program) const {
  Random random(seed);
  program->resize(kProgramHeaderBytes + profile_.operations * kOperationBytes);
  uint8_t *at = program->data();
  *at++ = static_cast<uint8_t>(profile_.slots_log2 - kSlotsLog2Min);
  for (size_t i = 0; i < profile_.operations; ++i, at += kOperationBytes) {
    uint64_t bits = random.Next();
    at[0] = kinds_[bits % kTableSize];
    bits /= kTableSize;
    const uint64_t range = ranges_[bits % kTableSize];
    bits /= kTableSize;
    // Codes 27 to 49 of an alignment are the usual ones.
    const uint64_t alignment = 27 + (bits & 0xff) % 23;
    at[1] = static_cast<uint8_t>(
        profile_.odd_alignments ? bits : alignment * kHeaps + (bits >> 8) % kHeaps);
    bits >>= 12;
    at[2] = static_cast<uint8_t>(bits);
    at[3] = static_cast<uint8_t>(bits >> 8);
    at[4] = static_cast<uint8_t>(bits >> 16);
    at[5] = static_cast<uint8_t>(range << 4 | (bits >> 24 & 15));
  }
  for (const KindCount &row : profile_.strewn) {
    for (size_t i = 0; i < row.count; ++i) {
      const size_t index = random.Below(profile_.operations);
      (*program)[kProgramHeaderBytes + index * kOperationBytes] = ByteOf(row.kind);
    }
  }
}

}  // namespace loam::test
