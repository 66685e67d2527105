// Pictures of numbers, in text.

#ifndef LOAM_BENCHMARKS_TRACE_ANALYSIS_CHART_H_
#define LOAM_BENCHMARKS_TRACE_ANALYSIS_CHART_H_

#include <cstdint>
#include <string>
#include <vector>

namespace loam::trace {

// A column for each value, `rows` lines high, in eighths of a character; the
// highest value fills its column. Lines end with a newline.
std::string Columns(const std::vector<uint64_t> &values, size_t rows);

// A bar of at most `width` characters for `value` out of `most`. What is not
// zero can be seen.
std::string Bar(uint64_t value, uint64_t most, size_t width);

}  // namespace loam::trace

#endif  // LOAM_BENCHMARKS_TRACE_ANALYSIS_CHART_H_
