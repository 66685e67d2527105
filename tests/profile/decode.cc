#include "tests/profile/decode.h"

#include <cinttypes>
#include <cstdio>
#include <sstream>

namespace loam::test {
namespace {

struct Module {
  uintptr_t start = 0, end = 0;
  bool is_code = false;
};

// "1: 2 [3: 4] @", and how many characters that took; 0 where it is not there.
int TakeTotals(const char *text, Totals *totals) {
  int taken = 0;
  sscanf(text, "%" SCNu64 ": %" SCNu64 " [%" SCNu64 ": %" SCNu64 "] @%n", &totals->live_blocks,
         &totals->live_bytes, &totals->all_blocks, &totals->all_bytes, &taken);
  return taken;
}

// What readers of the format insist on: bytes are of blocks, and what lives was allocated.
bool AreSound(const Totals &totals) {
  return (totals.live_bytes == 0) == (totals.live_blocks == 0) &&
         totals.live_blocks <= totals.all_blocks && totals.live_bytes <= totals.all_bytes;
}

void Add(Totals *to, const Totals &from) {
  to->live_blocks += from.live_blocks;
  to->live_bytes += from.live_bytes;
  to->all_blocks += from.all_blocks;
  to->all_bytes += from.all_bytes;
}

bool AreEqual(const Totals &a, const Totals &b) {
  return a.live_blocks == b.live_blocks && a.live_bytes == b.live_bytes &&
         a.all_blocks == b.all_blocks && a.all_bytes == b.all_bytes;
}

class Decoder {
 public:
  explicit Decoder(const std::string &text) : lines_(text) {}

  HeapProfile Decode() {
    Header();
    Comment();
    while (Next() && !line_.empty()) TakeRow();
    if (!Next() || line_ != "MAPPED_LIBRARIES:") Fail("no MAPPED_LIBRARIES");
    while (Next()) TakeModule();
    Check();
    return profile_;
  }

 private:
  bool Next() { return static_cast<bool>(std::getline(lines_, line_)); }

  void Fail(const std::string &what) {
    if (profile_.problem.empty()) profile_.problem = what + ": " + line_;
  }

  void Header() {
    const std::string kStart = "heap profile: ";
    if (!Next() || line_.compare(0, kStart.size(), kStart) != 0) return Fail("no header");
    const int taken = TakeTotals(line_.c_str() + kStart.size(), &profile_.totals);
    if (taken == 0) return Fail("no totals");
    if (line_.substr(kStart.size() + static_cast<size_t>(taken)) != " heapprofile") {
      Fail("not a heapprofile");
    }
  }

  void Comment() {
    int taken = 0;
    if (Next()) {
      sscanf(line_.c_str(),
             "# loam: thread_heap: period %" SCNu64 " bytes; samples %" SCNu64 ", lost %" SCNu64
             "; standard error of live bytes %" SCNu64 ", of all bytes %" SCNu64 "%n",
             &profile_.period, &profile_.samples, &profile_.lost, &profile_.live_error,
             &profile_.all_error, &taken);
    }
    if (taken == 0 || static_cast<size_t>(taken) != line_.size()) Fail("no comment");
  }

  void TakeRow() {
    Row row;
    const char *text = line_.c_str();
    int taken = TakeTotals(text, &row.totals);
    if (taken == 0 || !AreSound(row.totals)) Fail("a broken row");
    text += taken;
    uintptr_t frame;
    while (*text != '\0' && sscanf(text, " 0x%" SCNxPTR "%n", &frame, &taken) == 1) {
      row.frames.push_back(frame);
      text += taken;
    }
    if (*text != '\0') Fail("a broken stack");
    profile_.rows.push_back(row);
  }

  void TakeModule() {
    Module module;
    char rights[5] = "";
    if (sscanf(line_.c_str(), "%" SCNxPTR "-%" SCNxPTR " %4s", &module.start, &module.end,
               rights) != 3) {
      return Fail("a broken line of the map");
    }
    module.is_code = rights[2] == 'x';
    modules_.push_back(module);
  }

  bool IsCode(uintptr_t address) const {
    for (const Module &module : modules_) {
      if (module.is_code && address > module.start && address <= module.end) return true;
    }
    return false;
  }

  void Check() {
    line_.clear();
    Totals sum;
    for (const Row &row : profile_.rows) {
      Add(&sum, row.totals);
      for (const uintptr_t frame : row.frames) {
        if (!IsCode(frame)) Fail("a frame that is no code");
      }
    }
    if (!AreEqual(sum, profile_.totals)) Fail("totals that are not the rows' sum");
  }

  std::istringstream lines_;
  std::string line_;
  std::vector<Module> modules_;
  HeapProfile profile_;
};

}  // namespace

HeapProfile DecodeProfile(const std::string &text) { return Decoder(text).Decode(); }

}  // namespace loam::test
