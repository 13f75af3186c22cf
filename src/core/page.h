/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * page: pages of one hash's providers, put together and cut.
 *
 * The order is that of table_page(), alike on all servers, and a page says with a cursor where it
 * ends. So several servers' pages that begin at the same place make one: what is before the
 * nearest of their ends is all that any of them has. Who have the same cursor stay together.
 */
#ifndef DHT_CORE_PAGE_H
#define DHT_CORE_PAGE_H

#include "core/table.h"

/* Sorts records[0 … n), leaves each provider once (in its newest version) and of them those before
 * *next (0: all), and cuts. Gives how many are left; *next is then where it goes on, 0 at the end.
 */
size_t page_unite(struct record *records, size_t n, size_t max, uint32_t *next);

/* Cuts a page that is in order to max or fewer, at least 1, so that *next is where it goes on. Of
 * a group with one cursor that alone is larger, max come and the rest is passed over. */
size_t page_cut(const struct record *records, size_t n, size_t max, uint32_t *next);

#endif
