/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mutant.h"
#include "core/lane.h"

#define ITEM_MAX (1 + HASH_MAX + PEER_RECORD_MAX)
#define LOOK_MAX 16384 /* records looked at for one answer */

/* One message of the answer. */
struct page {
	uint64_t cursor; /* behind it */
	size_t len;
	uint8_t bytes[PARCEL_MAX];
};

/* The answer to one PULL while it grows. */
struct answer {
	const struct peer_request *rq;
	uint64_t cursor;
	uint32_t looked;
	struct table_item items[TABLE_SCAN_MIN];
	size_t pages;
	struct page page[PEER_WINDOW_MAX];
};

static bool is_listed(struct span prints, uint64_t print)
{
	for (size_t i = 0; i + PEER_PRINT_LEN <= prints.len; i += PEER_PRINT_LEN)
		if (load_be64(prints.p + i) == print)
			return true;
	return false;
}

static bool is_wanted(
	const struct peer_pull *q, const struct table_key *key, const struct record *r)
{
	uint64_t print = table_print(key, &r->ip, r->port, r->version);

	if ((print & ((UINT64_C(1) << q->split) - 1)) != q->sub)
		return false;
	return !is_listed(q->prints, print);
}

/* Writes what is wanted of n items; gives the size of the largest. */
static size_t write_items(struct answer *a, struct writer *w, size_t n)
{
	size_t largest = 0;

	for (size_t i = 0; i < n; i++) {
		const struct table_item *x = &a->items[i];
		struct peer_item item = {.hash = {x->hash, x->hash_len}};
		struct table_key key = table_key_of(item.hash);
		const uint8_t *start = w->p;

		if (!is_wanted(&a->rq->msg.pull, &key, &x->record) ||
			!lane_tell_record(&x->record, a->rq->now_ms, &item.record))
			continue;
		peer_write_item(w, &item);
		if ((size_t)(w->p - start) > largest)
			largest = (size_t)(w->p - start);
	}
	return largest;
}

static bool is_over(const struct answer *a)
{
	return a->cursor == 0 || a->looked >= LOOK_MAX;
}

/*
 * Fills one message, as many records at a time as fit if they are as large as those before. When
 * they turn out to be larger, the same are asked for again, as many as fit for certain: so where it
 * stops is always where the table can go on.
 */
static void fill(struct answer *a, struct writer *w)
{
	const struct peer_request *rq = a->rq;
	size_t each = ITEM_MAX, max;

	while ((max = writer_left(w) / each) > 0) {
		struct writer before = *w;
		uint64_t cursor = a->cursor;
		size_t n = table_scan(rq->server->table, rq->msg.pull.partition ^ MUTANT(14),
			&a->cursor, a->items, max < TABLE_SCAN_MIN ? max : TABLE_SCAN_MIN,
			rq->now_ms);
		size_t largest = write_items(a, w, n);

		if (w->failed) {
			*w = before;
			a->cursor = cursor;
			each = ITEM_MAX;
			continue;
		}
		if (largest > 0)
			each = largest;
		a->looked += (uint32_t)n + 1;
		if (is_over(a))
			return;
	}
}

static void add_page(struct answer *a, size_t size)
{
	struct page *page = &a->page[a->pages++];
	struct writer w = writer_of(page->bytes, size);

	fill(a, &w);
	page->len = writer_used(&w);
	page->cursor = a->cursor;
}

/* Asked for when all is read: what the cluster's thread lets go of is marked before it goes, so
 * what is found gone is never called complete. */
static uint8_t flags_of(const struct peer_request *rq)
{
	uint32_t p = rq->msg.pull.partition;
	enum part_state state = parts_get(&rq->server->parts, p);

	if (state == PART_COMPLETE)
		return PEER_PULLED_COMPLETE;
	if (state == PART_NONE && !view_owns(rq->view, p, rq->view->self))
		return PEER_PULLED_NOT_MINE;
	return 0;
}

static void send_pages(const struct answer *a, uint64_t digest)
{
	const struct peer_request *rq = a->rq;
	struct peer_msg m = {
		.type = PEER_PULLED,
		.pulled = {.id = rq->msg.pull.id,
			.partition = rq->msg.pull.partition,
			.flags = flags_of(rq),
			.of = (uint8_t)a->pages,
			.digest = digest},
	};

	for (uint8_t i = 0; i < a->pages; i++) {
		m.pulled.index = i;
		m.pulled.cursor = a->page[i].cursor;
		m.pulled.items = (struct span){a->page[i].bytes, a->page[i].len};
		if (!mail_put(rq->mail, rq->flow, &m))
			return;
	}
}

void peer_handle_pull(struct peer_request *rq)
{
	const struct peer_pull *q = &rq->msg.pull;
	uint64_t digest = table_digest_of(
		table_digest(rq->server->table, q->partition, rq->now_ms));
	size_t size = mail_inside(rq->mail) - PEER_PULLED_HEAD, room = mail_room(rq->mail);
	struct answer a;

	a.rq = rq;
	a.cursor = q->cursor;
	a.looked = 0;
	a.pages = 0;
	if (size > PARCEL_MAX)
		size = PARCEL_MAX;
	do {
		add_page(&a, size);
	} while (!is_over(&a) && a.pages < q->window && a.pages < room);
	send_pages(&a, digest);
}
