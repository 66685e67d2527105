/* How blocks go between threads' caches, arenas and the program, for all
 * interleavings of a small world: protocol_test.sh has `spin` search them.
 *
 * Two threads with a stack each (cache.h), two arenas with a slab each (arena.h), and
 * one class of blocks. A thread takes blocks, frees its own or those that another
 * handed on to it, sends home some of its stack, and ends at any time; what it has
 * then, others free. Beside them runs one of: a reader of the statistics, a program
 * that frees a block twice, a fork.
 *
 * What must hold, whatever the order of steps:
 *   - each block is in just one place: in one thread's hands, in one stack, free
 *     in its slab, or on its way between two of them in the hands of one slow path
 *   - nobody waits for ever
 *   - a correct free is never reported as a second one, a second one always is,
 *     unless the block moves on while it is looked for
 *   - when all threads have ended and all is freed, all blocks are in their slabs
 *
 * What the model takes for granted: memory is sequentially consistent; a word is
 * read and written whole. Decay that clears the marks of free blocks is left out.
 *
 * Mistakes to plant, each of which has to be found: -DUNLOCKED_PUT, -DNESTED_LOCKS,
 * -DKEPT_AT_END, -DMARK_NOT_SET, -DTOP_BEFORE_PUT.
 */

#define THREADS 2
#define BLOCKS 3
#define CAPACITY 2 /* of a stack */
#define BATCH 2    /* of a refill */
#define CALLS(thread) (2 + (thread)) /* at most; it also holds for 3 each, in minutes */

#define HOME(block) (((block) + 1) % 2) /* the arena of its slab: 1, 0, 1 */
#define STATE 2                   /* the lock of the lists of caches */
#define NOBODY 0
#define LEFT_BEHIND (THREADS + 1) /* in the hands of whoever outlives the threads */

bit lock[3];          /* the two arenas', and the state's */
byte bits[2];         /* bitmaps of free blocks */
byte out[2];          /* blocks_out */
bit mark[BLOCKS];     /* the first word is the mark */
byte slot[4];         /* THREADS * CAPACITY */
byte top[THREADS];    /* blocks in the stack */
bit listed[THREADS];  /* in the list of caches */
byte running;

/* Who has a block: the program knows it, the allocator does not. */
byte hands[BLOCKS]; /* NOBODY, a thread's number + 1, or LEFT_BEHIND */

/* For the proof alone. */
bit moving[BLOCKS];    /* on its way */
bit freed[BLOCKS];     /* the program had it last, and freed it */
byte leaving[THREADS]; /* slots at the bottom of a stack that are being sent home */
byte watched = BLOCKS; /* the block that is freed twice */
bit moved;             /* it moved since */

#define SLOT(thread, place) slot[(thread) * CAPACITY + (place)]
#define IS_FREE(block) ((bits[HOME(block)] >> (block)) & 1)
#define HOLDS(thread, block, place) \
  (leaving[thread] <= place && top[thread] > place && SLOT(thread, place) == block)
#define IN_STACK(thread, block) (HOLDS(thread, block, 0) + HOLDS(thread, block, 1))
#define IN_ONE_PLACE(block)                                                          \
  (IS_FREE(block) + (hands[block] != NOBODY) + moving[block] + IN_STACK(0, block) + \
   IN_STACK(1, block) == 1)

proctype Invariant() {
end:
  atomic {
    !(IN_ONE_PLACE(0) && IN_ONE_PLACE(1) && IN_ONE_PLACE(2)) -> assert(false)
  }
}

/* --- Steps of a thread ---------------------------------------------------- */

inline acquire(which) { atomic { lock[which] == 0 -> lock[which] = 1 } }

inline release(which) { lock[which] = 0 }

/* The block leaves where it was. Ghost: part of the step that it stands in. */
inline leave(block) {
  moving[block] = 1;
  if
  :: block == watched -> moved = 1
  :: else
  fi
}

/* A bit of a bitmap, read and written. */
inline put(block) {
  word = bits[HOME(block)];
  atomic {
    assert((word & (1 << block)) == 0); /* or it is reported */
    bits[HOME(block)] = word | (1 << block);
    moving[block] = 0;
    word = 0
  }
}

