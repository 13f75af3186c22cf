/* SPDX-License-Identifier: BSD-2-Clause */
/* suggest: what somebody who wrote this word may have meant. */
#ifndef DHT_BASE_SUGGEST_H
#define DHT_BASE_SUGGEST_H

#include <stddef.h>

#define SUGGEST_WORD_MAX 64

/* The least number of letters put in, taken out, changed or swapped with their neighbour that
 * makes b of a (optimal string alignment). SIZE_MAX for words longer than SUGGEST_WORD_MAX. */
size_t suggest_distance(const char *a, const char *b);

/* The nearest of names, if it is near enough to be a slip (a third of the word, at least one
 * letter) or the word is the start of just that one; NULL otherwise. */
const char *suggest_nearest(const char *word, const char *const *names, size_t count);

#endif
