/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/repair_impl.h"

#include <stdlib.h>

#define ANSWER_ITEMS   (PARCEL_MAX / PEER_COMPARE_LEN)
#define ANSWER_LATE_US 60000000 /* ROUND counts microseconds, and comes round in 71 minutes */

void repair_hurry(struct repair *r, uint64_t now_us)
{
	uint64_t due = r->passed_us + PASS_FIRST_US;

	r->pass_gap_us = PASS_FIRST_US;
	r->pass_us = r->passed_us != 0 && due > now_us ? due : now_us;
}

/* A partition that is not ours has something in it. */
static void find_stray(struct repair *r, uint32_t p, uint64_t now_us)
{
	if (parts_get(r->parts, p) != PART_NONE)
		return;
	repair_reset(r, p, now_us);
	repair_mark(r, p, false, PART_PARTIAL);
	repair_hurry(r, now_us);
}

/* The owners that have not said yet that they are complete. */
static uint32_t not_whole(const struct repair *r, uint32_t p)
{
	return repair_owners(r, p) & ~r->part[p].whole;
}

/* What is kept and is empty is worth its word that there is nothing, until the owners know as much:
 * there is no hurry. */
static void steady_other(struct repair *r, uint32_t p, uint64_t now_us)
{
	if (!table_is_empty(r->table, p))
		find_stray(r, p, now_us);
	else if (parts_get(r->parts, p) == PART_COMPLETE)
		repair_ask(r, p, not_whole(r, p));
}

static void steady_step(struct repair *r, uint64_t now_us)
{
	for (uint32_t i = 0; i < STEADY_PARTS; i++, r->steady_at++) {
		uint32_t p = r->steady_at;
		if (!r->part[p].owned)
			steady_other(r, p, now_us);
		else if (parts_get(r->parts, p) == PART_COMPLETE && !table_is_empty(r->table, p))
			repair_ask(r, p, repair_owners(r, p));
	}
	if (r->steady_at == TABLE_PARTITIONS) {
		r->steady_at = 0;
		r->last_round_us = now_us;
	}
}

void repair_steady(struct repair *r, const struct now *now)
{
	uint64_t gap = r->conf.interval_us / STEADY_STEPS;

	if (gap == 0)
		gap = 1;
	if (r->steady_us == 0)
		r->steady_us = now->mono_us;
	for (uint32_t i = 0; i < STEADY_STEPS && r->steady_us <= now->mono_us; i++) {
		steady_step(r, now->mono_us);
		r->steady_us += gap;
	}
	if (r->steady_us <= now->mono_us)
		r->steady_us = now->mono_us + gap;
}

/* Lets go of what all owners have. While that goes on, no lane must call what it finds complete
 * (peer_pull.c). */
static void let_go(struct repair *r, uint32_t p, const struct now *now)
{
	struct repair_part *x = &r->part[p];
	uint32_t owners = repair_owners(r, p);
	enum part_state state = parts_get(r->parts, p);

	if (x->owned || owners == 0 || (owners & ~x->confirmed && !MUTANT(10)))
		return;
	if (MUTANT(10))
		x->digest = repair_digest(r, p, now_mono_ms(now));
	repair_mark(r, p, false, PART_PARTIAL);
	if (table_drop(r->table, p, x->digest, now_mono_ms(now))) {
		repair_mark(r, p, false, PART_NONE);
		repair_count(r, STATS_PARTITIONS_DROPPED, 1);
	} else {
		repair_mark(r, p, false, state);
		x->confirmed = 0;
		repair_ask(r, p, owners);
	}
}

/* Nothing is kept any more, and nobody needs to be told so. */
static void forget(struct repair *r, uint32_t p)
{
	bool complete = parts_get(r->parts, p) == PART_COMPLETE;

	if (r->part[p].owned || !table_is_empty(r->table, p))
		return;
	if (!complete || (repair_owners(r, p) && !not_whole(r, p)))
		repair_mark(r, p, false, PART_NONE);
}

static void pass_kept(struct repair *r, uint32_t p, const struct now *now)
{
	struct repair_part *x = &r->part[p];

	forget(r, p);
	let_go(r, p, now);
	if (!table_is_empty(r->table, p))
		repair_ask(r, p, repair_owners(r, p) & ~x->confirmed);
}

