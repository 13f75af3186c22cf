/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/cluster.h"

#include <assert.h>
#include <stdlib.h>

#include "core/envelope.h"
#include "core/lane.h"

/* Changes that come together make one view; in a cluster of many, for each PUBLISH_MANY members as
 * much longer. */
#define PUBLISH_EVERY_US UINT64_C(20000)
#define PUBLISH_MANY     100

#define RETIRED_MAX 8

struct cluster {
	struct server *server;
	struct seal *seal;
	struct lane *lane;
	struct members *members;
	struct repair *repair;
	struct explain *explain;
	size_t datagram_max;
	const struct view *view; /* that the lanes are given; owned */
	uint64_t epoch;          /* of members, that view shows */
	uint64_t published_us;   /* or tried to */
	bool settled;            /* when view was made */
	bool leaving;
	struct view *retired[RETIRED_MAX];
	size_t retired_count;
};

/* A view of now, or NULL when it has to wait. */
static struct view *next_view(struct cluster *c)
{
	if (c->retired_count == RETIRED_MAX)
		return NULL;
	return members_view(c->members);
}

/* The old one goes to whoever frees it. */
static void retire(struct cluster *c, const struct view *v)
{
	assert(c->retired_count < RETIRED_MAX);
	c->retired[c->retired_count++] = (struct view *)(uintptr_t)v;
}

/* From when on there may be another view. */
static uint64_t publish_due_us(const struct cluster *c)
{
	return c->published_us + PUBLISH_EVERY_US * (1u + c->view->alive / PUBLISH_MANY);
}

/* Changes that wait for their view are not settled one by one: in a large cluster that forms, that
 * is most of the work. */
static void publish(struct cluster *c, const struct now *now)
{
	if (now->mono_us < publish_due_us(c))
		return;
	uint64_t epoch = members_epoch(c->members);
	if (epoch == c->epoch)
		return;
	struct view *v = next_view(c);
	c->published_us = now->mono_us; /* without memory it is tried again as much later */
	if (!v)
		return;
	stats_inc(&c->lane->stats, STATS_CLUSTER_VIEWS);
	repair_set_view(c->repair, v, c->settled, now);
	server_set_view(c->server, v);
	retire(c, c->view);
	c->view = v;
	c->epoch = epoch;
}

/* Who has caught up is settled; who has become settled by itself has all that there is. */
static void settle(struct cluster *c, const struct now *now)
{
	if (c->settled && !members_settled(c->members)) {
		c->settled = false;
		repair_set_view(c->repair, c->view, false, now);
	}
	if (!c->settled && members_settled(c->members)) {
		c->settled = true;
		repair_settle(c->repair);
	}
	if (!c->settled && members_has_settled(c->members) && repair_caught_up(c->repair)) {
		c->settled = true;
		members_settle(c->members);
	}
}

/* Everything that came in may have changed who is there. */
static void follow(struct cluster *c, const struct now *now)
{
	settle(c, now);
	publish(c, now);
}

static bool start(struct cluster *c, const struct cluster_conf *conf, uint64_t random,
	bool has_seeds, const struct now *now)
{
	c->members = members_new(&conf->member, c->seal, &c->lane->stats, random, !has_seeds, now);
	c->repair = repair_new(&conf->repair, &c->server->parts, c->lane, random + 1);
	c->explain = explain_new(c->server->table, &c->server->parts, random + 3);
	if (!c->members || !c->repair || !c->explain)
		return false;
	c->epoch = members_epoch(c->members);
	c->settled = members_settled(c->members);
	c->view = members_view(c->members);
	if (!c->view)
		return false;
	repair_set_view(c->repair, c->view, c->settled, now);
	return server_join(c->server, c->seal, c->view, random + 2) == 0;
}

struct cluster *cluster_new(struct server *s, struct seal *seal, const struct cluster_conf *conf,
	uint64_t random, bool has_seeds, const struct now *now)
{
	struct cluster *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->server = s;
	c->seal = seal;
	c->lane = server_cluster_lane(s);
	c->datagram_max = conf->datagram_max < PARCEL_MAX ? conf->datagram_max : PARCEL_MAX;
	if (start(c, conf, random, has_seeds, now))
		return c;
	cluster_free(c);
	return NULL;
}

void cluster_free(struct cluster *c)
{
	if (!c)
		return;
	server_set_view(c->server, NULL);
	while (c->retired_count > 0)
		view_free(c->retired[--c->retired_count]);
	view_free((struct view *)(uintptr_t)c->view);
	explain_free(c->explain);
	repair_free(c->repair);
	members_free(c->members);
	free(c);
}

void cluster_configure(struct cluster *c, const struct cluster_conf *conf)
{
	members_configure(c->members, &conf->member);
	repair_configure(c->repair, &conf->repair);
}

static struct mail mail_for(
	struct cluster *c, const struct now *now, struct outbox *out, size_t left)
{
	size_t max = out->datagram_max < c->datagram_max ? out->datagram_max : c->datagram_max;

	assert(out->capacity - out->count >= left);
	return mail_begin(c->seal, &c->lane->stream, &c->lane->stats, now, out, max, left);
}

