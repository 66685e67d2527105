// Numbers for people: 1.5 MiB, 20 ms.

#ifndef LOAM_BENCHMARKS_TRACE_ANALYSIS_UNITS_H_
#define LOAM_BENCHMARKS_TRACE_ANALYSIS_UNITS_H_

#include <cstdint>
#include <string>

namespace loam::trace {

std::string Bytes(uint64_t bytes);
std::string Duration(uint64_t ns);
std::string Grouped(uint64_t number);  // 1,234,567

}  // namespace loam::trace

#endif  // LOAM_BENCHMARKS_TRACE_ANALYSIS_UNITS_H_
