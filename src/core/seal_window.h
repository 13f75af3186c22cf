/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * seal_window: which numbers of a count were seen already (RFC 6479).
 *
 *     top - 2047 ………………………… top         these are known one by one; what is older counts as seen,
 *     [word][word] … [word][word][    ]   what is newer moves the window
 *
 * Words are used round and round, one more than the window needs, so that moving it zeroes whole
 * words and shifts nothing. Not safe for several threads: a session's lock guards its windows.
 */
#ifndef DHT_CORE_SEAL_WINDOW_H
#define DHT_CORE_SEAL_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mutant.h"
#include "core/seal.h"

#define WINDOW_WORDS (SEAL_WINDOW / 64 + 1)

_Static_assert(SEAL_WINDOW % 64 == 0, "a window is whole words");

/* Empty when all zero. */
struct window {
	struct window *next; /* of its session, in the same chain */
	uint16_t stream;
	uint64_t top; /* the greatest number seen */
	uint64_t bits[WINDOW_WORDS];
};

/* Takes a number, which counts from 1: false when it was seen, or may have been. */
static inline bool window_take(struct window *w, uint64_t number)
{
	uint64_t word = number / 64, bit = UINT64_C(1) << number % 64;

	if (number == 0 || (number <= w->top && w->top - number >= SEAL_WINDOW))
		return false;
	if (number > w->top) {
		uint64_t fresh = word - w->top / 64;
		for (uint64_t i = 0; i < fresh && i < WINDOW_WORDS; i++)
			w->bits[(word - i) % WINDOW_WORDS] = 0;
		w->top = number;
	}
	bool seen = w->bits[word % WINDOW_WORDS] & bit;
	if (!MUTANT(16) || number != w->top)
		w->bits[word % WINDOW_WORDS] |= bit;
	return !seen;
}

#endif
