/* SPDX-License-Identifier: BSD-2-Clause */
#include "spy.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/lane.h"

#include "crowd.h"
#include "fleet.h"
#include "oracle.h"

#define LINE_LEN 1000
#define BATCH    64

struct text {
	size_t len;
	char line[LINE_LEN];
};

__attribute__((format(printf, 2, 3))) static void add(struct text *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int n = vsnprintf(t->line + t->len, LINE_LEN - t->len, format, args);
	va_end(args);
	t->len += (size_t)n < LINE_LEN - t->len ? (size_t)n : LINE_LEN - t->len - 1;
}

static void add_row(struct text *t, const struct view *v, uint32_t partition)
{
	const uint16_t *row = view_row(v, partition);

	add(t, " [");
	for (uint32_t i = 0; i < v->row_len && row[i] != RING_NONE; i++)
		add(t, "%s%u",
			i == 0             ? ""
			: i == v->replicas ? "|"
					   : " ",
			v->members[row[i]].id.ip.b[15]);
	add(t, "]");
}

static void add_record(struct text *t, const struct node *n, const struct record *r)
{
	uint64_t end_us = clock_sim_us(&n->clock, r->expiry_ms * 1000);

	add(t, " %llx%s@%.1f", (unsigned long long)(r->version & 0xffffffffffffu),
		version_is_withdrawal(r->version) ? "W" : "", (double)end_us / 1e6);
}

static void add_records(const struct sim *s, struct text *t, const struct node *n,
	const struct table_key *key, const struct addr *provider)
{
	uint64_t now_ms = clock_mono_us(&n->clock, s->now_us) / 1000, cursor = 0;
	struct table_item items[BATCH];

	do {
		size_t count = table_scan(
			server_table(n->server), key->partition, &cursor, items, BATCH, now_ms);
		for (size_t i = 0; i < count; i++)
			if (items[i].hash_len == key->hash.len &&
				memcmp(items[i].hash, key->hash.p, key->hash.len) == 0 &&
				ip_equal(&items[i].record.ip, &provider->ip) &&
				items[i].record.port == provider->port)
				add_record(t, n, &items[i].record);
	} while (cursor != 0);
}

static void add_node(const struct sim *s, struct text *t, const struct node *n,
	const struct table_key *key, const struct addr *provider)
{
	static const char states[] = {'-', 'P', 'C'};

	if (!node_is_up(n))
		return;
	enum part_state state = parts_get(server_parts(n->server), key->partition);
	add(t, "  %u:%c%s", n->index, states[state], cluster_status(n->cluster).settled ? "" : "u");
	add_row(t, atomic_load(&n->server->view), key->partition);
	add_records(s, t, n, key, provider);
}

static bool spies(const struct sim *s)
{
	return s->options.spies && s->say;
}

void spy_change(struct sim *s, const struct node *n, const struct ask *r, uint32_t i, int status)
{
	if (!spies(s) || r->hashes[i] != s->options.hash || r->provider != s->options.provider)
		return;
	if (status < 0)
		sim_say(s, "server %u: request %u comes, %s", n->index, r->number,
			r->kind == ASK_WITHDRAW ? "withdraws" : "announces");
	else
		sim_say(s, "server %u: says %d to request %u", n->index, status, r->number);
	spy(s);
}

void spy(struct sim *s)
{
	struct text t = {0};

	if (!spies(s))
		return;
	struct table_key key = table_key_of(hash_span(oracle_hash(s, s->options.hash)));
	struct addr provider = oracle_provider(s, s->options.provider);
	for (uint32_t i = 0; i < s->fleet->count; i++)
		add_node(s, &t, &s->fleet->nodes[i], &key, &provider);
	if (strcmp(t.line, s->spied) == 0)
		return;
	snprintf(s->spied, sizeof(s->spied), "%s", t.line);
	char line[LINE_LEN + 16];
	snprintf(line, sizeof(line), "%4u.      %s", (unsigned)(s->now_us / SIM_SECOND), t.line);
	s->say(s->say_to, line);
}
