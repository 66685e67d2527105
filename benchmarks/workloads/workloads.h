// Every workload that the cell runs, family by family. A new one is a file in
// its family's folder and two lines here.

#ifndef LOAM_BENCHMARKS_WORKLOADS_WORKLOADS_H_
#define LOAM_BENCHMARKS_WORKLOADS_WORKLOADS_H_

#include "benchmarks/cell/workload.h"

namespace loam::cell {

extern const Workload kMicroPair;
extern const Workload kMicroLifoBatch;
extern const Workload kMicroFifoBatch;
extern const Workload kMicroRandomOrder;
extern const Workload kMicroSizeSweep;
extern const Workload kMicroReallocGrowth;
extern const Workload kMicroCalloc;
extern const Workload kMicroAligned;
extern const Workload kMicroSizeCycling;
extern const Workload kMicroSizedDelete;
extern const Workload kMicroSmallTree;
extern const Workload kMicroLargeBlocks;
extern const Workload kThreadedServer;
extern const Workload kThreadedPairs;
extern const Workload kThreadedProducerConsumer;
extern const Workload kThreadedOneToMany;
extern const Workload kThreadedThreadChurn;
extern const Workload kThreadedFalseSharingActive;
extern const Workload kThreadedFalseSharingPassive;
extern const Workload kThreadedMixedLifetimes;
extern const Workload kThreadedBaton;
extern const Workload kMemoryComb;
extern const Workload kMemoryPeakTrough;
extern const Workload kMemoryPhases;
extern const Workload kMemoryCacheChurn;

inline const Workload *const kWorkloads[] = {
    &kMicroPair,
    &kMicroLifoBatch,
    &kMicroFifoBatch,
    &kMicroRandomOrder,
    &kMicroSizeSweep,
    &kMicroReallocGrowth,
    &kMicroCalloc,
    &kMicroAligned,
    &kMicroSizeCycling,
    &kMicroSizedDelete,
    &kMicroSmallTree,
    &kMicroLargeBlocks,
    &kThreadedServer,
    &kThreadedPairs,
    &kThreadedProducerConsumer,
    &kThreadedOneToMany,
    &kThreadedThreadChurn,
    &kThreadedFalseSharingActive,
    &kThreadedFalseSharingPassive,
    &kThreadedMixedLifetimes,
    &kThreadedBaton,
    &kMemoryComb,
    &kMemoryPeakTrough,
    &kMemoryPhases,
    &kMemoryCacheChurn,
};

}  // namespace loam::cell

#endif  // LOAM_BENCHMARKS_WORKLOADS_WORKLOADS_H_