static void pass_part(struct repair *r, uint32_t p, const struct now *now)
{
	if (r->part[p].owned)
		repair_pursue(r, p, now->mono_us);
	else
		pass_kept(r, p, now);
}

static uint64_t slowest_us(const struct repair *r)
{
	uint64_t us = r->conf.interval_us / 4;

	if (us > PASS_SLOWEST_US)
		us = PASS_SLOWEST_US;
	return us < PASS_FIRST_US ? PASS_FIRST_US : us;
}

void repair_pass(struct repair *r, const struct now *now)
{
	if (r->fast.count == 0 || now->mono_us < r->pass_us)
		return;
	for (uint32_t p = partset_next(&r->fast, 0), last = 0; p != PARTSET_NONE && p >= last;) {
		pass_part(r, p, now);
		last = p + 1;
		p = last < TABLE_PARTITIONS ? partset_next(&r->fast, last) : PARTSET_NONE;
	}
	r->passed_us = now->mono_us;
	r->pass_us = now->mono_us + r->pass_gap_us;
	r->pass_gap_us *= 2;
	if (r->pass_gap_us > slowest_us(r))
		r->pass_gap_us = slowest_us(r);
}

static int by_slot(const void *a, const void *b)
{
	const struct repair_item *x = a, *y = b;

	if (x->slot != y->slot)
		return x->slot < y->slot ? -1 : 1;
	return (x->partition > y->partition) - (x->partition < y->partition);
}

static void write_item(struct writer *w, uint8_t type, const struct repair_item *x)
{
	if (type == PEER_COMPARE) {
		struct peer_compare_item item = {x->partition, x->flags, x->digest};
		peer_write_compare(w, &item);
	} else {
		struct peer_confirm_item item = {x->partition, x->digest};
		peer_write_confirm(w, &item);
	}
}

/* Sends items[0 … n), which are all for one member, as far as they go into one message; gives how
 * many did, 0 when there is no room. */
static size_t send_message(struct repair *r, struct mail *mail, uint8_t type,
	const struct repair_item *items, size_t n)
{
	size_t each = type == PEER_COMPARE ? PEER_COMPARE_LEN : PEER_CONFIRM_LEN;
	struct flow flow = repair_flow(r, items[0].slot);
	uint8_t bytes[PARCEL_MAX];
	size_t fits = mail_fits(mail, &flow), sent = 0;

	if (fits < PEER_COMPARE_HEAD + each)
		fits = mail_room(mail) > 0 ? mail_inside(mail) : 0;
	if (fits < PEER_COMPARE_HEAD + each)
		return 0;
	if (fits > sizeof(bytes))
		fits = sizeof(bytes);
	struct writer w = writer_of(bytes, fits - PEER_COMPARE_HEAD);
	while (sent < n && writer_left(&w) >= each)
		write_item(&w, type, &items[sent++]);

	struct peer_msg m = {.type = type};
	struct span list = {.p = bytes, .len = writer_used(&w)};
	if (type == PEER_COMPARE)
		m.compare = (struct peer_compare){(uint32_t)mail->now->mono_us, list};
	else
		m.confirm = (struct peer_confirm){list};
	return mail_put(mail, &flow, &m) ? sent : 0;
}

/* Sends a batch, member by member; gives how many of its items went. */
static size_t send_batch(
	struct repair *r, struct mail *mail, uint8_t type, struct repair_item *items, size_t n)
{
	size_t sent = 0;

	qsort(items, n, sizeof(items[0]), by_slot);
	while (sent < n) {
		size_t group = 1;
		while (sent + group < n && items[sent + group].slot == items[sent].slot)
			group++;
		size_t went = send_message(r, mail, type, &items[sent], group);
		if (went == 0)
			break;
		sent += went;
	}
	return sent;
}

