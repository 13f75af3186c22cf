/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scale: what a cluster costs and does at one size. Each step leaves the cluster at rest for the
 * next.
 */
#ifndef DHT_BENCH_SCALE_H
#define DHT_BENCH_SCALE_H

#include "world.h"

struct scale_conf {
	uint64_t seed;
	uint32_t calm_s, loss_s;   /* loss_s 0: as befits the size */
	uint32_t crashes, changes; /* changes: joins, and leaves */
	uint32_t requests;         /* that are followed, of each kind */
	uint64_t records;
};

struct scale {
	uint32_t servers;
	double form_s; /* from the first start until all are at rest */

	/* Bytes a second and server: of the membership when all have just come, and at rest; of
	 * comparing, at rest, with records. */
	double news_bytes, member_bytes, digest_bytes;
	uint32_t calm_peak, change_peak; /* of the membership, one server's in one second */

	uint32_t loss_s;
	uint64_t false_deaths, suspicions;

	uint32_t crashes;
	double half_s, mean_s, p99_s, all_s; /* all_s: the longest of all */

	uint64_t records, refused;
	uint32_t requests, lost, wrong;
	uint32_t hops_most;
	double hops_mean;

	double load, record_load; /* most by mean */
	bool alike;               /* all servers have the same owners */

	/* By what the one that came or went owns; and by an equal share of all. */
	double join_moved, join_share, join_pulled, leave_moved, leave_pulled;
	double join_s, leave_s; /* the longest, until all are at rest */

	size_t memory; /* of the members, their ring and one view, on one server */
};

void scale_measure(const struct scale_conf *conf, uint32_t servers, struct scale *out);

#endif
