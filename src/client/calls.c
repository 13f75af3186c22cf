/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The blocking face: each call starts its requests, and processes until they have all ended.
 * A request always ends by itself, so a call that waits for nothing else does too.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/handle.h"

#define EXIT_PAUSE_MS 50   /* between looks whether it still answers */
#define EXIT_AGAIN_MS 1000 /* EXIT may have been lost; more than twice would look like guessing */
#define EXIT_PINGS    2
#define FOR_EVER_US   UINT64_MAX

/* A call under way: one item for each hash. */
struct call {
	struct dht_request *items;
	size_t n;
	size_t left;   /* not ended yet */
	size_t whole;  /* done without reservation */
	size_t partly; /* below quorum */
	int error;     /* of the first that failed */
	void (*take)(struct call *c, size_t i, const struct outcome *o);
	struct dht_answer *answers;   /* get, servers */
	uint8_t *statuses;            /* put, drop; may be NULL */
	uint32_t ttl_s;               /* put: the shortest that was granted */
	struct dht_server_info *info; /* ping; may be NULL */
	bool found;                   /* want: the first that somebody has */
	size_t which;
	struct dht_provider provider;
};

static void count_outcome(struct call *c, int error, bool whole)
{
	c->left--;
	if (error && c->error == 0)
		c->error = error;
	else if (!error && whole)
		c->whole++;
	else if (!error)
		c->partly++;
}

static void on_outcome(struct dht_request *q, const struct outcome *o)
{
	struct call *c = q->arg;

	if (o->kind == OUTCOME_END)
		q->request = NULL;
	c->take(c, (size_t)(q - c->items), o);
}

static void start_item(struct dht *d, struct call *c, size_t i, struct request_spec *spec,
	const struct dht_hash *h)
{
	struct dht_request *q = &c->items[i];
	struct outcome failed = {
		.kind = OUTCOME_END,
		.error = DHT_ERR_MEMORY,
		.status = DHT_NO_ANSWER,
		.answer.error = DHT_ERR_MEMORY,
	};

	q->outcome = on_outcome;
	q->arg = c;
	spec->hash = h;
	if (handle_start(d, q, spec))
		c->take(c, i, &failed);
}

static int call_start(
	struct dht *d, struct call *c, struct request_spec *spec, const struct dht_hash *hashes)
{
	c->items = calloc(c->n, sizeof(*c->items));
	if (!c->items)
		return DHT_ERR_MEMORY;
	c->left = c->n;
	for (size_t i = 0; i < c->n; i++)
		start_item(d, c, i, spec, hashes ? &hashes[i] : NULL);
	return 0;
}

static void call_stop(struct dht *d, struct call *c)
{
	for (size_t i = 0; i < c->n && c->items; i++)
		if (c->items[i].request)
			requester_cancel(d->requester, c->items[i].request);
	free(c->items);
	c->items = NULL;
}

static void tell_progress(const struct dht *d, const struct call *c)
{
	if (d->progress)
		d->progress(d->progress_arg, c->n - c->left, c->n);
}

/* Starts n requests like spec, for n hashes, and waits for their ends. 0, or why that could not be
 * done: what became of the requests is the call's to say. */
static int call_run(
	struct dht *d, struct call *c, struct request_spec *spec, const struct dht_hash *hashes)
{
	int err = call_start(d, c, spec, hashes);
	size_t told = c->n;

	while (err == 0 && c->left > 0) {
		err = handle_wait(d, FOR_EVER_US);
		if (err == 0 && c->left != told)
			tell_progress(d, c);
		told = c->left;
	}
	int saved = errno;
	call_stop(d, c);
	errno = saved;
	return err;
}

/* The error of a call whose requests have ended. */
static int call_error(const struct call *c)
{
	if (c->whole == c->n)
		return 0;
	return c->whole + c->partly > 0 ? DHT_ERR_PARTIAL : c->error;
}

/* ---- Get ---- */

static void take_get(struct call *c, size_t i, const struct outcome *o)
{
	c->answers[i] = o->answer;
	count_outcome(c, o->error, true);
}

