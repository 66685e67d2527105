#include "benchmarks/trace/record/shared_region.h"

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <ctime>

#include "absl/strings/str_cat.h"

namespace loam::trace {
namespace {

absl::Status Failed(const char *what) {
  return absl::UnavailableError(absl::StrCat(what, ": ", strerror(errno)));
}

void LockForLife(pthread_mutex_t *mutex) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(mutex, &attributes);
  pthread_mutex_lock(mutex);
}

}  // namespace

absl::StatusOr<std::unique_ptr<SharedRegion>> SharedRegion::Create(bool follow) {
  const int file = memfd_create("loam-trace", MFD_CLOEXEC);
  if (file < 0) return Failed("memfd_create");
  if (ftruncate(file, sizeof(trace_region)) != 0) {
    const absl::Status status = Failed("cannot reserve memory");
    close(file);
    return status;
  }
  void *memory = mmap(nullptr, sizeof(trace_region), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED) {
    const absl::Status status = Failed("cannot map memory");
    close(file);
    return status;
  }
  auto *region = static_cast<trace_region *>(memory);
  region->version = TRACE_REGION_VERSION;
  region->follow = follow ? 1 : 0;
  LockForLife(&region->recorder_lives);
  return std::unique_ptr<SharedRegion>(new SharedRegion(file, region));
}

SharedRegion::~SharedRegion() {
  __atomic_store_n(&region_->recorder_gone, 1, __ATOMIC_RELAXED);
  WakePrograms();
  pthread_mutex_unlock(&region_->recorder_lives);
  munmap(region_, sizeof(trace_region));
  close(file_);
}

std::string SharedRegion::Path() const { return absl::StrCat("/proc/", getpid(), "/fd/", file_); }

uint32_t SharedRegion::Signal() const {
  return __atomic_load_n(&region_->recorder_signal, __ATOMIC_ACQUIRE);
}

void SharedRegion::AwaitSignal(uint32_t seen, int64_t patience_ms) const {
  const timespec patience = {patience_ms / 1000, patience_ms % 1000 * 1'000'000};
  syscall(SYS_futex, &region_->recorder_signal, FUTEX_WAIT, seen, &patience, nullptr, 0);
}

void SharedRegion::WakePrograms() {
  __atomic_fetch_add(&region_->program_signal, 1, __ATOMIC_RELEASE);
  syscall(SYS_futex, &region_->program_signal, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace loam::trace
