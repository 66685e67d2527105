#include "allocators/thread_heap/size_classes.h"

_Atomic(uint8_t) th_class_table[TH_SLAB_BYTES_MAX / TH_ALIGNMENT + 1];

void th_size_classes_set_up(void) {
  for (size_t bytes = TH_ALIGNMENT; bytes <= TH_SLAB_BYTES_MAX; bytes += TH_ALIGNMENT) {
    atomic_store_explicit(&th_class_table[bytes / TH_ALIGNMENT], (uint8_t)th_class_of(bytes),
                          memory_order_relaxed);
  }
}