int dht_get(struct dht *d, const struct dht_hash *hashes, size_t n, struct dht_answer **out)
{
	struct request_spec spec = {.kind = REQUEST_GET, .server = -1};
	struct call c = {.n = n, .take = take_get};

	if (!out)
		return DHT_ERR_ARGUMENT;
	*out = NULL;
	if (!handle_hashes_ok(hashes, n))
		return DHT_ERR_ARGUMENT;
	if (n == 0)
		return 0;
	c.answers = calloc(n, sizeof(*c.answers));
	if (!c.answers)
		return DHT_ERR_MEMORY;
	for (size_t i = 0; i < n; i++)
		c.answers[i].error = DHT_ERR_CANCELLED;
	int err = call_run(d, &c, &spec, hashes);
	*out = c.answers;
	return err ? err : call_error(&c);
}

void dht_answers_free(struct dht_answer *answers, size_t n)
{
	for (size_t i = 0; i < n && answers; i++)
		free(answers[i].providers);
	free(answers);
}

/* ---- Put and drop ---- */

static void take_put(struct call *c, size_t i, const struct outcome *o)
{
	if (c->statuses)
		c->statuses[i] = o->status;
	if (o->error == 0 && o->ttl_s < c->ttl_s)
		c->ttl_s = o->ttl_s;
	count_outcome(c, o->error, o->status == DHT_STORED);
}

static int put_or_drop(
	struct dht *d, struct call *c, struct request_spec *spec, const struct dht_hash *hashes)
{
	if (!handle_hashes_ok(hashes, c->n))
		return DHT_ERR_ARGUMENT;
	if (c->statuses)
		memset(c->statuses, DHT_NO_ANSWER, c->n);
	if (c->n == 0)
		return 0;
	int err = call_run(d, c, spec, hashes);
	return err ? err : call_error(c);
}

int dht_put(struct dht *d, const struct dht_hash *hashes, size_t n,
	const struct dht_put_options *options, uint8_t *statuses, uint32_t *granted_ttl_s)
{
	struct request_spec spec = {.kind = REQUEST_PUT, .server = -1, .put = options};
	struct call c = {.n = n, .take = take_put, .statuses = statuses, .ttl_s = UINT32_MAX};
	int err = put_or_drop(d, &c, &spec, hashes);

	if (granted_ttl_s)
		*granted_ttl_s = c.whole + c.partly > 0 ? c.ttl_s : 0;
	return err;
}

int dht_drop(struct dht *d, const struct dht_hash *hashes, size_t n,
	const struct dht_put_options *options, uint8_t *statuses)
{
	struct request_spec spec = {.kind = REQUEST_DROP, .server = -1, .put = options};
	struct call c = {.n = n, .take = take_put, .statuses = statuses};

	return d->base_only ? DHT_ERR_ARGUMENT : put_or_drop(d, &c, &spec, hashes);
}

/* ---- Want ---- */

static void take_want(struct call *c, size_t i, const struct outcome *o)
{
	bool appeared = o->kind == OUTCOME_EVENT && o->event == DHT_APPEARED;
	bool answered = o->kind == OUTCOME_END && o->error == 0 && o->answer.provider_count > 0;

	if ((appeared || answered) && !c->found) {
		c->found = true;
		c->which = i;
		c->provider = appeared ? o->provider : o->answer.providers[0];
	}
	if (o->kind == OUTCOME_END) {
		free(o->answer.providers);
		count_outcome(c, o->error, true);
	}
}

static int wait_for_want(struct dht *d, struct call *c, uint32_t wait_ms)
{
	uint64_t now_us = handle_now_us();
	uint64_t end_us = wait_ms == UINT32_MAX ? FOR_EVER_US : now_us + wait_ms * UINT64_C(1000);
	int err = dht_process(d);

	while (err == 0 && !c->found && c->left > 0) {
		now_us = handle_now_us();
		if (now_us >= end_us)
			return DHT_ERR_TIMEOUT;
		err = handle_wait(d, end_us - now_us);
	}
	if (err)
		return err;
	return c->found ? 0 : c->error;
}

