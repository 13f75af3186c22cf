/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/repair_impl.h"

#include <assert.h>

#define SCAN_BATCH 32
#define CHOICES    64 /* partitions looked at for one job */

static void earn(struct repair *r, uint64_t bytes)
{
	r->budget += (int64_t)bytes;
	if (r->budget > BURST_BYTES)
		r->budget = BURST_BYTES;
}

static void refund(struct repair *r, struct repair_job *j)
{
	earn(r, j->reserved);
	j->reserved = 0;
}

/* What came in was reserved before, unless the source sends more than it may. */
static void spend(struct repair *r, struct repair_job *j, size_t len)
{
	uint32_t paid = len < j->reserved ? (uint32_t)len : j->reserved;

	repair_count(r, STATS_PULLED_BYTES, len);
	j->reserved -= paid;
	r->budget -= (int64_t)(len - paid);
}

static void refill(struct repair *r, uint64_t now_us)
{
	uint64_t past_us = now_us - r->budget_us;

	if (past_us > 1000000)
		past_us = 1000000;
	earn(r, past_us * REPAIR_BYTES_S / 1000000);
	r->budget_us = now_us;
}

/* The next PULL of the job is to be sent. */
static void rewind_answer(struct repair *r, struct repair_job *j)
{
	refund(r, j);
	j->sent = false;
	j->got = 0;
	j->of = 0;
}

static void end_job(struct repair *r, struct repair_job *j)
{
	struct repair_part *x = &r->part[j->partition];

	refund(r, j);
	x->pulling = false;
	x->want &= ~repair_bit(r, j->partition, j->slot);
	if (x->guest == j->slot)
		x->guest = RING_NONE;
	j->used = false;
	r->jobs_used--;
}

static void cancel(struct repair *r, struct repair_job *j)
{
	end_job(r, j);
	repair_queue(r, j->partition);
}

/* A later pass or round comes back to it. */
static void give_up(struct repair *r, struct repair_job *j)
{
	repair_count(r, STATS_PULLS_GIVEN_UP, 1);
	cancel(r, j);
}

/* All that it had is here. Who else differed then may not any more. */
static void complete_job(struct repair *r, struct repair_job *j, const struct now *now)
{
	uint32_t p = j->partition, bit = repair_bit(r, p, j->slot);
	struct repair_part *x = &r->part[p];
	bool owner = bit & repair_owners(r, p);

	end_job(r, j);
	repair_ask(r, p, x->want);
	x->want = 0;
	repair_queue(r, p);
	if (parts_get(r->parts, p) == PART_PARTIAL)
		repair_heard(r, p, j->slot, j->whole ? PEER_PART_COMPLETE : 0, true);
	if (!owner && j->steady)
		repair_confirm(r, p, j->slot, j->digest, now);
	repair_pursue(r, p, now->mono_us);
}

void repair_drop_jobs(struct repair *r, const struct view *old, bool all)
{
	for (size_t i = 0; i < REPAIR_JOBS; i++) {
		struct repair_job *j = &r->jobs[i];
		if (!j->used)
			continue;
		bool same = j->slot < old->slots && j->slot < r->view->slots &&
		            addr_equal(&old->members[j->slot].id, &r->view->members[j->slot].id);
		if (all || !same || !r->part[j->partition].owned || !repair_reachable(r, j->slot))
			cancel(r, j);
	}
}

/* Any of those that are wanted, and of these any that is complete. RING_NONE: there is none. */
static uint16_t choose_source(struct repair *r, uint32_t p)
{
	const struct repair_part *x = &r->part[p];
	uint32_t mask = repair_reach(r, p, x->want);

	if (mask == 0)
		return x->guest != RING_NONE && repair_reachable(r, x->guest) ? x->guest
		                                                              : RING_NONE;
	if (mask & x->whole)
		mask &= x->whole;
	uint32_t nth = rng_below(&r->rng, (uint32_t)__builtin_popcount(mask));
	while (nth-- > 0)
		mask &= mask - 1;
	return view_row(r->view, p)[__builtin_ctz(mask)];
}

/* The next partition of a set that somebody can be asked about. PARTSET_NONE: there is none. */
static uint32_t choose_partition(struct repair *r, uint32_t set, uint16_t *slot)
{
	for (uint32_t i = 0; i < CHOICES; i++) {
		uint32_t p = partset_next(&r->want[set], r->want_at[set]);
		if (p == PARTSET_NONE)
			break;
		r->want_at[set] = p + 1;
		*slot = choose_source(r, p);
		if (*slot != RING_NONE)
			return p;
		r->part[p].want = 0;
		r->part[p].guest = RING_NONE;
		repair_queue(r, p);
	}
	return PARTSET_NONE;
}

