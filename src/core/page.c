/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/page.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/version.h"

static uint32_t cursor_of(const struct record *r)
{
	return table_cursor_of(&r->ip, r->port);
}

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* The newest copy of a provider is the first. */
static int compare(const void *left, const void *right)
{
	const struct record *a = left, *b = right;
	int order = compare_numbers(cursor_of(a), cursor_of(b));

	if (order == 0)
		order = memcmp(&a->ip, &b->ip, sizeof(a->ip));
	if (order == 0)
		order = compare_numbers(a->port, b->port);
	if (order == 0)
		order = compare_numbers(version_order(b->version), version_order(a->version));
	return order;
}

static bool same_provider(const struct record *a, const struct record *b)
{
	return a->port == b->port && ip_equal(&a->ip, &b->ip);
}

size_t page_cut(const struct record *records, size_t n, size_t max, uint32_t *next)
{
	if (n <= max)
		return n;
	assert(max > 0);
	uint32_t cursor = cursor_of(&records[max]);
	size_t whole = max, behind = max;

	while (whole > 0 && cursor_of(&records[whole - 1]) == cursor)
		whole--;
	if (whole > 0) {
		*next = cursor;
		return whole;
	}
	while (behind < n && cursor_of(&records[behind]) == cursor)
		behind++;
	if (behind < n)
		*next = cursor_of(&records[behind]);
	return max;
}

size_t page_unite(struct record *records, size_t n, size_t max, uint32_t *next)
{
	size_t count = 0;

	qsort(records, n, sizeof(*records), compare);
	for (size_t i = 0; i < n; i++) {
		if (*next != 0 && cursor_of(&records[i]) >= *next)
			break;
		if (count == 0 || !same_provider(&records[count - 1], &records[i]))
			records[count++] = records[i];
	}
	return page_cut(records, count, max, next);
}
