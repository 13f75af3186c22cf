/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * providers: the providers of one hash as they come in, page by page.
 *
 * While pages are fetched, records come and go at the server, so the same provider can be on two
 * pages; sorting at the end finds it. A server cannot make the list grow without end: it has a
 * limit, far above what any server stores.
 */
#ifndef DHT_CLIENT_PROVIDERS_H
#define DHT_CLIENT_PROVIDERS_H

#include <stddef.h>

#include "client/dht.h"

#define PROVIDERS_MAX (1u << 20)

struct providers {
	struct dht_provider *items;
	size_t count, capacity;
};

/* 0, DHT_ERR_MEMORY, or DHT_ERR_PROTOCOL when there are PROVIDERS_MAX already. */
int providers_add(struct providers *p, const struct dht_provider *one);

/* By address, then port; below, at or above 0. */
int provider_compare(const struct dht_provider *a, const struct dht_provider *b);

/* Sorts, and keeps of equal address and port the one that lives longest. */
void providers_sort(struct providers *p);

/* Empties it and gives the memory back. */
void providers_fini(struct providers *p);

#endif
