/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * beat: one thread's sign of life.
 *
 * A thread counts up whenever it has come round its loop; the watchdog only compares. A thread that
 * is about to do something long on purpose says until when it may be silent: such a wait is bounded
 * and declared before it begins, so that a stuck thread is never taken for a busy one for ever.
 */
#ifndef DHT_DAEMON_BEAT_H
#define DHT_DAEMON_BEAT_H

#include <stdatomic.h>
#include <stdint.h>

/* A thread that has nothing to do still comes round this often. */
#define BEAT_IDLE_MAX_MS 500

/* All zero at the start. Written by its thread, read by any. */
struct beat {
	_Alignas(64) _Atomic(uint64_t) count;
	_Atomic(uint64_t) excused_until_us; /* CLOCK_MONOTONIC; 0: not excused */
};

static inline void beat_tick(struct beat *b)
{
	uint64_t n = atomic_load_explicit(&b->count, memory_order_relaxed);

	atomic_store_explicit(&b->excused_until_us, 0, memory_order_relaxed);
	/* In one order with what a thread looks up after its tick: who publishes something new and
	 * then reads a count knows that the thread sees it after its next tick. */
	atomic_store_explicit(&b->count, n + 1, memory_order_seq_cst);
}

/* The next tick may be as late as this. */
static inline void beat_excuse(struct beat *b, uint64_t until_us)
{
	atomic_store_explicit(&b->excused_until_us, until_us, memory_order_relaxed);
}

static inline uint64_t beat_count(const struct beat *b)
{
	return atomic_load_explicit(&b->count, memory_order_seq_cst);
}

static inline uint64_t beat_excused_until(const struct beat *b)
{
	return atomic_load_explicit(&b->excused_until_us, memory_order_relaxed);
}

#endif
