#define LOAM_VARIANT_NAME "test"
#include "common/boundary_tag/block.h"

#include <string.h>

#include "common/testing/scenario.h"

// A stretch of memory to put blocks into; blocks begin at 8 modulo 16.
static _Alignas(16) char memory[8192];

static struct block *at(size_t offset) { return block_at(memory, (ptrdiff_t)offset + 8); }

static const uint64_t secrets[] = {0, 1, 0x0123456789abcdef, 0xfedcba9876543210, UINT64_MAX};
enum { SECRETS = sizeof secrets / sizeof secrets[0] };

static const uint32_t words[] = {0, IN_USE, 32 | PREV_IN_USE, 4096 | IN_USE | PREV_IN_USE, 4194288};
enum { WORDS = sizeof words / sizeof words[0] };

static bool holds(_Atomic(uint64_t) *place, uint64_t tag) {
  uint32_t word;
  atomic_store(place, tag);
  return tag_read(place, &word);
}

SCENARIO(ATagReadsAsItWasWritten) {
  for (int s = 0; s < SECRETS; s++) {
    tag_secret = secrets[s];
    for (int w = 0; w < WORDS; w++) {
      uint32_t word = ~words[w];
      tag_write(&at(0)->header, words[w]);
      EXPECT(tag_read(&at(0)->header, &word));
      EXPECT(word == words[w]);
    }
  }
  return NULL;
}

SCENARIO(EveryFlippedBitOfATagIsSeen) {
  for (int s = 0; s < SECRETS; s++) {
    tag_secret = secrets[s];
    for (int w = 0; w < WORDS; w++) {
      uint64_t tag = tag_seal(&at(0)->header, words[w]);
      EXPECT(holds(&at(0)->header, tag));
      for (int bit = 0; bit < 64; bit++) {
        EXPECT(!holds(&at(0)->header, tag ^ (uint64_t)1 << bit));
      }
    }
  }
  return NULL;
}

SCENARIO(NoOtherLowHalfHoldsUnderTheSameSeal) {
  tag_secret = secrets[2];
  uint64_t tag = tag_seal(&at(0)->header, 4096 | IN_USE);
  for (uint32_t word = 0; word < 1u << 20; word++) {
    uint64_t other = (tag & ~(uint64_t)UINT32_MAX) | word;
    EXPECT(holds(&at(0)->header, other) == (word == (4096 | IN_USE)));
  }
  return NULL;
}

SCENARIO(AHeaderCopiedElsewhereIsSeen) {
  for (int s = 0; s < SECRETS; s++) {
    tag_secret = secrets[s];
    uint64_t tag = tag_seal(&at(0)->header, 4096 | IN_USE);
    for (size_t offset = 16; offset + 32 < sizeof memory; offset += 16) {
      EXPECT(!holds(&at(offset)->header, tag));
    }
  }
  return NULL;
}

SCENARIO(AHeaderOfAnotherProcessIsSeen) {
  tag_secret = secrets[2];
  uint64_t tag = tag_seal(&at(0)->header, 4096 | IN_USE);
  tag_secret = secrets[3];
  EXPECT(!holds(&at(0)->header, tag));
  return NULL;
}

SCENARIO(CommonOverwritesAreSeen) {
  tag_secret = secrets[2];
  static const uint64_t overwrites[] = {0, UINT64_MAX, 0x4141414141414141, 1, 33, 4096};
  for (size_t i = 0; i < sizeof overwrites / sizeof overwrites[0]; i++) {
    EXPECT(!holds(&at(0)->header, overwrites[i]));
  }
  return NULL;
}

// --- Links -------------------------------------------------------------------

SCENARIO(ALinkReadsAsItWasWritten) {
  for (int s = 0; s < SECRETS; s++) {
    tag_secret = secrets[s];
    struct block *const targets[] = {NULL, at(0), at(64), (struct block *)0x7fffffffffe8};
    for (int i = 0; i < 4; i++) {
      link_write(&at(0)->next, targets[i]);
      EXPECT(link_read(&at(0)->next, at(0)) == targets[i]);
    }
  }
  return NULL;
}

// The seal that the overwritten link would need is another: link_read ends then.
SCENARIO(EveryFlippedBitOfALinkIsSeen) {
  uint64_t *place = &at(0)->next;
  struct block *const targets[] = {NULL, at(64)};
  for (int s = 0; s < SECRETS; s++) {
    tag_secret = secrets[s];
    for (int i = 0; i < 2; i++) {
      uint64_t link = link_seal(place, targets[i]);
      for (int bit = 0; bit < 64; bit++) {
        uint64_t flipped = link ^ (uint64_t)1 << bit;
        struct block *target = (struct block *)(flipped & UINT64_MAX >> LINK_SEAL_BITS);
        EXPECT(link_seal(place, target) != flipped);
      }
    }
  }
  return NULL;
}

