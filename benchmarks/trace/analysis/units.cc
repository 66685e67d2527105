#include "benchmarks/trace/analysis/units.h"

#include <array>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace loam::trace {
namespace {

struct Unit {
  double factor;
  const char *name;
};

// In the largest unit of which there is at least one; units from small to large.
template <size_t kCount>
std::string InUnit(uint64_t number, const std::array<Unit, kCount> &units) {
  size_t unit = 0;
  const double value = static_cast<double>(number);
  while (unit + 1 < kCount && value >= units[unit + 1].factor) unit++;
  if (unit == 0) return absl::StrCat(number, " ", units[0].name);
  return absl::StrFormat("%.4g %s", value / units[unit].factor, units[unit].name);
}

}  // namespace

std::string Bytes(uint64_t bytes) {
  static constexpr std::array<Unit, 5> kUnits = {
      {{1, "B"}, {1 << 10, "KiB"}, {1 << 20, "MiB"}, {1 << 30, "GiB"}, {1099511627776.0, "TiB"}}};
  return InUnit(bytes, kUnits);
}

std::string Duration(uint64_t ns) {
  static constexpr std::array<Unit, 4> kUnits = {{{1, "ns"}, {1e3, "us"}, {1e6, "ms"}, {1e9, "s"}}};
  return InUnit(ns, kUnits);
}

std::string Grouped(uint64_t number) {
  std::string text = absl::StrCat(number);
  for (size_t place = text.size(); place > 3;) {
    place -= 3;
    text.insert(place, ",");
  }
  return text;
}

}  // namespace loam::trace
