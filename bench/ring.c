/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/ring: what placing all partitions costs, and how well it is done.
 *
 *     ring [servers [replicas [zones [clusters]]]]           64 3 0 100
 *
 * The time of computing everything, of one server coming and of one going; how evenly the servers
 * are loaded, in this cluster and in others; and what moves when one comes or goes, beside the
 * least that could.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/ring.h"

#define ROUNDS 50
#define TENTH  1.1 /* of the mean: no server should have more */

struct bench {
	struct ring *ring;
	uint32_t servers, replicas, zones;
	uint16_t *before; /* rows as remember() found them */
};

/* Of processor time: the machine may be busy with other things. */
static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void set(struct bench *b, uint32_t slot, uint32_t number, uint8_t weight)
{
	uint8_t v4[4] = {10, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};
	struct ring_member m = {
		.id = {.ip = ip_from_v4(v4), .port = 8471},
		.zone = b->zones ? 1 + number % b->zones : 0,
		.weight = weight,
	};

	ring_set(b->ring, (uint16_t)slot, &m);
}

static void remember(struct bench *b)
{
	memcpy(b->before, ring_rows(b->ring),
		sizeof(uint16_t) * TABLE_PARTITIONS * ring_row_len(b->ring));
}

static bool has(const uint16_t *row, uint32_t replicas, uint16_t slot)
{
	for (uint32_t i = 0; i < replicas; i++)
		if (row[i] == slot)
			return true;
	return false;
}

/* Partitions that servers have come to own since remember(). */
static uint64_t moved(const struct bench *b)
{
	uint64_t n = 0;

	for (uint32_t p = 0; p < TABLE_PARTITIONS; p++) {
		const uint16_t *row = ring_row(b->ring, p);
		for (uint32_t i = 0; i < b->replicas && row[i] != RING_NONE; i++)
			n += !has(
				b->before + (size_t)p * ring_row_len(b->ring), b->replicas, row[i]);
	}
	return n;
}

static void build(struct bench *b)
{
	double start = seconds();

	for (uint32_t i = 0; i < b->servers; i++)
		set(b, i, i, 1);
	uint32_t rows = ring_settle(b->ring);
	printf("%-12s %8.3f ms   (%" PRIu32 " rows)\n", "all", (seconds() - start) * 1e3, rows);
}

/* By the mean. */
struct load {
	double mean, max, min;
};

static struct load load_of(const struct bench *b)
{
	uint32_t load[RING_SLOTS] = {0}, max = 0, min = UINT32_MAX;
	uint64_t sum = 0;

	for (uint32_t p = 0; p < TABLE_PARTITIONS; p++) {
		const uint16_t *row = ring_row(b->ring, p);
		for (uint32_t i = 0; i < b->replicas && row[i] != RING_NONE; i++)
			load[row[i]]++;
	}
	for (uint32_t i = 0; i < b->servers; i++) {
		sum += load[i];
		max = load[i] > max ? load[i] : max;
		min = load[i] < min ? load[i] : min;
	}
	double mean = (double)sum / b->servers;
	return (struct load){.mean = mean, .max = max / mean, .min = min / mean};
}

static void report_load(const struct bench *b)
{
	struct load l = load_of(b);

	printf("%-12s %8.1f partitions on each, the fullest %.3f times that, the emptiest %.3f\n",
		"load", l.mean, l.max, l.min);
}

/* Of as many servers with other addresses. */
static void report_clusters(struct bench *b, uint32_t clusters)
{
	double sum = 0, most = 0;
	uint32_t above = 0;

	for (uint32_t c = 1; c <= clusters; c++) {
		for (uint32_t i = 0; i < b->servers; i++)
			set(b, i, c * RING_SLOTS + i, 1);
		ring_settle(b->ring);
		double max = load_of(b).max;
		sum += max;
		most = max > most ? max : most;
		above += max > TENTH;
	}
	printf("%-12s %8" PRIu32
	       " others: the fullest of each %.3f times the mean on average, %.3f "
	       "at most, above %.1f in %" PRIu32 "\n",
		"clusters", clusters, sum / clusters, most, TENTH, above);
}

/* One more server comes and goes, another one each time. */
static void come_and_go(struct bench *b)
{
	double came = 0, went = 0;
	uint64_t moved_in = 0, moved_out = 0;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		remember(b);
		double start = seconds();
		set(b, b->servers, b->servers + i, 1);
		ring_settle(b->ring);
		double middle = seconds();
		moved_in += moved(b);
		remember(b);
		double again = seconds();
		set(b, b->servers, 0, 0);
		ring_settle(b->ring);
		went += seconds() - again;
		came += middle - start;
		moved_out += moved(b);
	}
	uint32_t owners = b->servers + 1 < b->replicas ? b->servers + 1 : b->replicas;
	double least = (double)TABLE_PARTITIONS * owners / (b->servers + 1);
	printf("%-12s %8.3f ms   moves %.1f, %.3f times the least\n", "one comes",
		came * 1e3 / ROUNDS, (double)moved_in / ROUNDS, (double)moved_in / ROUNDS / least);
	printf("%-12s %8.3f ms   moves %.1f\n", "one goes", went * 1e3 / ROUNDS,
		(double)moved_out / ROUNDS);
}

int main(int argc, char **argv)
{
	struct bench b = {
		.servers = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 64,
		.replicas = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 3,
		.zones = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 0,
	};

	uint32_t clusters = argc > 4 ? (uint32_t)strtoul(argv[4], NULL, 10) : 100;

	if (clusters < 1 || b.servers < 1 || b.servers >= RING_SLOTS || b.replicas < 1 ||
		b.replicas > RING_REPLICAS)
		return 1;
	b.ring = ring_new((uint8_t)b.replicas);
	b.before = malloc(sizeof(uint16_t) * TABLE_PARTITIONS * RING_ROW_MAX);
	if (!b.ring || !b.before)
		abort();
	printf("%" PRIu32 " servers, %" PRIu32 " replicas, %" PRIu32 " zones\n", b.servers,
		b.replicas, b.zones);
	build(&b);
	report_load(&b);
	come_and_go(&b);
	report_clusters(&b, clusters);
	free(b.before);
	ring_free(b.ring);
	return 0;
}
