// Which library answers this process's calls of malloc, and its version.

#ifndef LOAM_BENCHMARKS_CELL_SERVED_BY_H_
#define LOAM_BENCHMARKS_CELL_SERVED_BY_H_

#include <cstddef>

namespace loam::cell {

struct ServedBy {
  char library[1024];  // path of the object that holds malloc
  char free_library[1024];
  char version[128];  // as the library tells it, or empty
};

void FindServedBy(ServedBy *served_by);

}  // namespace loam::cell

#endif  // LOAM_BENCHMARKS_CELL_SERVED_BY_H_
