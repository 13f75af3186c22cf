/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan: what a seed is: sizes, classes of faults and their strengths.
 *
 * All of it is drawn at once, each group of numbers from a generator of its own: taking a class of
 * faults away, or asking for fewer servers, changes nothing else.
 */
#ifndef DHT_TESTS_SIM_PLAN_H
#define DHT_TESTS_SIM_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(identifier, name, help) */
#define PLAN_FAULTS(X)                                                                             \
	X(LOSS, "loss", "datagrams between servers are lost")                                      \
	X(REPEAT, "repeat", "they come twice")                                                     \
	X(DELAY, "delay", "they come late, some very late, and in another order")                  \
	X(HARM, "harm", "bits flip, ends are missing, senders are not who they seem")              \
	X(REPLAY, "replay", "recorded ones come again, up to an hour later")                       \
	X(CLOG, "clog", "a link holds back all for some seconds")                                  \
	X(CUT, "cut", "links are cut, also in one direction")                                      \
	X(CRASH, "crash", "servers die, and come back with their disks")                           \
	X(WIPE, "wipe", "servers die, and come back with nothing")                                 \
	X(STALE, "stale", "servers die, and come back with an old disk")                           \
	X(PAUSE, "pause", "servers stand still for a while")                                       \
	X(STALL, "stall", "one thread of a server stands still for a while")                       \
	X(LEAVE, "leave", "servers leave")                                                         \
	X(JOIN, "join", "servers join, also several at once")                                      \
	X(OFFSET, "offset", "wall clocks differ")                                                  \
	X(DRIFT, "drift", "clocks go at different speeds")                                         \
	X(STEP, "step", "wall clocks jump")                                                        \
	X(QUEUE, "queue", "what lanes pass to the cluster's thread is late or lost")               \
	X(CLIENTS, "clients", "clients' datagrams are lost, late and repeated")                    \
	X(GARBAGE, "garbage", "strangers send nonsense to all planes")                             \
	X(ROTATE, "rotate", "the cluster's key is changed")                                        \
	X(FULL, "full", "tables are small and overflow")

enum plan_fault {
#define X(id, name, help) FAULT_##id,
	PLAN_FAULTS(X)
#undef X
		FAULT_COUNT,
};

#define PLAN_SERVERS_MAX   128  /* that there are ever in a run of a seed */
#define PLAN_FLEET_MAX     1024 /* in one that a program drives itself (sim_with) */
#define PLAN_CLIENTS_MAX   4
#define PLAN_HASHES_MAX    300
#define PLAN_PROVIDERS_MAX 64
#define PLAN_ROUNDS_MAX    3

/* What people may ask for. */
struct plan_options {
	uint64_t seed;
	uint32_t without;  /* classes of faults, 1 << FAULT_… */
	uint32_t servers;  /* 0: as the seed says */
	uint64_t until_us; /* 0: as the seed says */
	bool spies;        /* on one key (spy.h) */
	uint32_t hash, provider;
};

struct plan {
	uint64_t seed;
	uint32_t faults;         /* 1 << FAULT_… */
	bool calm;               /* no faults, and lookups are right all the time */
	bool clear;              /* no cluster key */
	bool spare_disks;        /* never more disks are lost than may be */
	bool first_alone;        /* the first server is configured without seeds */
	bool proven;             /* clients are in clients.trusted */
	bool zones, weights;     /* servers have them */
	bool confirm_misses;     /* as the configuration has it */
	bool shared;             /* clients announce for one another's providers */
	uint32_t servers, lanes; /* at the start; of each */
	uint32_t most;           /* servers that there are ever */
	uint32_t basic;          /* peers that know base messages only */
	uint32_t replicas, quorum;
	uint32_t clients, hashes, providers;
	uint32_t ttl_max_s; /* the longest that clients ask for */
	uint32_t rate;      /* requests a minute of each client */
	uint32_t rounds;
	uint64_t chaos_us[PLAN_ROUNDS_MAX];
	uint64_t until_us;

	/* Strengths: what they are when their class is there. In millionths where they are parts.
	 */
	uint32_t loss, repeat, flip, truncate, replay;
	uint32_t clients_loss, clients_repeat;
	uint64_t delay_us, clients_delay_us; /* mean */
	uint32_t queue_loss;
	uint64_t queue_us;
	uint64_t every_us[FAULT_COUNT];  /* mean time between two of a kind */
	uint64_t for_us[FAULT_COUNT];    /* how long one lasts, at most */
	uint32_t max_records;            /* 0: no limit */
	uint64_t interval_us, repair_us; /* keep-alive and repair, as configured */
	uint64_t suspect_us, drop_us;
	uint64_t leave_us; /* who leaves has so long to hand over what it has */
};

void plan_draw(struct plan *p, const struct plan_options *options);

static inline bool plan_has(const struct plan *p, enum plan_fault f)
{
	return p->faults >> f & 1;
}

/* The class's name, and what it is. */
const char *plan_fault_name(enum plan_fault f);
const char *plan_fault_help(enum plan_fault f);

/* "loss,cut" as bits. False for a name that no class has. */
bool plan_faults_parse(const char *text, uint32_t *faults);

/* The plan in one line. */
void plan_format(const struct plan *p, char *to, size_t size);

#endif