/* Who keeps it offers it again if this gets lost. */
static void confirm_later(
	struct repair *r, uint32_t p, uint16_t slot, uint64_t digest, const struct now *now)
{
	if (r->confirm_count == CONFIRMS_MAX) {
		repair_count(r, STATS_CONFIRMS_LOST, 1);
		return;
	}
	if (r->confirm_count == 0)
		r->confirm_us = now->mono_us + BATCH_GAP_US;
	r->confirms[r->confirm_count++] = (struct repair_item){
		.slot = slot,
		.partition = (uint16_t)p,
		.digest = digest,
	};
}

void repair_confirm(
	struct repair *r, uint32_t p, uint16_t slot, uint64_t digest, const struct now *now)
{
	if (r->part[p].owned && digest != r->empty)
		confirm_later(r, p, slot, digest, now);
}

void repair_send_confirms(struct repair *r, struct mail *mail)
{
	size_t n = r->confirm_count;

	if (n == 0 || (n < CONFIRMS_MAX / 2 && mail->now->mono_us < r->confirm_us))
		return;
	size_t sent = send_batch(r, mail, PEER_CONFIRM, r->confirms, n);
	repair_count(r, STATS_CONFIRMS_LOST, n - sent);
	r->confirm_count = 0;
}

/* A batch of questions that grows. */
struct batch {
	size_t items, parts, records;
};

static bool is_full(const struct batch *b)
{
	return b->items + RING_ROW_MAX > BATCH_MAX || b->parts == BATCH_PARTS ||
	       b->records >= BATCH_RECORDS;
}

/* Puts the questions about one partition into the batch. */
static void gather(struct repair *r, uint32_t p, struct batch *b, uint64_t now_ms)
{
	struct repair_part *x = &r->part[p];
	struct table_digest digest = table_digest(r->table, p, now_ms);
	uint32_t ask = repair_reach(r, p, x->ask);

	for (uint32_t i = 0; i < r->view->row_len; i++)
		if (ask >> i & 1)
			r->batch[b->items++] = (struct repair_item){
				.slot = view_row(r->view, p)[i],
				.partition = (uint16_t)p,
				.flags = repair_flags(r, p),
				.digest = table_digest_of(digest),
			};
	b->parts++;
	b->records += digest.count;
	x->ask = 0;
	partset_put(&r->soon, p, false);
}

void repair_send_compares(struct repair *r, struct mail *mail)
{
	struct batch b = {0};

	if (r->soon.count == 0 || mail->now->mono_us < r->batch_us)
		return;
	while (!is_full(&b) && r->soon.count > 0) {
		uint32_t p = partset_next(&r->soon, r->soon_at);
		gather(r, p, &b, now_mono_ms(mail->now));
		r->soon_at = p + 1;
	}
	for (size_t i = send_batch(r, mail, PEER_COMPARE, r->batch, b.items); i < b.items; i++) {
		uint32_t p = r->batch[i].partition;
		repair_ask(r, p, repair_bit(r, p, r->batch[i].slot));
	}
	r->batch_us = mail->now->mono_us + BATCH_GAP_US;
}

/* Whether what was said at time us is about the partition as it is since it changed hands. */
static bool is_news(const struct repair *r, uint32_t p, uint64_t us)
{
	return us >= r->part[p].since_us;
}

static void confirmed(
	struct repair *r, uint32_t p, uint16_t slot, uint64_t digest, const struct now *now)
{
	struct repair_part *x = &r->part[p];

	if (x->owned || digest != repair_digest(r, p, now_mono_ms(now)))
		return;
	if (x->digest != digest)
		x->confirmed = 0;
	x->digest = digest;
	x->confirmed |= repair_bit(r, p, slot) & repair_owners(r, p);
	let_go(r, p, now);
}

/* One partition that another server has something to say of, as it was at sent_us. */
struct meeting {
	uint32_t p;
	uint16_t slot;
	uint8_t flags;
	bool same;  /* we have the very same */
	bool empty; /* it has nothing */
	bool news;
};

static void meet_as_owner(
	struct repair *r, const struct meeting *m, uint64_t digest, const struct now *now)
{
	bool complete = parts_get(r->parts, m->p) == PART_COMPLETE;
	bool owner = m->flags & PEER_PART_OWNER, whole = m->flags & PEER_PART_COMPLETE;