static bool begin_job(struct repair *r, struct repair_job *j)
{
	uint16_t slot;
	uint32_t p = choose_partition(r, 0, &slot);

	if (p == PARTSET_NONE)
		p = choose_partition(r, 1, &slot);
	if (p == PARTSET_NONE)
		return false;
	*j = (struct repair_job){.used = true, .slot = slot, .partition = p};
	r->jobs_used++;
	r->part[p].pulling = true;
	repair_queue(r, p);
	return true;
}

static void begin_jobs(struct repair *r)
{
	for (size_t i = 0; i < REPAIR_JOBS; i++)
		if (!r->jobs[i].used && !begin_job(r, &r->jobs[i]))
			break;
}

/* No answer, or only the first messages of one: go on behind these. A source of which there is
 * never more must not hold the job for ever. */
static void late_answer(struct repair *r, struct repair_job *j)
{
	uint32_t first = 0;

	while (j->got >> first & 1)
		first++;
	if (first > 0) {
		j->cursor = j->next[first - 1];
		j->late++;
	} else {
		j->tries++;
	}
	if (j->tries == PULL_TRIES || j->late == PULL_LATE)
		give_up(r, j);
	else
		rewind_answer(r, j);
}

static void find_late(struct repair *r, uint64_t now_us)
{
	for (size_t i = 0; i < REPAIR_JOBS; i++) {
		struct repair_job *j = &r->jobs[i];
		if (j->used && j->sent && j->due_us <= now_us)
			late_answer(r, j);
	}
}

/* Prints of what is here of one sub. */
struct prints {
	uint64_t print[PULL_PRINTS];
	size_t count, max;
	uint8_t split;
	uint32_t sub;
	bool fixed; /* split must not grow */
};

static bool is_in(uint64_t print, uint8_t split, uint32_t sub)
{
	return (print & ((UINT64_C(1) << split) - 1)) == sub;
}

static void halve(struct prints *l)
{
	size_t n = 0;

	l->split++;
	for (size_t i = 0; i < l->count; i++)
		if (is_in(l->print[i], l->split, l->sub))
			l->print[n++] = l->print[i];
	l->count = n;
}

/* What does not fit is sent to us though we have it. */
static void add_print(struct prints *l, uint64_t print)
{
	while (l->count == l->max && !l->fixed && l->split < PEER_SPLIT_MAX)
		halve(l);
	if (l->count < l->max && is_in(print, l->split, l->sub))
		l->print[l->count++] = print;
}

static void find_prints(const struct repair *r, uint32_t p, struct prints *l, uint64_t now_ms)
{
	struct table_item items[SCAN_BATCH];
	uint64_t cursor = 0;

	do {
		size_t n = table_scan(r->table, p, &cursor, items, SCAN_BATCH, now_ms);
		for (size_t i = 0; i < n; i++) {
			const struct record *x = &items[i].record;
			struct table_key key = table_key_of(
				(struct span){items[i].hash, items[i].hash_len});
			add_print(l, table_print(&key, &x->ip, x->port, x->version));
		}
	} while (cursor != 0);
}

/* How many prints fit a PULL. */
static size_t prints_max(const struct mail *mail)
{
	size_t max = (mail_inside(mail) - PEER_PULL_HEAD) / PEER_PRINT_LEN;

	return max < PULL_PRINTS ? max : PULL_PRINTS;
}

static bool send_pull(struct repair *r, struct mail *mail, struct repair_job *j, uint8_t window)
{
	struct prints l = {
		.max = prints_max(mail),
		.split = j->split,
		.sub = j->sub,
		.fixed = j->sub != 0 || j->cursor != 0,
	};
	struct flow flow = repair_flow(r, j->slot);
	uint8_t bytes[PULL_PRINTS * PEER_PRINT_LEN];

	find_prints(r, j->partition, &l, now_mono_ms(mail->now));
	for (size_t i = 0; i < l.count; i++)
		store_be64(bytes + i * PEER_PRINT_LEN, l.print[i]);
	struct peer_msg m = {
		.type = PEER_PULL,
		.pull = {.id = ++r->last_id,
			.partition = (uint16_t)j->partition,
			.split = l.split,
			.sub = (uint16_t)l.sub,
			.window = window,
			.cursor = j->cursor,
			.prints = {bytes, l.count * PEER_PRINT_LEN}},
	};
	if (!mail_put(mail, &flow, &m))
		return false;
	j->id = m.pull.id;
	j->split = l.split;
	j->window = window;
	j->sent = true;
	j->due_us = mail->now->mono_us + (PULL_WAIT_US << j->tries);
	j->steps++;
	j->reserved = (uint32_t)(window * mail->datagram_max);
	r->budget -= j->reserved;
	return true;
}

/* The PULLs that are to be sent to one server: they may come to share a datagram, and its lane has
 * PULL_DATAGRAMS for all answers. */
