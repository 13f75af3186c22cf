/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/providers.h"

#include <stdlib.h>
#include <string.h>

int providers_add(struct providers *p, const struct dht_provider *one)
{
	if (p->count == PROVIDERS_MAX)
		return DHT_ERR_PROTOCOL;
	if (p->count == p->capacity) {
		size_t capacity = p->capacity ? 2 * p->capacity : 4;
		void *items = realloc(p->items, capacity * sizeof(*p->items));
		if (!items)
			return DHT_ERR_MEMORY;
		p->items = items;
		p->capacity = capacity;
	}
	p->items[p->count++] = *one;
	return 0;
}

int provider_compare(const struct dht_provider *a, const struct dht_provider *b)
{
	int order = memcmp(a->ip, b->ip, sizeof(a->ip));

	return order ? order : (a->port > b->port) - (a->port < b->port);
}

/* Of equal providers the longest-lived comes first, and stays. */
static int compare_for_sort(const void *left, const void *right)
{
	const struct dht_provider *a = left, *b = right;
	int order = provider_compare(a, b);

	return order ? order : (a->ttl_s < b->ttl_s) - (a->ttl_s > b->ttl_s);
}

void providers_sort(struct providers *p)
{
	size_t kept = 0;

	if (p->count < 2)
		return;
	qsort(p->items, p->count, sizeof(*p->items), compare_for_sort);
	for (size_t i = 1; i < p->count; i++)
		if (provider_compare(&p->items[kept], &p->items[i]) != 0)
			p->items[++kept] = p->items[i];
	p->count = kept + 1;
}

void providers_fini(struct providers *p)
{
	free(p->items);
	*p = (struct providers){0};
}
