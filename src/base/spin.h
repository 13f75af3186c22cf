/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spin: a one-byte lock for work of nanoseconds.
 *
 * Held for a few cache lines' worth of work, never across a system call or a loop without a
 * bound. It needs no system call itself, so that code which must stay free of them can use it.
 */
#ifndef DHT_BASE_SPIN_H
#define DHT_BASE_SPIN_H

#include <stdatomic.h>
#include <stdbool.h>

struct spin {
	_Atomic(bool) held;
};

/* Tells the processor that this is a waiting loop. */
static inline void spin_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

static inline void spin_lock(struct spin *s)
{
	while (atomic_exchange_explicit(&s->held, true, memory_order_acquire))
		while (atomic_load_explicit(&s->held, memory_order_relaxed))
			spin_pause();
}

static inline void spin_unlock(struct spin *s)
{
	atomic_store_explicit(&s->held, false, memory_order_release);
}

#endif