static bool send_to(struct repair *r, struct mail *mail, uint16_t slot)
{
	struct repair_job *group[PULL_EACH];
	size_t n = 0;

	for (size_t i = 0; i < REPAIR_JOBS && n < PULL_EACH; i++)
		if (r->jobs[i].used && !r->jobs[i].sent && r->jobs[i].slot == slot)
			group[n++] = &r->jobs[i];
	if (n == 0)
		return true;
	size_t window = PULL_DATAGRAMS / n < PEER_WINDOW_MAX ? PULL_DATAGRAMS / n : PEER_WINDOW_MAX;
	for (size_t i = 0; i < n; i++)
		if (r->budget <= 0 || !send_pull(r, mail, group[i], (uint8_t)window))
			return false;
	return true;
}

void repair_pull(struct repair *r, struct mail *mail)
{
	uint16_t slots[REPAIR_JOBS];
	size_t n = 0;

	refill(r, mail->now->mono_us);
	find_late(r, mail->now->mono_us);
	begin_jobs(r);
	for (size_t i = 0; i < REPAIR_JOBS; i++) {
		const struct repair_job *j = &r->jobs[i];
		bool known = false;
		for (size_t k = 0; k < n; k++)
			known |= slots[k] == j->slot;
		if (j->used && !j->sent && !known)
			slots[n++] = j->slot;
	}
	for (size_t i = 0; i < n; i++)
		if (!send_to(r, mail, slots[i]))
			break;
}

uint64_t repair_pull_deadline(const struct repair *r)
{
	uint64_t owed = r->budget > 0 ? 0 : (uint64_t)-r->budget + 1;
	uint64_t can_us = r->budget_us + (owed * 1000000 + REPAIR_BYTES_S - 1) / REPAIR_BYTES_S;
	uint64_t due_us = UINT64_MAX;

	if (r->jobs_used < REPAIR_JOBS && (r->want[0].count || r->want[1].count))
		return can_us;
	for (size_t i = 0; i < REPAIR_JOBS; i++) {
		const struct repair_job *j = &r->jobs[i];
		uint64_t us = j->sent ? j->due_us : can_us;
		if (j->used && us < due_us)
			due_us = us;
	}
	return due_us;
}

static int take_item(struct repair *r, const struct letter *l, const struct peer_item *item,
	const struct now *now)
{
	struct table_key key = table_key_of(item->hash);
	struct record record = letter_record(l, &item->record);

	return lane_store_copy(r->lane, &key, &record, now);
}

static void take_items(struct repair *r, struct repair_job *j, const struct letter *l,
	struct span rest, const struct now *now)
{
	struct peer_item item;

	while (peer_item_next(&rest, &item)) {
		repair_count(r, STATS_PULLED_RECORDS, 1);
		if (take_item(r, l, &item, now) < 0) {
			repair_count(r, STATS_PULLED_REFUSED, 1);
			j->refused++;
		}
	}
}

/* The whole answer is here: on to the next. */
static void advance(struct repair *r, struct repair_job *j, const struct now *now)
{
	j->cursor = j->next[j->of - 1];
	j->tries = 0;
	rewind_answer(r, j);
	j->sub += j->cursor == 0;
	bool done = j->sub >> j->split != 0;
	if (j->refused >= PULL_REFUSED || j->steps == PULL_STEPS || (done && j->refused))
		give_up(r, j);
	else if (done)
		complete_job(r, j, now);
}

static struct repair_job *find_job(
	struct repair *r, const struct letter *l, const struct peer_pulled *m)
{
	for (size_t i = 0; i < REPAIR_JOBS; i++) {
		struct repair_job *j = &r->jobs[i];
		if (j->used && j->sent && j->id == m->id && j->partition == m->partition &&
			addr_equal(&r->view->members[j->slot].id, &l->id))
			return j;
	}
	return NULL;
}

/* Not what is there already, nor more than was asked for: what is left of the budget for others
 * must not hang on one who says everything a thousand times. */
static bool is_asked_for(const struct repair_job *j, const struct peer_pulled *m)
{
	return m->of <= j->window && (j->of == 0 || j->of == m->of) && !(j->got >> m->index & 1);
}

/* Whether it is still what the job began with. A server that has started anew since has to be
 * pulled from the start. */
static bool note_source(struct repair_job *j, const struct letter *l, const struct peer_pulled *m)
{
	bool whole = m->flags & PEER_PULLED_COMPLETE;

	if (!j->begun) {
		j->begun = j->steady = true;
		j->whole = whole;
		j->digest = m->digest;
		j->start = l->start;
	}
	j->steady &= j->digest == m->digest;
	j->whole &= whole;
	return j->start == l->start;
}

void repair_take_pulled(struct repair *r, const struct letter *l, const struct peer_pulled *m,
	size_t len, const struct now *now)
{
	struct repair_job *j = find_job(r, l, m);

	if (!j || !is_asked_for(j, m))
		return;
	spend(r, j, len);
	if (!note_source(j, l, m)) {
		give_up(r, j);
		return;
	}
	take_items(r, j, l, m->items, now);
	j->next[m->index] = m->cursor;
	j->got |= 1u << m->index;
	j->of = m->of;
	if (j->got == (1u << j->of) - 1)
		advance(r, j, now);
}
