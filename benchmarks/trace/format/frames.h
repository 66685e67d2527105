// The outermost layer of a trace file, as its writer and its reader see it: zstd
// frames, each with one piece, whose first byte says what it is.

#ifndef LOAM_BENCHMARKS_TRACE_FORMAT_FRAMES_H_
#define LOAM_BENCHMARKS_TRACE_FORMAT_FRAMES_H_

#include <cstddef>

namespace loam::trace {

constexpr int kFormatVersion = 1;
// The first frame begins with this text, the version and a newline; JSON follows.
constexpr char kMagic[] = "loam-trace ";

constexpr char kHeaderTag = kMagic[0];
constexpr char kSectionTag = 'E';
constexpr char kEndTag = 'X';

// What a frame may hold, decompressed: a limit for readers. A section has at most
// 65,536 events of at most 33 bytes.
constexpr size_t kMaxFrameBytes = 4 << 20;

}  // namespace loam::trace

#endif  // LOAM_BENCHMARKS_TRACE_FORMAT_FRAMES_H_