#define LINK_REPORT "^loam: test: 0x[0-9a-f]+: links of a free block overwritten"

static const char *follow(uint64_t link) {
  tag_secret = secrets[2];
  at(0)->next = link;
  link_read(&at(0)->next, at(0));
  return "followed an overwritten link";
}

SCENARIO_THAT_ENDS(AnOverwrittenAddressIsNotFollowed, LINK_REPORT) {
  tag_secret = secrets[2];
  return follow(link_seal(&at(0)->next, at(64)) + 16);
}

SCENARIO_THAT_ENDS(AnOverwrittenSealIsNotFollowed, LINK_REPORT) {
  tag_secret = secrets[2];
  return follow(link_seal(&at(0)->next, at(64)) ^ (uint64_t)1 << 63);
}

SCENARIO_THAT_ENDS(ALinkOfZeroesIsNotNull, LINK_REPORT) { return follow(0); }

SCENARIO_THAT_ENDS(APlainAddressIsNoLink, LINK_REPORT) { return follow((uintptr_t)at(64)); }

SCENARIO_THAT_ENDS(ALinkFromElsewhereIsNotFollowed, LINK_REPORT) {
  tag_secret = secrets[2];
  return follow(link_seal(&at(0)->prev, at(64)));
}

// --- Blocks ------------------------------------------------------------------

SCENARIO(BlockBytesForARequest) {
  EXPECT(block_bytes_for(0) == 32);
  EXPECT(block_bytes_for(1) == 32);
  EXPECT(block_bytes_for(24) == 32);
  EXPECT(block_bytes_for(25) == 48);
  EXPECT(block_bytes_for(40) == 48);
  EXPECT(block_bytes_for(41) == 64);
  for (size_t request = 0; request < 5000; request++) {
    size_t bytes = block_bytes_for(request);
    EXPECT(bytes % BLOCK_ALIGNMENT == 0 && bytes >= BLOCK_BYTES_MIN);
    EXPECT(block_usable(bytes) >= request);
    EXPECT(bytes == BLOCK_BYTES_MIN || block_usable(bytes) < request + BLOCK_ALIGNMENT);
  }
  return NULL;
}

SCENARIO(PayloadAndBlockLeadToEachOther) {
  EXPECT((uintptr_t)block_payload(at(0)) % BLOCK_ALIGNMENT == 0);
  EXPECT(block_of_payload(block_payload(at(32))) == at(32));
  EXPECT(block_next(at(0), 48) == at(48));
  return NULL;
}

// A free block of 64 bytes with one in use behind it.
static void write_free_and_used(void) {
  tag_secret = secrets[2];
  block_write_free(at(0), 64, AGED);
  block_write(at(64), 32, IN_USE);
}

SCENARIO(TheFreeBlockBeforeIsFound) {
  write_free_and_used();
  size_t size = 0;
  EXPECT(block_prev_free(at(64), &size) == at(0));
  EXPECT(size == 64);
  EXPECT(block_word(at(0)) == (64 | PREV_IN_USE | AGED));
  return NULL;
}

SCENARIO(PrevInUseIsChangedAlone) {
  write_free_and_used();
  block_set_prev_in_use(at(64), true);
  EXPECT(block_word(at(64)) == (32 | IN_USE | PREV_IN_USE));
  block_set_prev_in_use(at(64), false);
  EXPECT(block_word(at(64)) == (32 | IN_USE));
  return NULL;
}

static const char *coalesce_back(void) {
  size_t size;
  block_prev_free(at(64), &size);
  return "took a broken footer";
}

SCENARIO_THAT_ENDS(ABrokenHeader, "^loam: test: 0x[0-9a-f]+: block header overwritten") {
  write_free_and_used();
  atomic_fetch_xor(&at(64)->header, 1);
  block_word(at(64));
  return "took a broken header";
}

SCENARIO_THAT_ENDS(ABrokenFooter, "^loam: test: 0x[0-9a-f]+: footer before the block overwritten") {
  write_free_and_used();
  atomic_fetch_xor(block_footer(at(0), 64), 16);
  return coalesce_back();
}

SCENARIO_THAT_ENDS(AFooterBeforeABlockInUse, "footer before the block does not match its header") {
  write_free_and_used();
  block_write(at(0), 64, IN_USE);
  return coalesce_back();
}

SCENARIO_THAT_ENDS(AFooterOfAnotherSize, "footer before the block does not match its header") {
  write_free_and_used();
  block_write(at(0), 48, PREV_IN_USE);
  return coalesce_back();
}

SCENARIO_THAT_ENDS(AReportNamesThePayload, "^loam: test: 0xabc8: what\n") {
  block_corrupt((struct block *)0xabc0, "what");
}
