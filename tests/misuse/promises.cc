#include "tests/misuse/promises.h"

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "tests/misuse/misuse.h"

namespace loam::test {
namespace {

constexpr const char *kAny = "*";
constexpr size_t kAnySize = 0;

// A name ends in '*' where all that begin so are meant.
struct PromiseRow {
  const char *misuse;
  const char *variant;
  const char *level;
  size_t size;
  Promise promise;
};

constexpr Promise kOnce = Promise::kCaughtAtOnce;
constexpr Promise kFree = Promise::kCaughtAtFree;
constexpr Promise kReuse = Promise::kCaughtAtReuse;
constexpr Promise kHarmless = Promise::kHarmless;
constexpr Promise kContained = Promise::kContained;
constexpr Promise kNot = Promise::kNotPromised;

// The last row that matches decides. Whatever a variant does not keep of the
// first row is a row of its own, with the reason above it.
constexpr PromiseRow kTable[] = {
    {kAny, kAny, kAny, kAnySize, kOnce},

    // The second free is right for all that the heap can know; the third is one too many.
    {"double_free_after_reuse", kAny, kAny, kAnySize, kFree},
    // What marked it as free is gone. It is found where a bitmap or a header tells, later.
    {"double_free_after_a_write", "segregated_fit", "default", kSmall, kReuse},
    {"double_free_after_a_write", "thread_heap", "default", kSmall, kReuse},
    {"double_free_after_a_write", "thread_heap", "default", kMedium, kReuse},

    // Headers stand between the blocks, and are sealed: seen when one is needed.
    {"overflow_*", kAny, kAny, kAnySize, kFree},
    {"underflow_*", kAny, kAny, kAnySize, kFree},
    {"corrupt_*", kAny, kAny, kAnySize, kFree},
    // Away from the heap's beginning, and so into what cannot be written.
    {"underflow_by_1_mib_*", kAny, kAny, kAnySize, kOnce},
    // Of a large block nothing stands near it: what is hit is the program's own.
    {"overflow_*", kAny, "default", kLarge, kContained},
    {"underflow_*", kAny, "default", kLarge, kContained},
    {"corrupt_*", kAny, "default", kLarge, kContained},

    // Nothing of thread_heap's stands among the blocks: the same holds for all of them.
    {"overflow_*", "thread_heap", "default", kSmall, kContained},
    {"overflow_*", "thread_heap", "default", kMedium, kContained},
    {"corrupt_*", "thread_heap", "default", kSmall, kContained},
    {"corrupt_*", "thread_heap", "default", kMedium, kContained},
    // A megabyte from its first blocks on leaves the memory that it has.
    {"overflow_by_1_mib_*", "thread_heap", "default", kSmall, kOnce},
    {"overflow_by_1_mib_*", "thread_heap", "default", kMedium, kOnce},
    // What a class is larger than these requests takes up as much.
    {"overflow_of_the_request_*", "thread_heap", "default", kSmall, kHarmless},
    {"overflow_of_the_request_*", "thread_heap", "default", kMedium, kHarmless},
    {"underflow_by_1_store", "thread_heap", "default", kSmall, kHarmless},
    {"underflow_by_1_store", "thread_heap", "default", kMedium, kHarmless},
    {"underflow_by_8_*", "thread_heap", "default", kSmall, kHarmless},
    {"underflow_by_8_*", "thread_heap", "default", kMedium, kHarmless},
    {"underflow_by_32_store", "thread_heap", "default", kSmall, kContained},
    {"underflow_by_32_store", "thread_heap", "default", kMedium, kHarmless},
    {"corrupt_header", "thread_heap", "default", kSmall, kHarmless},
    {"corrupt_header", "thread_heap", "default", kMedium, kHarmless},

    // Links of free lists are sealed, and are all that the heap believes of a free block.
    {"write_after_free*", kAny, "default", kAnySize, kHarmless},
    {"write_after_free", "first_fit", "default", kSmall, kReuse},
    {"write_after_free", "first_fit", "default", kMedium, kReuse},
    {"write_after_free", "segregated_fit", "default", kSmall, kReuse},
    {"write_after_free", "segregated_fit", "default", kMedium, kReuse},
    {"corrupt_free_list_link", kAny, "default", kSmall, kReuse},
    {"corrupt_free_list_link", kAny, "default", kMedium, kReuse},
    {"corrupt_free_list_link", kAny, "default", kLarge, kHarmless},
    {"corrupt_free_list_link", "thread_heap", "default", kSmall, kHarmless},
    {"corrupt_free_list_link", "thread_heap", "default", kMedium, kHarmless},
    // By now it is another block's, rightly.
    {"write_after_free_and_reuse", kAny, kAny, kAnySize, kContained},
    // Clearing is not free of cost.
    {"read_of_*", kAny, "default", kAnySize, kContained},

    // The hardened level. What a class is larger than its request takes up as much.
    {"overflow_of_the_request_*", "thread_heap", "hardened", kMedium, kHarmless},
    // The first byte of a tag is zero, and stays so.
    {"overflow_by_a_terminator", "thread_heap", "hardened", kAnySize, kHarmless},
    // Before a large block lies the rest of another's pages, that nobody uses.
    {"underflow_*", "thread_heap", "hardened", kLarge, kHarmless},
    {"underflow_by_1_mib_*", kAny, "hardened", kLarge, kFree},
    {"corrupt_header", "thread_heap", "hardened", kLarge, kHarmless},
    // What is free is zero, and proved to be when it is handed out.
    {"write_after_free*", kAny, "hardened", kAnySize, kReuse},
    {"corrupt_free_list_link", kAny, "hardened", kAnySize, kReuse},
    {"read_of_*", kAny, "hardened", kAnySize, kHarmless},
    // Or it is no memory at all.
    {"write_after_free*", "first_fit", "hardened", kLarge, kOnce},
    {"write_after_free*", "segregated_fit", "hardened", kLarge, kOnce},
    {"corrupt_free_list_link", "first_fit", "hardened", kLarge, kOnce},
    {"corrupt_free_list_link", "segregated_fit", "hardened", kLarge, kOnce},
    {"read_of_freed_memory", "first_fit", "hardened", kLarge, kOnce},
    {"read_of_freed_memory", "segregated_fit", "hardened", kLarge, kOnce},
    {"write_after_free_and_reuse", kAny, "hardened", kAnySize, kContained},

    // The debug level. A large block's last pages may lie behind another's first.
    {"underflow_by_1_mib_*", kAny, "debug", kLarge, kFree},
    // What waits for reuse is filled; whole pages of it cannot even be touched.
    {"write_after_free*", kAny, "debug", kAnySize, kReuse},
    {"write_after_free_in_the_middle", kAny, "debug", kLarge, kOnce},
    {"write_after_free_and_reuse", kAny, "debug", kLarge, kContained},  // large ones wait less long
    {"corrupt_free_list_link", kAny, "debug", kAnySize, kReuse},
    {"read_of_*", kAny, "debug", kAnySize, kHarmless},

    // Attacks: what the misuse that each is made of promises. Once more: with its mark wiped, a
    // second free into a cache of thread_heap's default level is believed.
    {"attack_double_free_without_mark", "segregated_fit", "default", kSmall, kReuse},
    {"attack_double_free_with_replay", "segregated_fit", "default", kSmall, kReuse},
    {"attack_double_free_with*", "thread_heap", "default", kSmall, kNot},
    {"attack_double_free_with*", "thread_heap", "default", kMedium, kNot},
    {"attack_double_free_with_replay", "thread_heap", "hardened", kSmall, kReuse},
    {"attack_double_free_with_replay", "thread_heap", "hardened", kMedium, kReuse},
    {"attack_double_free_with_replay", "segregated_fit", "hardened", kSmall, kReuse},
    {"attack_poison_*", kAny, kAny, kAnySize, kReuse},
    {"attack_off_by_one_zero", kAny, kAny, kAnySize, kFree},
    {"attack_grow_neighbour", kAny, kAny, kAnySize, kFree},
    {"attack_unlink_neighbour", kAny, kAny, kAnySize, kReuse},
    {"attack_poison_*", kAny, "default", kLarge, kHarmless},
    {"attack_off_by_one_zero", kAny, "default", kLarge, kHarmless},
    {"attack_grow_neighbour", kAny, "default", kLarge, kHarmless},
    {"attack_unlink_neighbour", kAny, "default", kLarge, kHarmless},
    {"attack_poison_*", "thread_heap", "default", kAnySize, kHarmless},
    {"attack_off_by_one_zero", "thread_heap", kAny, kAnySize, kHarmless},
    {"attack_off_by_one_zero", "thread_heap", "debug", kAnySize, kFree},
    {"attack_grow_neighbour", "thread_heap", "default", kAnySize, kHarmless},
    {"attack_unlink_neighbour", "thread_heap", "default", kAnySize, kHarmless},

    // A size or an alignment that comes with a free is not looked at.
    {"free_sized_*", kAny, "default", kAnySize, kHarmless},
    {"free_aligned_sized_*", kAny, "default", kAnySize, kHarmless},
    {"sized_delete_*", kAny, "default", kAnySize, kHarmless},
    // All families of calls share one heap.
    {"new_*", kAny, kAny, kAnySize, kHarmless},
    {"malloc_and_delete", kAny, kAny, kAnySize, kHarmless},
    {"new_*", kAny, "debug", kAnySize, kOnce},
    {"malloc_and_delete", kAny, "debug", kAnySize, kOnce},
    // A block of no bytes has some, but where what may be used ends with what was asked for.
    {"use_of_zero_bytes", kAny, "default", kAnySize, kHarmless},
    {"use_of_zero_bytes", kAny, "hardened", kAnySize, kFree},
    {"use_of_zero_bytes", "thread_heap", "hardened", kAnySize, kHarmless},
    {"use_of_zero_bytes", kAny, "debug", kAnySize, kFree},
    // Refused.
    {"huge_*", kAny, kAny, kAnySize, kHarmless},
    {"overflowing_*", kAny, kAny, kAnySize, kHarmless},
};

bool Matches(const std::string &pattern, const std::string &name) {
  if (pattern.back() != '*') return pattern == name;
  return name.compare(0, pattern.size() - 1, pattern, 0, pattern.size() - 1) == 0;
}

bool Matches(const PromiseRow &row, const Case &each, const Library &library) {
  return Matches(row.misuse, each.misuse) && Matches(row.variant, library.variant) &&
         Matches(row.level, library.level) && (row.size == kAnySize || row.size == each.size);
}

const PromiseRow *RowOf(const Case &each, const Library &library) {
  const PromiseRow *found = nullptr;
  for (const PromiseRow &row : kTable) {
    if (Matches(row, each, library)) found = &row;
  }
  return found;
}

std::vector<std::string> Split(const std::string &text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

const char *ShortName(Promise promise) {
  switch (promise) {
    case Promise::kCaughtAtOnce:
      return "once";
    case Promise::kCaughtAtFree:
      return "free";
    case Promise::kCaughtAtReuse:
      return "reuse";
    case Promise::kHarmless:
      return "harmless";
    case Promise::kContained:
      return "contained";
    case Promise::kNotPromised:
      return "-";
  }
  std::abort();
}

// "once", or where the sizes differ "free, free, once".
std::string CellOf(const Misuse &misuse, const Library &library) {
  std::vector<std::string> cells;
  for (size_t size : misuse.sizes)
    cells.push_back(ShortName(PromiseOf({misuse.name, size}, library)));
  if (std::count(cells.begin(), cells.end(), cells[0]) == static_cast<long>(cells.size())) {
    return cells[0];
  }
  std::string all = cells[0];
  for (size_t i = 1; i < cells.size(); ++i) all += ", " + cells[i];
  return all;
}

std::string Header() {
  std::string names = "| misuse |";
  std::string rule = "| --- |";
  for (const Library &library : Libraries()) {
    names += " " + library.variant + (library.level == "default" ? "" : " " + library.level) + " |";
    rule += " --- |";
  }
  return names + "\n" + rule + "\n";
}

// A line below the table: how many cells of each library are so.
std::string Sum(const std::string &title, bool (*counts)(Promise promise)) {
  std::ostringstream line;
  line << "| " << title << " |";
  const std::vector<Case> cases = Cases();
  for (const Library &library : Libraries()) {
    const auto count = std::count_if(cases.begin(), cases.end(), [&](const Case &each) {
      return counts(PromiseOf(each, library));
    });
    line << " " << count << " of " << cases.size() << " |";
  }
  return line.str() + "\n";
}

}  // namespace

std::string Library::Path() const {
  const std::string suffix = level == "default" ? "" : "_" + level;
  return "allocators/" + variant + "/libloam_" + variant + suffix + ".so";
}

const std::vector<Library> &Libraries() {
  static const std::vector<Library> libraries = [] {
    std::vector<Library> all;
    for (const std::string &name : Split(LOAM_LIBRARIES, ',')) {
      const std::vector<std::string> parts = Split(name, ':');
      all.push_back({parts[0], parts[1]});
    }
    return all;
  }();
  return libraries;
}

std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (const Misuse &misuse : Misuses()) {
    for (size_t size : misuse.sizes) cases.push_back({misuse.name, size});
  }
  return cases;
}

Promise PromiseOf(const Case &each, const Library &library) {
  return RowOf(each, library)->promise;
}

std::vector<std::string> IdleRows() {
  std::vector<const PromiseRow *> used;
  for (const Case &each : Cases()) {
    for (const Library &library : Libraries()) used.push_back(RowOf(each, library));
  }
  std::vector<std::string> idle;
  for (const PromiseRow &row : kTable) {
    if (std::find(used.begin(), used.end(), &row) != used.end()) continue;
    idle.push_back(std::string(row.misuse) + " " + row.variant + " " + row.level + " " +
                   std::to_string(row.size));
  }
  return idle;
}

std::string PromisesAsMarkdown() {
  std::string text = Header();
  for (const Misuse &misuse : Misuses()) {
    text += "| `" + std::string(misuse.name) + "` |";
    for (const Library &library : Libraries()) text += " " + CellOf(misuse, library) + " |";
    text += "\n";
  }
  text += Sum("**caught**", IsCaught);
  text += Sum("**caught or harmless**",
              [](Promise promise) { return IsCaught(promise) || promise == Promise::kHarmless; });
  text += Sum("**caught, harmless or contained**",
              [](Promise promise) { return promise != Promise::kNotPromised; });
  return text;
}

}  // namespace loam::test