#ifdef UNLOCKED_PUT
#define PUT_ACQUIRE(which) true
#define PUT_RELEASE(which) skip
#else
#define PUT_ACQUIRE(which) atomic { lock[which] == 0 -> lock[which] = 1 }
#define PUT_RELEASE(which) lock[which] = 0
#endif

/* th_arena_put: the blocks in the first `left` slots; a round for each arena, in which
 * the blocks of others move up. */
inline send_home() {
  do
  :: left > 0 ->
    PUT_ACQUIRE(HOME(SLOT(me, 0)));
    atomic { arena = HOME(SLOT(me, 0)); sent = left }
    do
    :: atomic { i < left && HOME(SLOT(me, i)) == arena -> block = SLOT(me, i); i++ }
      put(block);
      sent--
#ifdef NESTED_LOCKS
    :: atomic { i < left && HOME(SLOT(me, i)) != arena -> block = SLOT(me, i); i++ }
      acquire(HOME(block));
      put(block);
      atomic { out[HOME(block)]--; out[arena]++; sent-- }
      release(HOME(block))
#else
    :: atomic { i < left && HOME(SLOT(me, i)) != arena -> SLOT(me, others) = SLOT(me, i); others++; i++ }
#endif
    :: atomic { i == left -> break }
    od;
    word = out[arena];
    atomic { out[arena] = word - (left - sent); word = 0; left = sent; sent = 0; i = 0; others = 0; block = 0 }
    atomic { PUT_RELEASE(arena); arena = 0 }
  :: else -> break
  od
}

/* Sends home the oldest blocks of the stack, all but `keep`. */
inline shrink(keep) {
  atomic {
    do
    :: i < top[me] ->
      if
      :: i < top[me] - keep -> leave(SLOT(me, i))
      :: else
      fi;
      i++
    :: else -> break
    od;
    i = 0;
    left = top[me] - keep;
    leaving[me] = left;
    gone = left
#ifdef TOP_BEFORE_PUT
    ; top[me] = top[me] - gone
#endif
  }
  send_home();
  if
  :: atomic { keep == 1 && gone == 1 -> SLOT(me, 0) = SLOT(me, 1); leave(SLOT(me, 0)); moving[SLOT(me, 0)] = 0 }
  :: else
  fi;
  atomic {
#ifndef TOP_BEFORE_PUT
    top[me] = top[me] - gone;
#endif
    leaving[me] = 0;
    gone = 0
  }
}

/* th_cache_refill: one block goes to the program, the others on the stack. What it does
 * under the lock is one step: whoever else does such things waits for the lock. */
inline refill() {
  atomic {
    lock[me] == 0; /* its arena has its number */
    do
    :: block < BLOCKS ->
      if
      :: HOME(block) == me && IS_FREE(block) && left < BATCH ->
        bits[me] = bits[me] & ~(1 << block);
        leave(block);
        SLOT(me, left) = block;
        left++
      :: else
      fi;
      block++
    :: else -> break
    od;
    block = 0;
    out[me] = out[me] + left
  }
  if
  :: left > 0 ->
    atomic { /* all but the last are on the stack by one store */
      left--;
      top[me] = left;
      do
      :: i < left -> moving[SLOT(me, i)] = 0; i++
      :: else -> break
      od;
      block = SLOT(me, left);
      i = 0;
      left = 0
    }
    give_to_program()
  :: else
  fi
}

inline give_to_program() {
  atomic {
    mark[block] = 0;
    moving[block] = 0;
    freed[block] = 0;
    hands[block] = me + 1;
    block = 0
  }
}

inline allocate() {
  if
  :: atomic { top[me] > 0 -> block = SLOT(me, top[me] - 1); leave(block); top[me]-- }
    give_to_program()
  :: else -> refill()
  fi
}

/* Whether some cache has the block: slot after slot, while its thread goes on. */
inline look_into_caches(found) {
  acquire(STATE);
  thread = 0;
  do
  :: thread < THREADS && listed[thread] && !found ->
    count = top[thread];
    i = 0;
    do
    :: i < count && !found -> found = (SLOT(thread, i) == block); i++
    :: else -> break
    od;
    thread++
  :: thread < THREADS && !listed[thread] -> thread++
  :: else -> break
  od;
  release(STATE);
  atomic { i = 0; count = 0; thread = 0 }
}

