/* SPDX-License-Identifier: BSD-2-Clause */
/* dht bench: loads a server for a bounded time and prints rate and latency percentiles. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/exitcode.h"
#include "tools/common/text.h"
#include "tools/dht/commands.h"
#include "tools/dht/connect.h"
#include "tools/dht/load.h"
#include "tools/dht/session.h"

#define CONNECTIONS_MAX 64
#define HASH_BYTES      32
#define SPARE_TTL_S     60 /* what was put outlives the run by so much, if it is not withdrawn */

struct bench_args {
	uint32_t seconds;
	uint32_t hashes;
	uint32_t get_share; /* per cent */
	uint32_t connections;
	uint32_t depth;
};

static const struct opt options[] = {
	{"seconds", 0, OPT_SECONDS, "T", "how long (5s)", offsetof(struct bench_args, seconds), 1,
		86400, NULL},
	{"hashes", 0, OPT_NUMBER, "N", "different ones (10000)",
		offsetof(struct bench_args, hashes), 1, 10000000, NULL},
	{"get-share", 0, OPT_NUMBER, "P", "per cent of requests that are gets (90)",
		offsetof(struct bench_args, get_share), 0, 100, NULL},
	{"connections", 0, OPT_NUMBER, "N", "sockets, each with a thread (4)",
		offsetof(struct bench_args, connections), 1, CONNECTIONS_MAX, NULL},
	{"depth", 0, OPT_NUMBER, "N", "requests under way on each (16)",
		offsetof(struct bench_args, depth), 1, 4096, NULL},
	{0},
};

static const struct bench_args defaults = {
	.seconds = 5,
	.hashes = 10000,
	.get_share = 90,
	.connections = 4,
	.depth = 16,
};

struct bench {
	struct session *session;
	struct bench_args args;
	struct load_plan plan;
	struct dht_hash *hashes;
	struct load *loads; /* one for each connection */
	struct rng rng;
};

/* ---- Before and after ---- */

