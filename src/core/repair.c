/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/repair_impl.h"

#include <assert.h>
#include <stdlib.h>

struct repair *repair_new(
	const struct repair_conf *conf, struct parts *parts, struct lane *lane, uint64_t random)
{
	struct repair *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->conf = *conf;
	r->parts = parts;
	r->lane = lane;
	r->table = lane->server->table;
	rng_init(&r->rng, random);
	r->last_id = (uint32_t)rng_u64(&r->rng);
	r->empty = table_digest_of((struct table_digest){0});
	r->budget = BURST_BYTES;
	for (uint32_t p = 0; p < TABLE_PARTITIONS; p++)
		r->part[p].guest = RING_NONE;
	return r;
}

void repair_free(struct repair *r)
{
	free(r);
}

void repair_configure(struct repair *r, const struct repair_conf *conf)
{
	r->conf = *conf;
	r->steady_us = 0;
}

struct flow repair_flow(const struct repair *r, uint16_t slot)
{
	return (struct flow){.remote = r->view->members[slot].id, .socket = FLOW_ASK};
}

/* After a pause the others may have gone on without us. */
static void wake(struct repair *r, uint64_t now_us)
{
	uint64_t late_us = r->promised_us && now_us > r->promised_us ? now_us - r->promised_us : 0;

	if (late_us < REPAIR_LATE_MS * UINT64_C(1000) || r->view->alone)
		return;
	r->promised_us = now_us;
	if (late_us >= LOST_MS * UINT64_C(1000)) {
		repair_doubt(r, now_us);
		return;
	}
	for (uint32_t p = 0; p < TABLE_PARTITIONS; p++)
		if (r->part[p].owned && parts_get(r->parts, p) == PART_COMPLETE)
			repair_ask(r, p, repair_owners(r, p));
}

bool repair_take(struct repair *r, struct mail *mail, const struct flow *flow,
	const struct letter *l, struct span message)
{
	struct peer_msg m;

	if (!r->view || peer_decode(message, &m) != MSG_GOOD)
		return false;
	wake(r, mail->now->mono_us);
	switch (m.type) {
	case PEER_COMPARE: repair_take_compare(r, mail, flow, l, &m.compare); return true;
	case PEER_COMPARED: repair_take_compared(r, l, &m.compared, mail->now); return true;
	case PEER_PULLED: repair_take_pulled(r, l, &m.pulled, message.len, mail->now); return true;
	case PEER_CONFIRM: repair_take_confirm(r, l, &m.confirm, mail->now); return true;
	case PEER_PULL: return true;
	default: return false;
	}
}

void repair_tick(struct repair *r, struct mail *mail)
{
	if (!r->view)
		return;
	wake(r, mail->now->mono_us);
	repair_steady(r, mail->now);
	repair_pass(r, mail->now);
	repair_pull(r, mail);
	repair_send_confirms(r, mail);
	repair_send_compares(r, mail);
	r->promised_us = repair_deadline(r);
	if (r->promised_us < mail->now->mono_us)
		r->promised_us = mail->now->mono_us;
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t repair_deadline(const struct repair *r)
{
	uint64_t due_us = r->steady_us;

	if (!r->view)
		return UINT64_MAX;
	if (r->fast.count)
		due_us = sooner(due_us, r->pass_us);
	if (r->soon.count)
		due_us = sooner(due_us, r->batch_us);
	if (r->confirm_count)
		due_us = sooner(due_us, r->confirm_us);
	return sooner(due_us, repair_pull_deadline(r));
}

struct repair_progress repair_progress(const struct repair *r)
{
	const struct stats *stats = &r->lane->stats;

	return (struct repair_progress){
		.owned = r->owned,
		.partial = r->partial,
		.kept = r->kept,
		.pulled_records = stats_get(stats, STATS_PULLED_RECORDS),
		.pulled_bytes = stats_get(stats, STATS_PULLED_BYTES),
		.refused_records = stats_get(stats, STATS_PULLED_REFUSED),
		.dropped_partitions = stats_get(stats, STATS_PARTITIONS_DROPPED),
		.given_up = stats_get(stats, STATS_PULLS_GIVEN_UP),
		.lost_confirms = stats_get(stats, STATS_CONFIRMS_LOST),
		.last_round_us = r->last_round_us,
	};
}

bool repair_caught_up(const struct repair *r)
{
	return r->view && r->partial == 0;
}

bool repair_emptied(const struct repair *r)
{
	if (!r->view || r->owned != 0)
		return false;
	if (MUTANT(8))
		return true;
	for (uint32_t p = 0; p < TABLE_PARTITIONS; p++)
		if (!table_is_empty(r->table, p))
			return false;
	return true;
}

static void check_part(const struct repair *r, uint32_t p)
{
	const struct repair_part *x = &r->part[p];
	enum part_state state = parts_get(r->parts, p);
	bool partial = state == PART_PARTIAL, any = x->want || x->guest != RING_NONE;

	assert(!x->owned || state != PART_NONE);
	assert(x->owned == view_owns(r->view, p, r->view->self));
	assert(partset_has(&r->fast, p) == (x->owned ? partial : state != PART_NONE));
	assert(partset_has(&r->soon, p) == (x->ask != 0));
	assert(partset_has(&r->want[0], p) == (x->owned && any && !x->pulling && partial));
	assert(partset_has(&r->want[1], p) == (x->owned && any && !x->pulling && !partial));
	assert(!x->pulling || x->owned);
	assert(!((x->heard | x->want | x->ask | x->confirmed) >> r->view->row_len));
	assert(!(x->whole & ~x->heard) && !(x->have & ~x->heard));
}

static void check_jobs(const struct repair *r)
{
	uint32_t used = 0, pulling = 0;

	for (size_t i = 0; i < REPAIR_JOBS; i++) {
		const struct repair_job *j = &r->jobs[i];
		if (!j->used)
			continue;
		used++;
		assert(r->part[j->partition].pulling && j->slot < r->view->slots);
		assert(j->sub >> j->split == 0 && j->tries < PULL_TRIES);
	}
	for (uint32_t p = 0; p < TABLE_PARTITIONS; p++)
		pulling += r->part[p].pulling;
	assert(used == r->jobs_used && used == pulling);
}

void repair_check(const struct repair *r)
{
	uint32_t owned = 0, partial = 0, kept = 0;

	if (!r->view)
		return;
	for (uint32_t p = 0; p < TABLE_PARTITIONS; p++) {
		enum part_state state = parts_get(r->parts, p);
		check_part(r, p);
		owned += r->part[p].owned;
		partial += r->part[p].owned && state == PART_PARTIAL;
		kept += !r->part[p].owned && state != PART_NONE;
	}
	assert(owned == r->owned && partial == r->partial && kept == r->kept);
	assert(r->confirm_count <= CONFIRMS_MAX && r->budget <= BURST_BYTES);
	check_jobs(r);
}
