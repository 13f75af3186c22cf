/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/mail.h"

#include <assert.h>

struct mail mail_begin(struct seal *seal, struct seal_stream *stream, struct stats *stats,
	const struct now *now, struct outbox *out, size_t datagram_max, size_t left)
{
	assert(datagram_max > SEAL_OVERHEAD && datagram_max <= out->datagram_max);
	return (struct mail){
		.seal = seal,
		.stream = stream,
		.stats = stats,
		.now = now,
		.out = out,
		.datagram_max = datagram_max,
		.left = left,
	};
}

/* Whether the open envelope goes the same way. */
static bool is_open_for(const struct mail *m, const struct flow *flow)
{
	if (m->w.start == NULL)
		return false;
	const struct flow *open = &m->out->items[m->item].flow;
	return open->socket == flow->socket && addr_equal(&open->remote, &flow->remote);
}

static void count_sent(struct mail *m, size_t len)
{
	stats_inc(m->stats, STATS_CLUSTER_SENT);
	stats_add(m->stats, STATS_CLUSTER_SENT_BYTES, len);
}

void mail_flush(struct mail *m)
{
	if (m->w.start == NULL)
		return;
	size_t len = seal_finish(m->seal, m->stream, m->now, &m->w);
	m->out->items[m->item].len = len;
	m->w.start = NULL;
	count_sent(m, len);
}

static bool dropped(struct mail *m)
{
	stats_inc(m->stats, STATS_CLUSTER_MAIL_DROPPED);
	return false;
}

static void encode_base(struct writer *w, const struct msg *msg)
{
	int len = w->failed ? DHT_ESPACE : msg_encode(msg, w->p, writer_left(w));

	write_room(w, len < 0 ? SIZE_MAX : (size_t)len);
}

/* One of the two. False, and w as it was, when it did not fit. */
static bool encode(struct writer *w, const struct peer_msg *internal, const struct msg *base)
{
	struct writer tried = *w;

	if (internal)
		peer_encode(&tried, internal);
	else
		encode_base(&tried, base);
	if (tried.failed)
		return false;
	*w = tried;
	return true;
}

static bool put(struct mail *m, const struct flow *flow, const struct peer_msg *internal,
	const struct msg *base)
{
	if (is_open_for(m, flow) && encode(&m->w, internal, base))
		return true;
	mail_flush(m);
	if (mail_room(m) == 0)
		return dropped(m);
	struct writer w = seal_begin(m->seal, outbox_room(m->out), m->datagram_max);
	if (!encode(&w, internal, base))
		return dropped(m);
	m->w = w;
	m->item = m->out->count;
	outbox_push(m->out, flow, 0); /* its length comes when it is closed */
	m->left--;
	return true;
}

bool mail_put(struct mail *m, const struct flow *flow, const struct peer_msg *msg)
{
	return put(m, flow, msg, NULL);
}

bool mail_put_base(struct mail *m, const struct flow *flow, const struct msg *msg, bool in_envelope)
{
	if (in_envelope || !seal_is_clear(m->seal))
		return put(m, flow, NULL, msg);
	mail_flush(m);
	if (mail_room(m) == 0)
		return dropped(m);
	int len = msg_encode(msg, outbox_room(m->out), m->datagram_max);
	if (len < 0)
		return dropped(m);
	outbox_push(m->out, flow, (size_t)len);
	m->left--;
	count_sent(m, (size_t)len);
	return true;
}

size_t mail_fits(const struct mail *m, const struct flow *flow)
{
	if (is_open_for(m, flow))
		return writer_left(&m->w);
	return mail_room(m) > 0 ? mail_inside(m) : 0;
}
