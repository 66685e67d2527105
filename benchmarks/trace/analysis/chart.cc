#include "benchmarks/trace/analysis/chart.h"

#include <algorithm>
#include <cmath>

namespace loam::trace {
namespace {

constexpr size_t kEighths = 8;
constexpr const char *kRising[kEighths + 1] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr const char *kGrowing[kEighths + 1] = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};

// `value` in eighths of a character, of which `most` takes `length`.
size_t Eighths(uint64_t value, uint64_t most, size_t length) {
  if (value == 0 || most == 0) return 0;
  const double part = static_cast<double>(value) / static_cast<double>(most);
  const double eighths = std::ceil(part * static_cast<double>(length * kEighths));
  return std::min(static_cast<size_t>(eighths), length * kEighths);
}

}  // namespace

std::string Columns(const std::vector<uint64_t> &values, size_t rows) {
  const uint64_t most = values.empty() ? 0 : *std::max_element(values.begin(), values.end());
  std::string picture;
  for (size_t row = rows; row-- > 0;) {
    for (uint64_t value : values) {
      const size_t eighths = Eighths(value, most, rows);
      const size_t below = row * kEighths;
      picture += kRising[eighths <= below ? 0 : std::min(eighths - below, kEighths)];
    }
    picture += "\n";
  }
  return picture;
}

std::string Bar(uint64_t value, uint64_t most, size_t width) {
  const size_t eighths = Eighths(value, most, width);
  std::string bar;
  for (size_t i = 0; i < eighths / kEighths; i++) bar += kGrowing[kEighths];
  if (eighths % kEighths != 0) bar += kGrowing[eighths % kEighths];
  return bar;
}

}  // namespace loam::trace