	if (m->news)
		repair_heard(r, m->p, m->slot, m->flags, m->same || m->empty);
	if (m->same && !owner)
		repair_confirm(r, m->p, m->slot, digest, now);
	/* An owner that is partial itself only looks for what it has not got. */
	if (!m->same && !m->empty && (whole || !owner))
		repair_want(r, m->p, m->slot);
	if (!complete)
		repair_pursue(r, m->p, now->mono_us);
}

/* That an owner has the same is as good as its word for it. */
static void meet_as_keeper(
	struct repair *r, const struct meeting *m, uint64_t digest, const struct now *now)
{
	bool owner = m->flags & PEER_PART_OWNER;

	if (!m->news)
		return;
	repair_heard(r, m->p, m->slot, m->flags, false);
	forget(r, m->p);
	if (m->same && !m->empty && owner)
		confirmed(r, m->p, m->slot, digest, now);
}

static struct peer_compared_item meet(struct repair *r, uint16_t slot, const struct letter *l,
	const struct peer_compare_item *item, const struct now *now)
{
	uint32_t p = item->partition;
	uint64_t digest = repair_digest(r, p, now_mono_ms(now));
	struct meeting m = {
		.p = p,
		.slot = slot,
		.flags = item->flags,
		.same = digest == item->digest,
		.empty = item->digest == r->empty,
		.news = is_news(r, p, l->sent_us),
	};
	uint8_t differs = m.same ? 0 : PEER_PART_DIFFERS;
	struct peer_compared_item answer = {item->partition, repair_flags(r, p) | differs};

	if (slot == RING_NONE)
		return answer;
	if (r->part[p].owned)
		meet_as_owner(r, &m, digest, now);
	else
		meet_as_keeper(r, &m, digest, now);
	return answer;
}

void repair_take_compare(struct repair *r, struct mail *mail, const struct flow *flow,
	const struct letter *l, const struct peer_compare *m)
{
	uint16_t slot = view_find(r->view, &l->id);
	uint8_t bytes[ANSWER_ITEMS * PEER_COMPARED_LEN];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct span rest = m->items;
	struct peer_compare_item item;

	while (writer_left(&w) >= PEER_COMPARED_LEN && peer_compare_next(&rest, &item)) {
		struct peer_compared_item answer = meet(r, slot, l, &item, mail->now);
		peer_write_compared(&w, &answer);
	}
	struct peer_msg answer = {
		.type = PEER_COMPARED,
		.compared = {m->round, {bytes, writer_used(&w)}},
	};
	mail_put(mail, flow, &answer);
}

static void compared(struct repair *r, uint16_t slot, const struct peer_compared_item *item,
	uint64_t asked_us, const struct now *now)
{
	uint32_t p = item->partition;
	bool same = !(item->flags & PEER_PART_DIFFERS), whole = item->flags & PEER_PART_COMPLETE;

	if (!is_news(r, p, asked_us))
		return;
	repair_heard(r, p, slot, item->flags, same);
	forget(r, p);
	if (!r->part[p].owned)
		return;
	if (!same && (whole || parts_get(r->parts, p) == PART_COMPLETE))
		repair_want(r, p, slot);
	if (parts_get(r->parts, p) == PART_PARTIAL)
		repair_pursue(r, p, now->mono_us);
}

void repair_take_compared(struct repair *r, const struct letter *l, const struct peer_compared *m,
	const struct now *now)
{
	uint16_t slot = view_find(r->view, &l->id);
	uint32_t age_us = (uint32_t)now->mono_us - m->round;
	struct span rest = m->items;
	struct peer_compared_item item;

	if (slot == RING_NONE || age_us > ANSWER_LATE_US || age_us > now->mono_us)
		return;
	while (peer_compared_next(&rest, &item))
		compared(r, slot, &item, now->mono_us - age_us, now);
}

void repair_take_confirm(struct repair *r, const struct letter *l, const struct peer_confirm *m,
	const struct now *now)
{
	uint16_t slot = view_find(r->view, &l->id);
	struct span rest = m->items;
	struct peer_confirm_item item;

	if (slot == RING_NONE)
		return;
	while (peer_confirm_next(&rest, &item))
		if (is_news(r, item.partition, l->sent_us))
			confirmed(r, item.partition, slot, item.digest, now);
}
