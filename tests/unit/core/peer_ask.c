/* SPDX-License-Identifier: BSD-2-Clause */
#include "peer_ask.h"

#include <string.h>

#include "rig.h"

#define INSIDE (MSG_HEADER_LEN + SEAL_NONCE_LEN + 8) /* of an envelope in clear */

static struct peer_msg answers[PEER_ANSWERS];
static size_t count, datagrams;
static uint8_t bytes[LANE_OUT_MAX * MSG_DATAGRAM_DEFAULT];

static void take(const uint8_t *datagram, size_t len)
{
	struct span rest = {.p = datagram + INSIDE, .len = len - INSIDE}, message;

	while (peer_next(&rest, &message)) {
		assert_true(count < PEER_ANSWERS);
		assert_int_equal(peer_decode(message, &answers[count++]), MSG_GOOD);
	}
	assert_int_equal(rest.len, 0);
}

size_t peer_ask(struct net *net, unsigned node, const struct peer_msg *m)
{
	struct node *x = &net->nodes[node];
	struct now now = net_now(net, node);
	struct flow flow = rig_flow("10.9.0.9:40000");
	struct letter letter = {.known = true, .sent_us = now.mono_us};
	struct mail mail = lane_mail(x->lane, &now, &net->out, LANE_OUT_MAX);
	struct peer_request rq = {
		.lane = x->lane,
		.server = x->server,
		.policy = &x->policy,
		.view = x->view,
		.now = &now,
		.now_ms = now_mono_ms(&now),
		.letter = &letter,
		.flow = &flow,
		.mail = &mail,
		.msg = *m,
	};

	flow.socket = FLOW_PEER;
	if (m->type == PEER_STORE)
		peer_handle_store(&rq);
	else if (m->type == PEER_SUBSCRIBE)
		peer_handle_subscribe(&rq);
	else
		peer_handle_fetch(&rq);
	mail_flush(&mail);
	count = 0;
	datagrams = net->out.count;
	assert_true(datagrams <= LANE_OUT_MAX);
	memcpy(bytes, net->bytes, sizeof(bytes));
	for (size_t i = 0; i < datagrams; i++) {
		assert_true(addr_equal(&net->items[i].flow.remote, &flow.remote));
		take(bytes + i * MSG_DATAGRAM_DEFAULT, net->items[i].len);
	}
	net->out.count = 0;
	return count;
}

const struct peer_msg *peer_answer(size_t i)
{
	assert_true(i < count);
	return &answers[i];
}

size_t peer_datagrams(void)
{
	return datagrams;
}