/* A free of a block that it has. */
inline free_one() {
  if
  :: mark[block] -> /* the slow path looks twice */
    assert(!IS_FREE(block));
    look_into_caches(seen);
    assert(!seen)
  :: else
  fi;
  if
  :: atomic { top[me] == CAPACITY -> given = block; block = 0 }
    shrink(1);
    atomic { block = given; given = 0 }
  :: else
  fi;
  atomic {
    hands[block] = NOBODY;
    freed[block] = 1;
#ifndef MARK_NOT_SET
    mark[block] = 1;
#endif
    leave(block)
  }
  atomic { SLOT(me, top[me]) = block; top[me]++; moving[block] = 0; block = 0 }
}

#define HAS(number) (hands[number] == me + 1)

inline choose_own() {
  if
  :: HAS(0) -> block = 0
  :: HAS(1) -> block = 1
  :: HAS(2) -> block = 2
  fi
}

inline leave_behind(number) {
  if
  :: HAS(number) -> hands[number] = LEFT_BEHIND
  :: else
  fi
}

proctype Thread(byte me) {
  byte block, given, word, arena, i, left, others, sent, gone, thread, count, calls;
  bit seen;
  do
  :: calls < CALLS(me) ->
    calls++;
    if
    :: allocate()
    :: atomic { (HAS(0) || HAS(1) || HAS(2)) -> choose_own() }
      free_one()
    :: atomic { /* hands one on */
        (HAS(0) || HAS(1) || HAS(2)) && listed[1 - me] -> choose_own();
        hands[block] = 2 - me;
        block = 0
      }
    :: top[me] > 0 -> shrink(0) /* a flush, or age */
    fi
  :: break
  od;
  /* It ends. */
#ifndef KEPT_AT_END
  if
  :: top[me] > 0 -> shrink(0)
  :: else
  fi;
#endif
  acquire(STATE);
  atomic {
    listed[me] = 0;
    leave_behind(0);
    leave_behind(1);
    leave_behind(2);
    lock[STATE] = 0;
    running--
  }
}

/* --- What runs beside them ------------------------------------------------- */

/* th_state_stats. */
proctype Reader() {
  byte live, cached;
  acquire(0);
  live = out[0];
  release(0);
  acquire(1);
  live = live + out[1];
  release(1);
  acquire(STATE);
  if
  :: listed[0] -> cached = top[0]
  :: else
  fi;
  if
  :: listed[1] -> cached = cached + top[1]
  :: else
  fi;
  release(STATE);
  assert(live <= BLOCKS && cached <= THREADS * CAPACITY)
}

/* Frees a block that is free, once. */
proctype Careless() {
  byte block, i, thread, count;
  bit found;
  atomic {
    if
    :: block = 0
    :: block = 1
    :: block = 2
    fi;
    if
    :: freed[block] && !moving[block] ->
      watched = block
    :: else -> goto nothing_to_free
    fi
  }
  if
  :: mark[block] ->
    if
    :: IS_FREE(block) -> found = 1
    :: else -> look_into_caches(found)
    fi
  :: else
  fi;
  assert(found || moved);
  atomic { watched = BLOCKS; moved = 0 }
nothing_to_free:
  skip
}

/* fork_prepare and fork_parent. */
proctype Fork() {
  acquire(STATE);
  acquire(0);
  acquire(1);
  release(0);
  release(1);
  release(STATE)
}

/* th_arena_free: past all caches. */
inline free_left_behind(number) {
  if
  :: hands[number] == LEFT_BEHIND ->
    acquire(HOME(number));
    out[HOME(number)]--;
    atomic { hands[number] = NOBODY; moving[number] = 1 }
    put(number);
    release(HOME(number))
  :: else
  fi
}

init {
  byte word;
  atomic {
    bits[0] = 2; /* block 1 */
    bits[1] = 5; /* blocks 0 and 2 */
    listed[0] = 1;
    listed[1] = 1;
    running = THREADS;
    run Invariant();
    run Thread(0);
    run Thread(1);
    if
    :: run Reader()
    :: run Careless()
    :: run Fork()
    fi
  }
  running == 0;
  free_left_behind(0);
  free_left_behind(1);
  free_left_behind(2);
  assert(bits[0] == 2 && bits[1] == 5);
  assert(out[0] == 0 && out[1] == 0)
}