int dht_want(struct dht *d, const struct dht_hash *hashes, size_t n, uint32_t wait_ms,
	size_t *which, struct dht_provider *provider)
{
	struct request_spec spec = {
		.kind = d->base_only ? REQUEST_WANT : REQUEST_WATCH,
		.server = -1,
	};
	struct call c = {.n = n, .take = take_want};

	if (n == 0 || !handle_hashes_ok(hashes, n))
		return DHT_ERR_ARGUMENT;
	int err = call_start(d, &c, &spec, hashes);
	if (err == 0)
		err = wait_for_want(d, &c, wait_ms);
	int saved = errno;
	call_stop(d, &c);
	/* The farewells to what was watched. */
	(void)dht_process(d);
	errno = saved;
	if (err == 0 && which)
		*which = c.which;
	if (err == 0 && provider)
		*provider = c.provider;
	return err;
}

/* ---- Servers ---- */

static void take_ping(struct call *c, size_t i, const struct outcome *o)
{
	(void)i;
	if (c->info && o->info)
		*c->info = *o->info;
	count_outcome(c, o->error, true);
}

static int ping(struct dht *d, int server, uint32_t tries, struct dht_server_info *info)
{
	struct request_spec spec = {.kind = REQUEST_PING, .server = server, .tries = tries};
	struct call c = {.n = 1, .take = take_ping, .info = info};
	int err = call_run(d, &c, &spec, NULL);

	return err ? err : call_error(&c);
}

int dht_ping(struct dht *d, struct dht_server_info *info)
{
	if (info)
		*info = (struct dht_server_info){0};
	return ping(d, -1, 0, info);
}

int dht_servers(struct dht *d, struct dht_provider **out, size_t *n)
{
	struct request_spec spec = {.kind = REQUEST_SERVERS, .server = -1};
	struct dht_answer answer = {0};
	struct call c = {.n = 1, .take = take_get, .answers = &answer};

	if (!out || !n)
		return DHT_ERR_ARGUMENT;
	*out = NULL;
	*n = 0;
	if (d->base_only)
		return DHT_ERR_ARGUMENT;
	int err = call_run(d, &c, &spec, NULL);
	if (err == 0)
		err = call_error(&c);
	*out = answer.providers;
	*n = answer.provider_count;
	return err;
}

/* ---- Exit ---- */

static void take_exit(struct call *c, size_t i, const struct outcome *o)
{
	(void)i;
	count_outcome(c, o->error, true);
}

static int send_exit(struct dht *d, const char *password)
{
	struct request_spec spec = {
		.kind = REQUEST_EXIT,
		.server = 0,
		.password = {.p = (const uint8_t *)password, .len = strlen(password)},
	};
	struct call c = {.n = 1, .take = take_exit};
	int err = call_run(d, &c, &spec, NULL);

	return err ? err : call_error(&c);
}

static int pause_ms(struct dht *d, uint32_t ms)
{
	uint64_t now_us, end_us = handle_now_us() + ms * UINT64_C(1000);
	int err = 0;

	while (err == 0 && (now_us = handle_now_us()) < end_us)
		err = handle_wait(d, end_us - now_us);
	return err;
}

/* Waits until the first server does not answer any more. */
static int wait_for_exit(struct dht *d, const char *password, uint32_t wait_ms)
{
	uint64_t start_us = handle_now_us();
	bool again = true;

	for (;;) {
		int err = pause_ms(d, EXIT_PAUSE_MS);
		if (err == 0)
			err = ping(d, 0, EXIT_PINGS, NULL);
		if (err == DHT_ERR_UNREACHABLE || err == DHT_ERR_TIMEOUT)
			return 0;
		if (err == DHT_ERR_SYSTEM || err == DHT_ERR_MEMORY)
			return err;
		uint64_t passed_ms = (handle_now_us() - start_us) / 1000;
		if (passed_ms >= wait_ms)
			return DHT_ERR_REFUSED;
		if (again && passed_ms >= EXIT_AGAIN_MS) {
			again = false;
			err = send_exit(d, password);
			if (err)
				return err;
		}
	}
}

int dht_exit(struct dht *d, const char *password, uint32_t wait_ms)
{
	if (!password || strlen(password) > REQUESTER_PASSWORD_MAX)
		return DHT_ERR_ARGUMENT;
	/* A server that was not there cannot be told from one that has gone. */
	int err = ping(d, 0, 0, NULL);
	if (err == 0)
		err = send_exit(d, password);
	return err ? err : wait_for_exit(d, password, wait_ms);
}
