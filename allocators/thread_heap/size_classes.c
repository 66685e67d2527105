#include "allocators/thread_heap/size_classes.h"

const uint16_t th_class_sizes[TH_SLAB_CLASSES] = {
    0,                                                  // no class
    16,    32,    48,    64,   80,   96,   112,  128,   //
    144,   160,   176,   192,  208,  224,  240,  256,   //
    288,   320,   352,   384,  416,  448,  480,  512,   //
    576,   640,   704,   768,  832,  896,  960,  1024,  //
    1152,  1280,  1408,  1536, 1664, 1792, 1920, 2048,  //
    2336,  2720,  3264,  4096, 4672, 5456, 6544, 8192,  //
    10912, 16384, 32768,
};

_Atomic(uint8_t) th_class_table[TH_SLAB_BYTES_MAX / TH_ALIGNMENT + 1];

void th_size_classes_set_up(void) {
  unsigned class = 1;
  for (size_t bytes = TH_ALIGNMENT; bytes <= TH_SLAB_BYTES_MAX; bytes += TH_ALIGNMENT) {
    if (bytes > th_class_sizes[class]) class ++;
    atomic_store_explicit(&th_class_table[bytes / TH_ALIGNMENT], (uint8_t) class,
                          memory_order_relaxed);
  }
}
