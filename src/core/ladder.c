/* SPDX-License-Identifier: BSD-2-Clause */
#include <assert.h>
#include <string.h>

#include "base/err.h"
#include "core/lane.h"

#define NO_OPTIONS    0
#define CHALLENGE_LEN (MSG_HEADER_LEN + MSG_TXID_LEN + MSG_COOKIE_LEN)

struct handler {
	handle_fn *handle;
	size_t options;  /* where struct msg has them */
	bool needs_auth; /* under policy.require_auth */
	bool changes;    /* is refused while shutting down, when it can be told so */
};

#define OPTIONS_OF(member) offsetof(struct msg, member.options)

static const struct handler handlers[MSG_TYPE_COUNT] = {
	[MSG_GET] = {handle_get, NO_OPTIONS, false, false},
	[MSG_PUT] = {handle_put, NO_OPTIONS, true, false},
	[MSG_WANT] = {handle_want, NO_OPTIONS, false, false},
	[MSG_EXIT] = {handle_exit, NO_OPTIONS, false, false},
	[MSG_LOOKUP] = {handle_lookup, OPTIONS_OF(lookup), false, false},
	[MSG_ANNOUNCE] = {handle_announce, OPTIONS_OF(announce), true, true},
	[MSG_WITHDRAW] = {handle_withdraw, OPTIONS_OF(withdraw), true, true},
	[MSG_WATCH] = {handle_watch, OPTIONS_OF(watch), false, true},
	[MSG_SEEN] = {handle_seen, NO_OPTIONS, false, false},
	[MSG_PING] = {handle_ping, OPTIONS_OF(ping), false, false},
	[MSG_SERVERS] = {handle_servers, OPTIONS_OF(servers), false, false},
};

static const char *const error_texts[] = {
	[ERROR_MALFORMED] = "malformed request",
	[ERROR_UNKNOWN_OPTION] = "unknown critical option",
	[ERROR_REFUSED] = "refused by policy",
	[ERROR_AUTH_NEEDED] = "authentication needed",
	[ERROR_AUTH_FAILED] = "authentication failed",
	[ERROR_RATE_LIMITED] = "rate limited",
	[ERROR_SHUTTING_DOWN] = "shutting down",
};

static bool in_any(const struct prefix *prefixes, size_t n, const struct ip *ip)
{
	for (size_t i = 0; i < n; i++)
		if (prefix_contains(&prefixes[i], ip))
			return true;
	return false;
}

static bool has_good_cookie(const struct request *rq)
{
	return rq->options.cookie && token_check(&rq->lane->token, &rq->flow->remote.ip,
					     rq->now->wall_ms / 1000, rq->options.cookie);
}

bool request_proven(struct request *rq)
{
	const struct policy *policy = rq->policy;

	if (rq->proof == PROOF_UNKNOWN) {
		bool given = in_any(policy->trusted, policy->trusted_count, &rq->flow->remote.ip) ||
		             has_good_cookie(rq);
		rq->proof = given ? PROOF_GIVEN : PROOF_NONE;
	}
	return rq->proof == PROOF_GIVEN;
}

bool request_may_send(struct request *rq, size_t bytes)
{
	return bytes <= rq->datagram.len || request_proven(rq);
}

enum stats_id request_challenge(struct request *rq)
{
	uint8_t cookie[MSG_COOKIE_LEN];

	rq->out->count = rq->out_start;
	if (rq->datagram.len < CHALLENGE_LEN)
		return STATS_DROP_UNPROVEN;
	token_make(&rq->lane->token, &rq->flow->remote.ip, rq->now->wall_ms / 1000, cookie);
	struct writer w = build_start(
		outbox_room(rq->out), rq->policy->max_datagram, MSG_CHALLENGE, rq->msg.txid);
	write_copy(&w, cookie, sizeof(cookie));
	outbox_push(rq->out, rq->flow, (size_t)build_finish(&w));
	return STATS_DROP_UNPROVEN;
}

enum stats_id request_answer(struct request *rq, int len, enum stats_id outcome)
{
	assert(len > 0);
	if (!request_may_send(rq, (size_t)len))
		return request_challenge(rq);
	outbox_push(rq->out, rq->flow, (size_t)len);
	return outcome;
}

enum stats_id request_refuse(struct request *rq, enum msg_error_code code, enum stats_id outcome)
{
	/* SEEN has a transaction id, but says that an answer has come: it is not answered. */
	if (!rq->has_txid || rq->msg.type == MSG_SEEN)
		return outcome;
	struct writer w = build_start(
		outbox_room(rq->out), rq->policy->max_datagram, MSG_ERROR, rq->msg.txid);
	write_u16(&w, (uint16_t)code);
	size_t bare = writer_used(&w), text = strlen(error_texts[code]);
	if (!request_may_send(rq, bare))
		return outcome;
	if (request_may_send(rq, bare + text))
		write_copy(&w, (const uint8_t *)error_texts[code], text);
	outbox_push(rq->out, rq->flow, (size_t)build_finish(&w));
	return outcome;
}

enum stats_id request_may_put(const struct request *rq, const struct ip *ip)
{
	if (!ip_is_unicast(ip))
		return STATS_DROP_BAD_PROVIDER;
	if (!rq->policy->third_party_put && !ip_equal(ip, &rq->flow->remote.ip))
		return STATS_DROP_POLICY;
	return CLIMB_ON;
}

static enum stats_id check_source(struct request *rq)
{
	const struct addr *remote = &rq->flow->remote;

	if (remote->port == 0 || !ip_is_unicast(&remote->ip))
		return STATS_DROP_BAD_SOURCE;
	if (!rq->flow->own && !in_any(rq->policy->allow, rq->policy->allow_count, &remote->ip))
		return STATS_DROP_DENIED;
	return CLIMB_ON;
}

