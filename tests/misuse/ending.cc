#include "tests/misuse/ending.h"

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <vector>

#include "tests/misuse/scene.h"

namespace loam::test {
namespace {

struct Range {
  uintptr_t first;
  uintptr_t end;
};

// What a child says on stdout: see scene.h.
struct Story {
  std::vector<Range> accused;
  std::string now;
  uintptr_t fault = 0;
};

uintptr_t Address(const std::string &text) { return std::strtoull(text.c_str(), nullptr, 16); }

Story StoryOf(const std::string &out) {
  Story story;
  for (const std::string &line : Lines(out)) {
    std::istringstream words(line);
    std::string key;
    std::string first;
    std::string second;
    words >> key >> first >> second;
    if (key == "accused") story.accused.push_back({Address(first), Address(second)});
    if (key == "now") story.now = first;
    if (key == "fault") story.fault = Address(first);
  }
  return story;
}

bool IsAccused(const Story &story, uintptr_t address) {
  for (const Range &range : story.accused) {
    if (address >= range.first && address < range.end) return true;
  }
  return false;
}

// The address that "loam: VARIANT: 0x...: WHAT" names.
uintptr_t ReportedAddress(const std::string &line) {
  const size_t at = line.find(": 0x");
  return at == std::string::npos ? 0 : Address(line.substr(at + 2));
}

Ending Caught(const Story &story) {
  if (story.now == "deed") return Ending::kCaughtAtOnce;
  if (story.now == "frees") return Ending::kCaughtAtFree;
  if (story.now == "reuse") return Ending::kCaughtAtReuse;
  return Ending::kDidNotRun;
}

}  // namespace

const char *NameOf(Ending ending) {
  switch (ending) {
    case Ending::kCaughtAtOnce:
      return "caught at once";
    case Ending::kCaughtAtFree:
      return "caught at free";
    case Ending::kCaughtAtReuse:
      return "caught at reuse";
    case Ending::kHarmless:
      return "harmless";
    case Ending::kContained:
      return "contained";
    case Ending::kBroken:
      return "broken";
    case Ending::kDidNotRun:
      return "did not run";
    case Ending::kDidNotStop:
      return "did not stop";
  }
  std::abort();
}

Ending EndingOf(const ChildResult &child) {
  const Story story = StoryOf(child.out);
  if (child.Signalled(SIGALRM)) return Ending::kDidNotStop;
  if (story.now.empty()) return Ending::kDidNotRun;
  if (child.Exited(kNothingHappened)) return Ending::kHarmless;
  if (child.Exited(kProgramIsHarmed)) return Ending::kContained;
  if (child.Exited(kFaulted) && IsAccused(story, story.fault)) return Caught(story);
  const std::vector<std::string> report = Lines(child.err);
  if (child.Signalled(SIGABRT) && !report.empty() && IsAccused(story, ReportedAddress(report[0]))) {
    return Caught(story);
  }
  return Ending::kBroken;
}

bool Keeps(Ending ending, Promise promise) {
  const bool is_caught = ending == Ending::kCaughtAtOnce || ending == Ending::kCaughtAtFree ||
                         ending == Ending::kCaughtAtReuse;
  switch (promise) {
    case Promise::kCaughtAtOnce:
      return ending == Ending::kCaughtAtOnce;
    case Promise::kCaughtAtFree:
      return ending == Ending::kCaughtAtOnce || ending == Ending::kCaughtAtFree;
    case Promise::kCaughtAtReuse:
      return is_caught;
    case Promise::kHarmless:
      return ending == Ending::kHarmless;
    case Promise::kContained:
      return ending == Ending::kContained || (LOAM_DEBUG && ending == Ending::kHarmless);
    case Promise::kNotPromised:
      return !is_caught && ending != Ending::kDidNotRun && ending != Ending::kDidNotStop;
  }
  std::abort();
}

}  // namespace loam::test
