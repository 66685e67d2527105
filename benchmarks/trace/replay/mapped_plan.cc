#include "benchmarks/trace/replay/mapped_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>

namespace loam::trace {
namespace {

// Into anonymous memory: pages of a file might be dropped and read again.
char *ReadAll(int file, size_t bytes) {
  void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  char *text = static_cast<char *>(memory);
  for (size_t done = 0; done < bytes;) {
    const ssize_t count = read(file, text + done, bytes - done);
    if (count <= 0) return nullptr;
    done += static_cast<size_t>(count);
  }
  return text;
}

template <typename T>
const T *Take(const char **place, uint64_t count) {
  const T *items = reinterpret_cast<const T *>(*place);
  *place += count * sizeof(T);
  return items;
}

}  // namespace

bool MapPlan(const char *path, MappedPlan *plan) {
  errno = 0;
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  struct stat status;
  const bool sized = fstat(file, &status) == 0 && status.st_size >= int64_t{sizeof(PlanHeader)};
  const char *place = sized ? ReadAll(file, static_cast<size_t>(status.st_size)) : nullptr;
  close(file);
  if (place == nullptr) return false;
  const char *const start = place;
  plan->header = Take<PlanHeader>(&place, 1);
  const PlanHeader &header = *plan->header;
  if (header.magic != kPlanMagic || header.file_bytes != static_cast<uint64_t>(status.st_size)) {
    return false;
  }
  plan->threads = Take<PlanThread>(&place, header.threads);
  plan->lanes = Take<PlanLane>(&place, header.lanes);
  plan->checkpoints = Take<Checkpoint>(&place, header.checkpoints);
  plan->epoch_ends = Take<uint64_t>(&place, header.epoch_ends);
  plan->operations = Take<Operation>(&place, header.operations);
  plan->leftovers = Take<Operation>(&place, header.leftovers);
  return place == start + header.file_bytes;
}

}  // namespace loam::trace
