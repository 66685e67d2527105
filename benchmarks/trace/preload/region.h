// The memory that a traced program and `loam-trace record` share.
//
// Words: an *event* is one thing that happened to malloc; a *chunk* holds events
// of one thread; an *image* is one address space: a process from exec or fork to
// its end or its next exec.
//
// A thread takes a free chunk, appends events to it without a lock, and hands it
// over when it is full. The recorder writes what it holds to the trace and frees
// it. The memory outlives the program: a program that is killed loses nothing
// that it appended, because the recorder reads the chunks of the dead as well.
//
//   chunk:  free --(thread)--> owned --(thread)--> full --(recorder)--> free
//                                 `--(recorder, once the thread is dead)--'
//
// Everything here is plain memory and futexes. C11; also included by C++.

#ifndef LOAM_BENCHMARKS_TRACE_PRELOAD_REGION_H_
#define LOAM_BENCHMARKS_TRACE_PRELOAD_REGION_H_

#include <pthread.h>
#include <stdalign.h>
#include <stdint.h>

#include "benchmarks/trace/format/kind.h"

enum {
  TRACE_REGION_VERSION = 1,
  TRACE_CHUNK_BYTES = 64 * 1024,
  TRACE_CHUNK_COUNT = 8192,  // 512 MiB of addresses; memory only where a chunk was used
  // A program that is faster than the recorder waits once this many are full.
  TRACE_MAX_FULL_CHUNKS = 256,
  TRACE_MAX_IMAGES = 4096,
  TRACE_COMMAND_BYTES = 1024,
};

// The environment variable that holds the path of this memory.
#define TRACE_REGION_VARIABLE "LOAM_TRACE_REGION"

// `what` is kind << 56 | log2(alignment) << 48 | amount, and is written last: an
// event whose kind is 0 is not there. The amount is the size that was asked for;
// for a block that is given back, its resident pages + 1, or 0 where unknown.
struct trace_event {
  uint64_t time_ns;  // CLOCK_MONOTONIC; before a block is given back, after it is handed out
  uint64_t address;  // 0: NULL
  uint64_t what;
};

enum trace_chunk_state { TRACE_CHUNK_FREE = 0, TRACE_CHUNK_OWNED = 1, TRACE_CHUNK_FULL = 2 };

enum { TRACE_CHUNK_EVENTS = TRACE_CHUNK_BYTES / sizeof(struct trace_event) - 2 };

// All zero while free.
struct trace_chunk {
  uint32_t image;      // index of the owner's image
  uint32_t thread;     // counted from 0 in the image
  uint32_t sequence;   // counted from 0 in the thread
  uint32_t thread_id;  // as the kernel counts
  uint64_t unused[6];
  struct trace_event events[TRACE_CHUNK_EVENTS];
};

struct trace_image {
  uint32_t process_id;  // written last: 0 until the rest is there
  uint32_t parent;      // index + 1 of the image that it was forked from; 0: began with exec
  uint32_t threads;     // that have appended an event
  uint32_t lost;        // events that could not be kept
  uint32_t command_bytes;
  char command[TRACE_COMMAND_BYTES];  // words, each ended by a NUL; cut off if longer
};

struct trace_region {
  uint32_t version;
  uint32_t follow;           // record children and what they exec
  uint32_t root_process_id;  // the program
  uint32_t recorder_gone;    // stop recording
  uint32_t image_count;      // also counts those that found no room
  uint32_t full_count;
  uint32_t chunks_exhausted;  // every chunk is owned by a living thread
  uint32_t recorder_signal;   // futex: a chunk is full
  uint32_t program_signal;    // futex: a chunk was freed
  uint32_t chunk_high_water;  // all chunks that were ever taken are below
  // Robust, held by the recorder: the kernel tells when it died.
  pthread_mutex_t recorder_lives;
  uint32_t chunk_state[TRACE_CHUNK_COUNT];
  struct trace_image images[TRACE_MAX_IMAGES];
  alignas(4096) struct trace_chunk chunks[TRACE_CHUNK_COUNT];
};

#endif  // LOAM_BENCHMARKS_TRACE_PRELOAD_REGION_H_