static void take_message(struct cluster *c, struct mail *mail, const struct flow *flow,
	const struct letter *l, struct span message)
{
	if (message.p[0] == PEER_PROVE || message.p[0] == PEER_PROOF)
		return;
	if (members_take(c->members, mail, flow, l, message) ||
		explain_take(c->explain, mail->now, l, message))
		return;
	if (!repair_take(c->repair, mail, flow, l, message))
		stats_inc(&c->lane->stats, STATS_PEER_MALFORMED);
}

static void take_letter(
	struct cluster *c, struct mail *mail, const struct flow *flow, const struct letter *l)
{
	struct span rest = l->messages, message;

	while (peer_next(&rest, &message))
		take_message(c, mail, flow, l, message);
}

static void take_bare(struct cluster *c, struct mail *mail, enum msg_plane plane,
	const struct flow *flow, struct span bytes)
{
	struct msg m;
	bool has_txid;

	if (msg_decode(bytes.p, bytes.len, plane, &m, &has_txid) == MSG_GOOD)
		members_take_bare(c->members, mail, flow, &m);
	else
		stats_inc(&c->lane->stats, STATS_PEER_MALFORMED);
}

static bool is_bare(const struct cluster *c, const uint8_t *bytes, size_t len)
{
	return seal_is_clear(c->seal) && len > 0 && bytes[0] >= MSG_NEW && bytes[0] <= MSG_NEW_SERV;
}

void cluster_input(struct cluster *c, const struct now *now, enum msg_plane plane,
	const struct flow *flow, uint8_t *bytes, size_t len, struct outbox *out)
{
	struct mail mail = mail_for(c, now, out, CLUSTER_OUT_MAX);
	struct letter letter;

	if (len > PARCEL_MAX || !ip_is_unicast(&flow->remote.ip) || flow->remote.port == 0)
		stats_inc(&c->lane->stats, STATS_PEER_LENGTH);
	else if (is_bare(c, bytes, len))
		take_bare(c, &mail, plane, flow, (struct span){bytes, len});
	else if (envelope_open(c->seal, now, flow, bytes, len, &mail, &letter))
		take_letter(c, &mail, flow, &letter);
	mail_flush(&mail);
	follow(c, now);
}

void cluster_take(
	struct cluster *c, const struct now *now, const struct parcel *p, struct outbox *out)
{
	struct mail mail = mail_for(c, now, out, CLUSTER_OUT_MAX);
	struct span bytes = {.p = p->bytes, .len = p->len};
	struct letter letter = p->letter;

	letter.messages = bytes;
	if (p->bare)
		take_bare(c, &mail, PLANE_PEER, &p->flow, bytes);
	else
		take_letter(c, &mail, &p->flow, &letter);
	mail_flush(&mail);
	follow(c, now);
}

void cluster_tick(struct cluster *c, const struct now *now, struct outbox *out)
{
	struct mail mail = mail_for(c, now, out, MEMBER_OUT);

	members_tick(c->members, &mail);
	mail_flush(&mail);
	follow(c, now);
	mail = mail_for(c, now, out, REPAIR_OUT);
	repair_tick(c->repair, &mail);
	mail_flush(&mail);
	mail = mail_for(c, now, out, EXPLAIN_OUT);
	explain_tick(c->explain, &mail);
	mail_flush(&mail);
	settle(c, now);
}

uint64_t cluster_deadline(struct cluster *c)
{
	uint64_t members = members_deadline(c->members), repair = repair_deadline(c->repair);
	uint64_t explain = explain_deadline(c->explain);
	uint64_t first = members < repair ? members : repair;
	uint64_t publishing = publish_due_us(c);

	if (explain < first)
		first = explain;
	bool waits = members_stirred(c->members) || members_epoch(c->members) != c->epoch;

	if (!waits || c->retired_count == RETIRED_MAX)
		return first;
	return publishing < first ? publishing : first;
}

struct view *cluster_retired_view(struct cluster *c)
{
	return c->retired_count ? c->retired[--c->retired_count] : NULL;
}

const struct view *cluster_view(const struct cluster *c)
{
	return c->view;
}

uint64_t cluster_news(const struct cluster *c)
{
	return c->view->epoch + explain_done(c->explain);
}

struct members *cluster_members(struct cluster *c)
{
	return c->members;
}

struct repair *cluster_repair(struct cluster *c)
{
	return c->repair;
}

struct explain *cluster_explain(struct cluster *c)
{
	return c->explain;
}

struct cluster_status cluster_status(struct cluster *c)
{
	return (struct cluster_status){
		.members = c->view->alive,
		.known = c->view->known,
		.settled = c->settled,
		.leaving = c->leaving,
		.repair = repair_progress(c->repair),
	};
}

void cluster_set_leaving(struct cluster *c, bool leaving)
{
	c->leaving = leaving;
	members_set_leaving(c->members, leaving);
}

bool cluster_drained(struct cluster *c)
{
	return c->leaving && members_epoch(c->members) == c->epoch && repair_emptied(c->repair);
}

bool cluster_part(struct cluster *c, const struct now *now, struct outbox *out)
{
	struct mail mail = mail_for(c, now, out, MEMBER_OUT);
	bool more = members_part(c->members, &mail);

	mail_flush(&mail);
	return more;
}
