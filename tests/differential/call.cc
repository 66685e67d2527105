#include "tests/differential/call.h"

#include <sstream>

namespace loam::test {

std::string Describe(const Call &call) {
  std::ostringstream text;
  const auto at = [&call] { return "slot " + std::to_string(call.slot); };
  switch (call.function) {
    case Function::kMalloc:
      text << "malloc(" << call.size << ")";
      break;
    case Function::kCalloc:
      text << "calloc(" << call.count << ", " << call.size << ")";
      break;
    case Function::kRealloc:
      text << "realloc(" << at() << ", " << call.size << ")";
      break;
    case Function::kReallocarray:
      text << "reallocarray(" << at() << ", " << call.count << ", " << call.size << ")";
      break;
    case Function::kAlignedAlloc:
      text << "aligned_alloc(" << call.alignment << ", " << call.size << ")";
      break;
    case Function::kPosixMemalign:
      text << "posix_memalign(" << call.alignment << ", " << call.size << ")";
      break;
    case Function::kFree:
      text << "free(" << at() << ")";
      break;
    case Function::kFreeSized:
      text << "free_sized(" << at() << ")";
      break;
    case Function::kUsableSize:
      text << "usable_size(" << at() << ")";
      break;
  }
  return text.str();
}

}  // namespace loam::test