static bool within_rate(struct request *rq)
{
	return rq->policy->rate == 0 || rq->flow->own ||
	       limit_allow(
		       rq->server->limit, &rq->flow->remote.ip, rq->policy->rate, rq->now->mono_us);
}

/* Decodes; what is no message at all, or an answer, is not worth a look at its source's rate. */
static enum stats_id check_message(struct request *rq)
{
	const struct span *d = &rq->datagram;
	enum msg_reason reason = msg_decode(d->p, d->len, PLANE_CLIENT, &rq->msg, &rq->has_txid);

	if (reason == MSG_SHORT)
		return STATS_DROP_SHORT;
	if (reason == MSG_LENGTH)
		return STATS_DROP_LENGTH;
	if (reason == MSG_UNKNOWN_TYPE)
		return STATS_DROP_UNKNOWN_TYPE;
	const struct handler *h = &handlers[rq->msg.type];
	if (!h->handle)
		return STATS_DROP_NOT_A_REQUEST;
	if (reason == MSG_GOOD && h->options != NO_OPTIONS) {
		const struct span *raw = (const void *)((const char *)&rq->msg + h->options);
		rq->options_err = options_parse(*raw, &rq->options);
	}
	if (!within_rate(rq))
		return request_refuse(rq, ERROR_RATE_LIMITED, STATS_DROP_RATE_LIMITED);
	if (reason == MSG_MALFORMED)
		return request_refuse(rq, ERROR_MALFORMED, STATS_DROP_MALFORMED);
	return CLIMB_ON;
}

static enum stats_id check_options(struct request *rq)
{
	if (rq->options_err == DHT_EINVAL)
		return request_refuse(rq, ERROR_UNKNOWN_OPTION, STATS_DROP_UNKNOWN_OPTION);
	if (rq->options_err)
		return request_refuse(rq, ERROR_MALFORMED, STATS_DROP_MALFORMED);
	return CLIMB_ON;
}

/*
 * A client that did not get its DONE sends the same bytes again. The MAC was seen then, and the
 * request is still to have the same effect as once, and the same answer: so a request that is
 * recognised when it comes again decides for itself, by the source and the transaction id.
 */
static enum stats_id check_auth(struct request *rq, const struct handler *h)
{
	const struct policy *policy = rq->policy;

	if (rq->options.has_auth) {
		int err = auth_check(policy->keys, policy->key_count, rq->datagram, &rq->options,
			rq->server->macs, rq->now);
		rq->seen_auth = err == DHT_ESTALE && h->needs_auth;
		if (err && !rq->seen_auth)
			return request_refuse(rq, ERROR_AUTH_FAILED, STATS_DROP_AUTH_FAILED);
	} else if (policy->require_auth && h->needs_auth) {
		return request_refuse(rq, ERROR_AUTH_NEEDED, STATS_DROP_AUTH_NEEDED);
	}
	return CLIMB_ON;
}

static enum stats_id climb(struct request *rq)
{
	enum stats_id outcome = check_source(rq);

	if (outcome == CLIMB_ON)
		outcome = check_message(rq);
	if (outcome == CLIMB_ON)
		outcome = check_options(rq);
	if (outcome != CLIMB_ON)
		return outcome;

	const struct handler *h = &handlers[rq->msg.type];
	outcome = check_auth(rq, h);
	if (outcome != CLIMB_ON)
		return outcome;
	if (h->changes && atomic_load_explicit(&rq->server->shutting_down, memory_order_relaxed))
		return request_refuse(rq, ERROR_SHUTTING_DOWN, STATS_DROP_SHUTTING_DOWN);
	return h->handle(rq);
}

void lane_count_answers(struct lane *l, const struct outbox *out, size_t first)
{
	static const enum stats_id counters[MSG_TYPE_COUNT] = {
		[MSG_HAVE] = STATS_ANSWER_HAVE,
		[MSG_PROVIDERS] = STATS_ANSWER_PROVIDERS,
		[MSG_DONE] = STATS_ANSWER_DONE,
		[MSG_ERROR] = STATS_ANSWER_ERROR,
		[MSG_EVENT] = STATS_ANSWER_EVENT,
		[MSG_CHALLENGE] = STATS_ANSWER_CHALLENGE,
		[MSG_PONG] = STATS_ANSWER_PONG,
		[MSG_SERVER_LIST] = STATS_ANSWER_SERVER_LIST,
	};

	for (size_t i = first; i < out->count; i++)
		if (out->items[i].flow.socket < FLOW_PEER)
			stats_inc(&l->stats, counters[outbox_bytes(out, i)[0]]);
}

enum lane_verdict lane_input(struct lane *l, const struct now *now, const struct flow *flow,
	const uint8_t *bytes, size_t len, struct outbox *out, struct span *password)
{
	struct server *s = l->server;
	struct request rq = {
		.lane = l,
		.server = s,
		.policy = atomic_load_explicit(&s->policy, memory_order_seq_cst),
		.now = now,
		.flow = flow,
		.datagram = {.p = bytes, .len = len},
		.out = out,
		.now_ms = now_mono_ms(now),
		.out_start = out->count,
	};

	assert(out->capacity - out->count >= LANE_OUT_MAX);
	assert(out->datagram_max >= rq.policy->max_datagram);
	enum stats_id outcome = climb(&rq);
	if (outcome == STATS_REQUEST_EXIT) {
		*password = rq.msg.exit.password;
		return LANE_EXIT;
	}
	if (flow->own && outcome == STATS_REQUEST_GET) {
		stats_inc(&l->stats, STATS_PROBES);
		return LANE_NOTHING;
	}
	stats_inc(&l->stats, outcome);
	lane_count_answers(l, out, rq.out_start);
	return LANE_NOTHING;
}
