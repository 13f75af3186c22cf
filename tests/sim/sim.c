/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

#include "audit.h"
#include "chaos.h"
#include "crowd.h"
#include "fleet.h"
#include "net.h"
#include "oracle.h"

/* The key of an event in the queue: its time, then its place among those of the same time. */
#define ORDER_BITS 24
#define ORDER_MASK ((UINT64_C(1) << ORDER_BITS) - 1)

#define LINE_MAX_LEN 800

static bool make_parts(struct sim *s)
{
	s->net = net_new(s);
	s->oracle = oracle_new(s);
	s->fleet = fleet_new(s);
	s->crowd = crowd_new(s);
	s->audit = audit_new(s);
	s->chaos = chaos_new(s);
	return s->net && s->oracle && s->fleet && s->crowd && s->audit && s->chaos;
}

struct sim *sim_with(const struct plan *p)
{
	struct sim *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->plan = *p;
	s->slots = calloc(SIM_EVENTS, sizeof(struct heap_node *));
	if (s->slots)
		heap_init(&s->queue, s->slots, SIM_EVENTS);
	if (!s->slots || !make_parts(s)) {
		sim_free(s);
		return NULL;
	}
	return s;
}

struct sim *sim_new(const struct plan_options *options)
{
	struct plan p;
	struct sim *s;

	plan_draw(&p, options);
	s = sim_with(&p);
	if (s)
		s->options = *options;
	return s;
}

void sim_free(struct sim *s)
{
	if (!s)
		return;
	/* The one that still takes events out of the queue. */
	fleet_free(s);
	chaos_free(s->chaos);
	audit_free(s->audit);
	crowd_free(s->crowd);
	oracle_free(s->oracle);
	net_free(s->net);
	free(s->slots);
	free(s);
}

void sim_at(struct sim *s, struct event *e, uint64_t at_us)
{
	uint64_t at = at_us > s->now_us ? at_us : s->now_us;

	heap_set(&s->queue, &e->place, at << ORDER_BITS | (s->order++ & ORDER_MASK));
}

void sim_cancel(struct sim *s, struct event *e)
{
	heap_remove(&s->queue, &e->place);
}

static void run(struct sim *s, uint64_t until_us)
{
	while (!s->failure.failed && !s->over) {
		struct heap_node *first = heap_first(&s->queue);
		if (!first || first->key >> ORDER_BITS > until_us)
			break;
		struct event *e = (struct event *)(void *)((char *)first -
							   offsetof(struct event, place));
		s->now_us = first->key >> ORDER_BITS;
		heap_remove(&s->queue, first);
		sim_count(s, TALLY_EVENTS);
		e->fire(s, e);
	}
}

void sim_run(struct sim *s)
{
	chaos_start(s);
	run(s, s->plan.until_us);
}

void sim_until(struct sim *s, uint64_t until_us)
{
	run(s, until_us);
	if (!s->failure.failed)
		s->now_us = until_us;
}

void sim_rng(const struct sim *s, struct rng *rng, uint32_t what, uint32_t which)
{
	rng_init(rng, (s->plan.seed ^ UINT64_C(0xd1b54a32d192ed03) * (what + 1)) +
			      UINT64_C(0xabc98388fb8fac03) * which);
}

static uint64_t mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * UINT64_C(0x9fb21c651e98df25);
	return h ^ h >> 32;
}

void sim_trace_number(struct sim *s, uint64_t n)
{
	s->trace = mix(s->trace, n);
}

void sim_trace(struct sim *s, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	uint64_t h = mix(s->trace, len), last = 0;

	for (; len >= 8; p += 8, len -= 8)
		h = mix(h, load_be64(p));
	for (; len > 0; p++, len--)
		last = last << 8 | *p;
	s->trace = mix(h, last);
}

void sim_say(struct sim *s, const char *format, ...)
{
	char line[LINE_MAX_LEN];
	va_list args;
	int n = snprintf(line, sizeof(line), "%4u.%06u ", (unsigned)(s->now_us / SIM_SECOND),
		(unsigned)(s->now_us % SIM_SECOND));

	va_start(args, format);
	vsnprintf(line + n, sizeof(line) - (size_t)n, format, args);
	va_end(args);
	sim_trace(s, line, strlen(line));
	if (s->say)
		s->say(s->say_to, line);
}

void sim_fail(struct sim *s, const char *check, const char *format, ...)
{
	struct sim_failure *f = &s->failure;
	va_list args;

	if (f->failed)
		return;
	f->failed = true;
	f->at_us = s->now_us;
	snprintf(f->check, sizeof(f->check), "%s", check);
	va_start(args, format);
	vsnprintf(f->text, sizeof(f->text), format, args);
	va_end(args);
	sim_say(s, "%s: %s", f->check, f->text);
}
