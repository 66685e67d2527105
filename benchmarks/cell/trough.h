// What a process keeps resident after most of a peak was freed.

#ifndef LOAM_BENCHMARKS_CELL_TROUGH_H_
#define LOAM_BENCHMARKS_CELL_TROUGH_H_

#include "benchmarks/cell/blocks.h"
#include "benchmarks/cell/workload.h"

namespace loam::cell {

// Notes resident and live memory at this moment as one of the outcome's points;
// beyond kMostPoints, nothing.
void NotePoint(const LiveBytes &live, Outcome *outcome);

// Reads the trough at once, and, where the settings say so, again when it has
// settled: many allocators give memory back by and by, on calls that come
// anyway, so the program goes on with a few thousand light ones for a second
// and a half. Not to be timed.
void ReadTrough(const Settings &settings, const LiveBytes &live, Outcome *outcome);

}  // namespace loam::cell

#endif  // LOAM_BENCHMARKS_CELL_TROUGH_H_
