/* SPDX-License-Identifier: BSD-2-Clause */
#include "basic.h"

#include <assert.h>
#include <stdlib.h>

#include "fleet.h"
#include "place.h"
#include "wire/msg.h"

#define NEW_US (5 * SIM_SECOND)

struct basic {
	struct event event;
	bool known[PLAN_SERVERS_MAX]; /* who has said YES */
	bool told[PLAN_SERVERS_MAX];  /* whom NEW_SERV has named */
};

struct basic *basic_new(struct sim *s)
{
	(void)s;
	return calloc(1, sizeof(struct basic));
}

void basic_free(struct basic *b)
{
	free(b);
}

static struct addr own(uint16_t port)
{
	return place_addr(PLACE_BASIC, 0, true, port);
}

static void send_msg(struct sim *s, uint16_t port, const struct addr *to, const struct msg *m)
{
	struct addr from = own(port);
	uint8_t bytes[64];
	int len = msg_encode(m, bytes, sizeof(bytes));

	assert(len > 0);
	net_send(s, &from, to, bytes, (size_t)len, 0);
}

static void send_new(struct sim *s, uint32_t server)
{
	struct msg m = {.type = MSG_NEW, .new_server = {.ip = own(0).ip}};
	struct addr to = place_addr(PLACE_SERVER, server, true, PORT_PEER);

	send_msg(s, PORT_PEER, &to, &m);
}

/* To who was named and has not said YES, and to one more, who may have forgotten. */
static void again(struct sim *s, struct event *e)
{
	struct basic *b = (struct basic *)e;

	for (uint32_t i = 0; i < s->fleet->count; i++)
		if (b->told[i] && !b->known[i])
			send_new(s, i);
	send_new(s, (uint32_t)(s->now_us / NEW_US) % s->fleet->count);
	sim_at(s, e, s->now_us + NEW_US);
}

void basic_start(struct sim *s)
{
	struct basic *b = s->fleet->basic;

	b->event.fire = again;
	if (s->plan.basic)
		sim_at(s, &b->event, NEW_US);
}

static void take(struct sim *s, const struct packet *p, const struct msg *m)
{
	struct basic *b = s->fleet->basic;
	struct place from = place_of(&p->from.ip);
	struct msg yes = {.type = MSG_YES}, answer = {.type = MSG_KEEP_ALIVE};

	if (from.kind != PLACE_SERVER || from.index >= s->fleet->count)
		return;
	switch (m->type) {
	case MSG_NEW: send_msg(s, PORT_PEER, &p->from, &yes); break;
	case MSG_YES: b->known[from.index] = true; break;
	case MSG_DECO: b->known[from.index] = false; break;
	case MSG_NEW_SERV:
		from = place_of(&m->new_serv.ip);
		if (from.kind == PLACE_SERVER && from.index < s->fleet->count)
			b->told[from.index] = true;
		break;
	case MSG_KEEP_ALIVE:
		answer.keep_alive.answer = 1;
		if (m->keep_alive.answer == 0)
			send_msg(s, PORT_KEEP_ALIVE, &p->from, &answer);
		break;
	default: break;
	}
}

void basic_receive(struct sim *s, struct packet *p)
{
	bool has_txid;
	struct msg m;
	enum msg_plane plane = p->to.port == PORT_KEEP_ALIVE ? PLANE_KEEP_ALIVE : PLANE_PEER;

	if (s->plan.basic && msg_decode(p->bytes, p->len, plane, &m, &has_txid) == MSG_GOOD)
		take(s, p, &m);
	net_release(s, p);
}