/* Hashes that nobody else has: the seed is new each time. */
static bool make_hashes(struct bench *b)
{
	uint64_t seed;

	b->hashes = calloc(b->args.hashes, sizeof(*b->hashes));
	if (!b->hashes || getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		return false;
	rng_init(&b->rng, seed);
	for (uint32_t i = 0; i < b->args.hashes; i++) {
		b->hashes[i].len = HASH_BYTES;
		for (size_t at = 0; at < HASH_BYTES; at += sizeof(uint64_t)) {
			uint64_t word = rng_u64(&b->rng);

			memcpy(b->hashes[i].bytes + at, &word, sizeof(word));
		}
	}
	return true;
}

/* So that the gets find something. */
static int populate(struct bench *b)
{
	const struct dht_put_options put = {.ttl_s = b->plan.ttl_s};
	struct progress progress;
	int err;

	if (connect_open(b->session) != 0)
		return b->session->console.fault.status;
	session_progress(b->session, &progress, "announcing");
	err = dht_put(b->session->dht, b->hashes, b->args.hashes, &put, NULL, NULL);
	progress_end(&progress);
	return err ? connect_fault(b->session, err) : 0;
}

/* What can't be withdrawn expires. */
static void tidy(struct bench *b)
{
	const struct dht_put_options put = {0};
	struct progress progress;

	if (b->session->flags.base)
		return;
	session_progress(b->session, &progress, "withdrawing");
	dht_drop(b->session->dht, b->hashes, b->args.hashes, &put, NULL);
	progress_end(&progress);
}

/* ---- The run ---- */

static int open_loads(struct bench *b)
{
	struct dht_options chosen;
	struct named_key key;
	int err = 0;

	b->loads = calloc(b->args.connections, sizeof(*b->loads));
	if (!b->loads)
		return connect_fault(b->session, DHT_ERR_MEMORY);
	if (connect_options(b->session, &key, &chosen) != 0)
		return b->session->console.fault.status;
	chosen.window = b->args.depth;
	for (uint32_t i = 0; i < b->args.connections && !err; i++) {
		b->loads[i].plan = &b->plan;
		rng_init(&b->loads[i].rng, rng_u64(&b->rng));
		err = dht_open(&b->loads[i].dht, &chosen);
	}
	explicit_bzero(&key, sizeof(key));
	return err ? connect_fault(b->session, err) : 0;
}

static void run_loads(struct bench *b)
{
	pthread_t threads[CONNECTIONS_MAX];
	uint32_t started = 0;

	while (started < b->args.connections &&
		pthread_create(&threads[started], NULL, load_run, &b->loads[started]) == 0)
		started++;
	if (started < b->args.connections)
		console_note(&b->session->console, "only %u connections: no more threads", started);
	while (started > 0)
		pthread_join(threads[--started], NULL);
}

/* All results in the first load's. */
static const struct load *sum(const struct bench *b)
{
	struct load *first = &b->loads[0];

	for (uint32_t i = 1; i < b->args.connections; i++) {
		const struct load *l = &b->loads[i];

		for (int o = 0; o < LOAD_OPERATIONS; o++)
			histogram_merge(&first->latency_ns[o], &l->latency_ns[o]);
		if (first->errors == 0)
			first->first_error = l->first_error;
		first->errors += l->errors;
		if (l->run_ns > first->run_ns)
			first->run_ns = l->run_ns;
	}
	return first;
}

/* ---- The result ---- */

static const struct column columns[] = {
	{.key = "operation", .title = "OPERATION"},
	{.key = "requests", .title = "REQUESTS", .right = true},
	{.key = "requestsPerSecond", .title = "PER SECOND", .right = true},
	{.key = "p50", .title = "P50", .right = true, .only = OUTPUT_TABLE},
	{.key = "p90", .title = "P90", .right = true, .only = OUTPUT_TABLE},
	{.key = "p99", .title = "P99", .right = true, .only = OUTPUT_TABLE},
	{.key = "p999", .title = "P99.9", .right = true, .only = OUTPUT_TABLE},
	{.key = "max", .title = "MAX", .right = true, .only = OUTPUT_TABLE},
	{.key = "p50Microseconds", .only = OUTPUT_PLAIN},
	{.key = "p90Microseconds", .only = OUTPUT_PLAIN},
	{.key = "p99Microseconds", .only = OUTPUT_PLAIN},
	{.key = "p999Microseconds", .only = OUTPUT_PLAIN},
	{.key = "maxMicroseconds", .only = OUTPUT_PLAIN},
};

static const struct {
	const char *text, *number;
	uint32_t part;
} percentiles[] = {{"p50", "p50Microseconds", 5000}, {"p90", "p90Microseconds", 9000},
	{"p99", "p99Microseconds", 9900}, {"p999", "p999Microseconds", 9990},
	{"max", "maxMicroseconds", 10000}};

static void show_operation(
	struct writer *w, const char *name, const struct histogram *h, uint64_t run_ns)
{
	char text[TEXT_DURATION_MAX];

	writer_open(w, NULL);
	writer_string(w, "operation", name);
	writer_integer(w, "requests", h->total);
	writer_integer(w, "requestsPerSecond",
		(uint64_t)((double)h->total * 1e9 / (double)(run_ns ? run_ns : 1)));
	for (size_t i = 0; i < sizeof(percentiles) / sizeof(percentiles[0]); i++) {
		uint64_t us = histogram_percentile(h, percentiles[i].part) / 1000;

		text_micros(us, text);
		writer_text(w, percentiles[i].text, text);
		writer_integer(w, percentiles[i].number, us);
	}
	writer_close(w);
}

static int show(const struct bench *b, const struct load *all)
{
	struct session *s = b->session;
	struct writer *w = console_writer(&s->console, 0);
	struct dht_trip trip;

	dht_last_trip(s->dht, &trip);
	writer_rows(w, columns, sizeof(columns) / sizeof(columns[0]));
	writer_open(w, NULL);
	writer_string(w, "server", trip.server);
	writer_integer(w, "connections", b->args.connections);
	writer_integer(w, "depth", b->args.depth);
	writer_integer(w, "durationMilliseconds", all->run_ns / 1000000);
	writer_integer(w, "errors", all->errors);
	writer_list(w, "results");
	if (b->args.get_share > 0)
		show_operation(w, "get", &all->latency_ns[LOAD_GET], all->run_ns);
	if (b->args.get_share < 100)
		show_operation(w, "put", &all->latency_ns[LOAD_PUT], all->run_ns);
	writer_close(w);
	writer_close(w);
	return console_written(&s->console, w, all->errors > 0 ? EXIT_PARTIAL : EXIT_DONE);
}

static int bench(struct bench *b)
{
	const struct load *all;
	int status;

	if (populate(b) != 0 || open_loads(b) != 0)
		return b->session->console.fault.status;
	run_loads(b);
	all = sum(b);
	tidy(b);
	if (all->latency_ns[LOAD_GET].total + all->latency_ns[LOAD_PUT].total == 0)
		return connect_fault(b->session, all->first_error);
	status = show(b, all);
	if (all->errors > 0)
		console_note(&b->session->console, "%lu requests failed; the first: %s",
			(unsigned long)all->errors, dht_strerror(all->first_error));
	session_trip(b->session);
	return status;
}

static int bench_run(void *context, void *args, int argc, char **argv)
{
	struct bench b = {.session = context, .args = *(struct bench_args *)args};
	int status;

	if (console_no_operands(&b.session->console, argc, argv) != 0)
		return b.session->console.fault.status;
	if (!make_hashes(&b)) {
		free(b.hashes);
		return connect_fault(b.session, DHT_ERR_SYSTEM);
	}
	b.plan = (struct load_plan){
		.hashes = b.hashes,
		.hash_count = b.args.hashes,
		.get_percent = b.args.get_share,
		.depth = b.args.depth,
		.duration_ms = b.args.seconds * 1000,
		.ttl_s = b.args.seconds + SPARE_TTL_S,
	};
	status = bench(&b);
	for (uint32_t i = 0; b.loads && i < b.args.connections; i++)
		dht_close(b.loads[i].dht);
	free(b.loads);
	free(b.hashes);
	return status;
}

const struct subcommand cmd_bench = {
	.name = "bench",
	.operands = "",
	.summary = "load a server, print rate and latency percentiles",
	.notes = "Announces random hashes of this machine first, and withdraws them in the end.\n"
		 "A request is one hash; the library may put several in a datagram.\n"
		 "Plain output: operation, requests, per second, and p50 p90 p99 p99.9 max in\n"
		 "microseconds. Exit status: 0 done, 7 some requests failed.",
	.options = {options},
	.args_size = sizeof(struct bench_args),
	.defaults = &defaults,
	.run = bench_run,
};
