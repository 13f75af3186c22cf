/* SPDX-License-Identifier: BSD-2-Clause */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "chance.h"
#include "fleet.h"
#include "place.h"
#include "post.h"
#include "shell.h"
#include "witness.h"

#define LOOP_US   20               /* from one call of a thread to the next */
#define STOOD_US  (3 * SIM_SECOND) /* who stood still for so long … */
#define BLAMES_US (4 * SIM_SECOND) /* … suspects nobody for so long */
#define SPINS_MAX 20000            /* calls for nothing in a second */
#define RECORD    256              /* bytes that a waiting datagram takes beside its own */

static struct thread *thread_of(struct node *n, uint32_t index)
{
	return &n->threads[index];
}

static struct lane *lane_of(const struct thread *t)
{
	return server_lane(t->node->server, t->index - 1);
}

static uint64_t deadline_us(const struct thread *t)
{
	uint64_t mono = t->index == 0 ? cluster_deadline(t->node->cluster)
	                              : lane_deadline(lane_of(t));

	return clock_sim_us(&t->node->clock, mono);
}

static void wake(struct sim *s, struct thread *t)
{
	if (t->stalled)
		return;
	uint64_t at_us = deadline_us(t);

	if (at_us == SIM_NEVER)
		sim_cancel(s, &t->wake);
	else
		sim_at(s, &t->wake, at_us > s->now_us ? at_us : s->now_us + LOOP_US);
}

void shell_wake(struct sim *s, struct node *n)
{
	for (uint32_t i = 0; i <= n->lanes; i++)
		wake(s, thread_of(n, i));
}

static struct outbox *outbox_of(struct sim *s, const struct node *n)
{
	struct outbox *out = &s->fleet->out;

	*out = (struct outbox){
		.items = s->fleet->items,
		.bytes = s->fleet->bytes,
		.capacity = CLUSTER_OUT_MAX,
		.datagram_max = n->conf.datagram_max,
	};
	return out;
}

static struct addr source_of(const struct thread *t, uint32_t socket)
{
	uint16_t port = PORT_CLIENT;

	switch (socket) {
	case FLOW_PEER: port = PORT_PEER; break;
	case FLOW_ASK: port = (uint16_t)(PORT_ASK + t->index); break;
	case FLOW_KEEP_ALIVE: port = PORT_KEEP_ALIVE; break;
	default: break;
	}
	return place_addr(PLACE_SERVER, t->node->index, true, port);
}

/* Sends what a call made. */
static void flush(struct sim *s, struct thread *t)
{
	const struct outbox *out = &s->fleet->out;

	for (size_t i = 0; i < out->count; i++) {
		const struct outgoing *item = &out->items[i];
		struct addr from = source_of(t, item->flow.socket);
		const uint8_t *bytes = outbox_bytes(out, i);
		if (from.port == PORT_CLIENT)
			witness_told(s, t->node, &item->flow.remote, bytes, item->len);
		net_send(s, &from, &item->flow.remote, bytes, item->len, 0);
	}
	if (t->index == 0)
		t->node->own_datagrams += out->count;
	t->node->sent += out->count;
}

/* The lanes have let go of a view when each was called since. */
static bool let_go(const struct node *n, const struct retired *r)
{
	for (uint32_t i = 0; i < n->lanes; i++)
		if (n->threads[1 + i].calls == r->calls[i])
			return false;
	return true;
}

static void free_retired(struct node *n, bool all)
{
	struct retired **at = &n->retired;

	while (*at) {
		struct retired *r = *at;
		if (!all && !let_go(n, r)) {
			at = &r->next;
			continue;
		}
		*at = r->next;
		view_free(r->view);
		free(r);
	}
}

/* Makes the lanes come round, so that the view can be freed. */
static void retire(struct sim *s, struct node *n, struct view *view)
{
	struct retired *r = calloc(1, sizeof(*r));

	assert(r);
	r->view = view;
	r->next = n->retired;
	n->retired = r;
	for (uint32_t i = 0; i < n->lanes; i++) {
		struct thread *t = thread_of(n, 1 + i);
		r->calls[i] = t->calls;
		if (!t->stalled)
			sim_at(s, &t->wake, s->now_us + rng_below(&n->rng, 1000));
	}
}

