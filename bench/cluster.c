/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cluster: a table of what clusters of several sizes cost and do, in the simulator.
 *
 *     bench/cluster                         3, 10, 64, 100 and 1000 servers
 *     bench/cluster --loss 86400 1000       a day of lost datagrams at 1000 servers
 *     bench/cluster --quick 10              a few seconds, for make check
 *
 * The same arguments give the same table, byte for byte; what goes on is said on standard error.
 * The exit status is 1 when a limit is missed.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "scale.h"

#define SIZES_MAX 8

#define BYTES_MOST 4096 /* a second and server, at up to 1000 servers */
#define LOAD_MOST  1.1  /* at up to 64 */
#define LOAD_SIZE  64
#define MOVES_MOST 1.05
#define HOPS_MOST  1

struct line {
	const char *text;
	void (*print)(const struct scale *x);
};

static int missed(const struct scale *x, bool is, const char *what)
{
	if (is)
		printf("MISSED at %" PRIu32 " servers: %s\n", x->servers, what);
	return is;
}

static int check(const struct scale *x)
{
	return missed(x, x->hops_most > HOPS_MOST, "hops") +
	       missed(x, x->lost || x->wrong || x->refused, "requests") +
	       missed(x, x->member_bytes > BYTES_MOST, "bytes") +
	       missed(x, x->false_deaths > 0, "false deaths") +
	       missed(x, x->servers <= LOAD_SIZE && x->load > LOAD_MOST, "load") +
	       missed(x, x->join_moved > MOVES_MOST, "moves") + missed(x, !x->alike, "owners");
}

#define LINES(X)                                                                                   \
	X(hops, "hops of a request: most / mean", "%u / %.2f", x->hops_most, x->hops_mean)         \
	X(requests, "requests followed / without an answer / answered wrongly", "%u / %u / %u",    \
		x->requests, x->lost, x->wrong)                                                    \
	X(bytes, "membership, bytes a server and second: at rest / its highest second",            \
		"%.0f / %u", x->member_bytes, x->calm_peak)                                        \
	X(news, "… in the minute after all have come", "%.0f", x->news_bytes)                      \
	X(peak, "… the highest second while servers crash and come back", "%u", x->change_peak)    \
	X(digests, "comparing digests, bytes a server and second at rest", "%.0f",                 \
		x->digest_bytes)                                                                   \
	X(half, "a crash is known to half / to each, mean / p99 / the last, s",                    \
		"%.1f / %.1f / %.1f / %.1f", x->half_s, x->mean_s, x->p99_s, x->all_s)             \
	X(crashes, "… crashes", "%u", x->crashes)                                                  \
	X(loss, "with 5 % loss: hours / suspicions / false deaths",                                \
		"%.2f / %" PRIu64 " / %" PRIu64, x->loss_s / 3600.0, x->suspicions,                \
		x->false_deaths)                                                                   \
	X(load, "most by mean: partitions / records", "%.3f / %.3f", x->load, x->record_load)      \
	X(records, "… records announced / refused", "%" PRIu64 " / %" PRIu64, x->records,          \
		x->refused)                                                                        \
	X(join, "a join moves, by what the new server owns: partitions / records", "%.3f / %.3f",  \
		x->join_moved, x->join_pulled)                                                     \
	X(share, "… partitions by an equal share / longest, s", "%.3f / %.1f", x->join_share,      \
		x->join_s)                                                                         \
	X(leave, "a leave moves, by what it owned: partitions / records / longest, s",             \
		"%.3f / %.3f / %.1f", x->leave_moved, x->leave_pulled, x->leave_s)                 \
	X(form, "all started at once: at rest after, s", "%.1f", x->form_s)                        \
	X(memory, "memory for membership, ring and a view, MB a server", "%.2f",                   \
		(double)x->memory / 1e6)

#define X(name, text, ...)                                                                         \
	static void print_##name(const struct scale *x)                                            \
	{                                                                                          \
		printf(__VA_ARGS__);                                                               \
	}
LINES(X)
#undef X

static const struct line lines[] = {
#define X(name, text, ...) {text, print_##name},
	LINES(X)
#undef X
};

static void print_table(const struct scale *all, size_t count)
{
	printf("| servers |");
	for (size_t i = 0; i < count; i++)
		printf(" %" PRIu32 " |", all[i].servers);
	printf("\n| --- |");
	for (size_t i = 0; i < count; i++)
		printf(" --- |");
	for (size_t line = 0; line < sizeof(lines) / sizeof(lines[0]); line++) {
		printf("\n| %s |", lines[line].text);
		for (size_t i = 0; i < count; i++) {
			printf(" ");
			lines[line].print(&all[i]);
			printf(" |");
		}
	}
	printf("\n");
}

static int usage(void)
{
	fprintf(stderr, "usage: cluster [--seed N] [--loss SECONDS] [--records N] [--quick] "
			"[SERVERS …]\n");
	return 2;
}

static bool parse(struct scale_conf *conf, int argc, char **argv)
{
	static const struct option options[] = {
		{"seed", required_argument, NULL, 's'},
		{"loss", required_argument, NULL, 'l'},
		{"records", required_argument, NULL, 'r'},
		{"quick", no_argument, NULL, 'q'},
		{0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 's': conf->seed = strtoull(optarg, NULL, 0); break;
		case 'l': conf->loss_s = (uint32_t)strtoul(optarg, NULL, 0); break;
		case 'r': conf->records = strtoull(optarg, NULL, 0); break;
		case 'q':
			conf->calm_s = conf->loss_s = 60;
			conf->crashes = conf->changes = 1;
			conf->requests = 20;
			conf->records = 4096;
			break;
		default: return false;
		}
	}
	return conf->records >= WORLD_HASHES;
}

int main(int argc, char **argv)
{
	struct scale_conf conf = {
		.seed = 1,
		.calm_s = 120,
		.crashes = 5,
		.changes = 3,
		.requests = 200,
		.records = 262144,
	};
	uint32_t sizes[SIZES_MAX] = {3, 10, 64, 100, 1000};
	struct scale all[SIZES_MAX];
	size_t count = 5;
	int misses = 0;

	if (!parse(&conf, argc, argv) || argc - optind > SIZES_MAX)
		return usage();
	if (argc > optind)
		count = (size_t)(argc - optind);
	for (size_t i = 0; optind + (int)i < argc; i++)
		sizes[i] = (uint32_t)strtoul(argv[optind + (int)i], NULL, 0);
	for (size_t i = 0; i < count; i++) {
		if (sizes[i] < 3 || sizes[i] + conf.changes > PLAN_FLEET_MAX)
			return usage();
		scale_measure(&conf, sizes[i], &all[i]);
	}
	print_table(all, count);
	for (size_t i = 0; i < count; i++)
		misses += check(&all[i]);
	return misses > 0;
}