static void called(struct sim *s, struct thread *t)
{
	struct node *n = t->node;
	struct view *view;

	t->calls++;
	flush(s, t);
	shell_wake(s, n);
	if (t->index != 0 && n->retired)
		free_retired(n, false);
	while (t->index == 0 && (view = cluster_retired_view(n->cluster)))
		retire(s, n, view);
}

/* A server whose own loop was late accuses nobody. */
static void cluster_thread_tick(
	struct sim *s, struct thread *t, const struct now *now, struct outbox *out)
{
	const struct stats *stats = lane_stats(server_cluster_lane(t->node->server));
	uint64_t before = stats_get(stats, STATS_SUSPICIONS);

	cluster_tick(t->node->cluster, now, out);
	if (s->now_us < t->blames_us && stats_get(stats, STATS_SUSPICIONS) != before)
		sim_fail(s, "accusation", "server %u stood still and suspects others",
			t->node->index);
}

static void tick(struct sim *s, struct event *e)
{
	struct thread *t = (struct thread *)(void *)((char *)e - offsetof(struct thread, wake));
	struct now now = node_now(s, t->node);
	struct outbox *out = outbox_of(s, t->node);

	if (++t->ticks == SPINS_MAX)
		sim_fail(s, "spinning", "thread %u of server %u", t->index, t->node->index);
	if (t->index == 0)
		cluster_thread_tick(s, t, &now, out);
	else
		lane_tick(lane_of(t), &now, out);
	called(s, t);
}

static struct flow flow_of(const struct packet *p, uint32_t socket)
{
	return (struct flow){.remote = p->from, .local = p->to.ip, .socket = socket};
}

static void client_input(struct sim *s, struct thread *t, struct packet *p)
{
	struct now now = node_now(s, t->node);
	struct flow flow = flow_of(p, 0);
	struct span password;

	witness_asked(s, t->node, p);
	/* Nonsense may look like an EXIT: whose password is wrong, and nothing comes of it. */
	(void)lane_input(
		lane_of(t), &now, &flow, p->bytes, p->len, outbox_of(s, t->node), &password);
}

/* How many envelopes a thread has listened to. */
static uint64_t heard(const struct thread *t)
{
	struct server *server = t->node->server;
	struct lane *l = t->index == 0 ? server_cluster_lane(server) : lane_of(t);

	return stats_get(lane_stats(l), STATS_CLUSTER_ENVELOPES);
}

/* An envelope has been listened to: as it was sent, from where it was sent, once, and by one start
 * of its receiver. */
static void taken(struct sim *s, const struct node *n, struct packet *p)
{
	if (p->harmed || p->strange)
		sim_fail(s, "harmed", "server %u listens to an envelope that %s", n->index,
			p->harmed ? "is not as it was sent" : "comes from somebody else");
	if (!p->twin)
		return;
	if (p->twin->taken_by != 0)
		sim_fail(s, "replay", "server %u took an envelope again", n->index);
	p->twin->taken_by = seal_start(n->seal);
}

static void peer_input(struct sim *s, struct thread *t, struct packet *p, uint32_t socket)
{
	struct now now = node_now(s, t->node);
	struct flow flow = flow_of(p, socket);
	struct parcel *parcel = &s->fleet->parcel;
	struct outbox *out = outbox_of(s, t->node);
	bool has = lane_peer_input(lane_of(t), &now, &flow, p->bytes, p->len, out, parcel);

	if (p->harmed && out->count)
		sim_fail(s, "harmed", "server %u answers a harmed envelope", t->node->index);
	if (has)
		post_send(s, t->node, parcel);
}

static void cluster_thread_input(struct sim *s, struct thread *t, struct packet *p)
{
	struct now now = node_now(s, t->node);
	bool keep_alive = p->to.port == PORT_KEEP_ALIVE;
	struct flow flow = flow_of(p, keep_alive ? FLOW_KEEP_ALIVE : FLOW_ASK);
	struct outbox *out = outbox_of(s, t->node);

	cluster_input(t->node->cluster, &now, keep_alive ? PLANE_KEEP_ALIVE : PLANE_PEER, &flow,
		p->bytes, p->len, out);
	if (p->harmed && out->count)
		sim_fail(s, "harmed", "server %u answers a harmed envelope", t->node->index);
}

/* Takes p. */
static void input(struct sim *s, struct thread *t, struct packet *p)
{
	uint64_t before = heard(t);

	if (t->index == 0)
		cluster_thread_input(s, t, p);
	else if (p->to.port == PORT_CLIENT)
		client_input(s, t, p);
	else
		peer_input(s, t, p, p->to.port == PORT_PEER ? FLOW_PEER : FLOW_ASK);
	if (heard(t) != before)
		taken(s, t->node, p);
	net_release(s, p);
	called(s, t);
}

/* Which thread has the socket; NULL: there is none. */
static struct thread *receiver(struct node *n, const struct packet *p)
{
	uint32_t lane = (p->from.ip.b[15] + p->from.port) % n->lanes;

	if (p->to.port == PORT_CLIENT || p->to.port == PORT_PEER)
		return thread_of(n, 1 + lane);
	if (p->to.port == PORT_KEEP_ALIVE)
		return thread_of(n, 0);
	if (p->to.port >= PORT_ASK && p->to.port <= PORT_ASK + n->lanes)
		return thread_of(n, p->to.port - PORT_ASK);
	return NULL;
}

static void wait_in_buffer(struct sim *s, struct thread *t, struct packet *p)
{
	if (t->waiting + p->len + RECORD > FLEET_BUFFER) {
		sim_count(s, TALLY_OVERFLOW);
		net_release(s, p);
		return;
	}
	t->waiting += p->len + RECORD;
	p->next = NULL;
	*t->last = p;
	t->last = &p->next;
}

void shell_receive(struct sim *s, struct node *n, struct packet *p)
{
	struct thread *t = receiver(n, p);

	if (!t)
		net_release(s, p);
	else if (t->stalled)
		wait_in_buffer(s, t, p);
	else
		input(s, t, p);
}

void shell_resume(struct sim *s, struct thread *t)
{
	struct packet *p = t->first;

	t->stalled = false;
	if (s->now_us - t->stalled_us >= STOOD_US)
		t->blames_us = s->now_us + BLAMES_US;
	t->first = NULL;
	t->last = &t->first;
	t->waiting = 0;
	sim_cancel(s, &t->resume);
	while (p) {
		struct packet *next = p->next;
		input(s, t, p);
		p = next;
	}
	if (t->index == 0)
		post_resume(s, t->node);
	wake(s, t);
}

static void resume(struct sim *s, struct event *e)
{
	struct thread *t = (struct thread *)(void *)((char *)e - offsetof(struct thread, resume));

	sim_say(s, "server %u: thread %u goes on", t->node->index, t->index);
	shell_resume(s, t);
}

void shell_start(struct node *n)
{
	for (uint32_t i = 0; i < FLEET_THREADS; i++) {
		struct thread *t = thread_of(n, i);
		*t = (struct thread){.node = n, .index = i};
		t->wake.fire = tick;
		t->resume.fire = resume;
		t->last = &t->first;
	}
}

void shell_stop(struct sim *s, struct node *n)
{
	for (uint32_t i = 0; i < FLEET_THREADS; i++) {
		struct thread *t = thread_of(n, i);
		sim_cancel(s, &t->wake);
		sim_cancel(s, &t->resume);
		while (t->first) {
			struct packet *next = t->first->next;
			net_release(s, t->first);
			t->first = next;
		}
		t->last = &t->first;
	}
	post_forget(s, n);
	free_retired(n, true);
}

void shell_take(struct sim *s, struct node *n, struct parcel *p)
{
	struct now now = node_now(s, n);

	cluster_take(n->cluster, &now, p, outbox_of(s, n));
	called(s, thread_of(n, 0));
}

void shell_part(struct sim *s, struct node *n)
{
	struct now now = node_now(s, n);
	bool more;

	do {
		more = cluster_part(n->cluster, &now, outbox_of(s, n));
		flush(s, thread_of(n, 0));
	} while (more);
}
