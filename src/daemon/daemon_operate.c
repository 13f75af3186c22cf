/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/daemon_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/hex.h"
#include "daemon/clock.h"
#include "daemon/conf_json.h"
#include "daemon/log.h"
#include "daemon/statsjson.h"
#include "wire/hash.h"

/* Providers in one page of Lookup. */
#define LOOKUP_PAGE 256

void daemon_counters(const struct daemon *d, uint64_t n[static STATS_COUNT])
{
	server_stats(d->server, n);
	for (int i = 0; i < STATS_COUNT; i++)
		n[i] += stats_get(warden_stats(d->warden), (enum stats_id)i);
}

static uint64_t requests_of(const uint64_t n[static STATS_COUNT])
{
	uint64_t sum = 0;

	for (int i = 0; i < STATS_COUNT; i++)
		if (stats_info((enum stats_id)i)->group == STATS_GROUP_REQUESTS)
			sum += n[i];
	return sum;
}

/* ---- Looking at itself ---- */

/* A rate of less than this says nothing. */
#define RATE_MIN_US UINT64_C(1000000)

static void measure_rate(struct daemon *d, const uint64_t n[static STATS_COUNT], uint64_t now_us)
{
	uint64_t requests = requests_of(n);

	if (now_us - d->rate_us < RATE_MIN_US)
		return;
	if (d->rate_us && now_us > d->rate_us)
		d->rate = (requests - d->rate_requests) * 1000000 / (now_us - d->rate_us);
	d->rate_requests = requests;
	d->rate_us = now_us;
}

/* Who has just started may be alone. */
#define ALONE_US UINT64_C(10000000)

static void look_at_health(struct daemon *d, const uint64_t n[static STATS_COUNT], uint64_t now_us)
{
	char reasons[HEALTH_TROUBLES][HEALTH_REASON_MAX];
	char told[HEALTH_TROUBLES][HEALTH_FAULT_MAX];
	struct health_facts facts = {
		.now_us = now_us,
		.refused = n[STATS_RECORDS_REFUSED],
		.overflows = n[STATS_RECEIVE_OVERFLOWS],
		/* Not those of the workers: to what addresses they send is for clients to say. */
		.unsent = stats_get(lane_stats(server_cluster_lane(d->server)), STATS_SEND_ERRORS),
		.told = {[HEALTH_CONFIG] = d->rejected},
	};

	census_troubles(daemon_census(d), told);
	for (int i = HEALTH_ALONE; i < HEALTH_TROUBLES; i++)
		facts.told[i] = told[i];
	if (now_us - d->start_us < ALONE_US)
		facts.told[HEALTH_ALONE] = NULL;
	health_observe(&d->health, &facts);
	bool healthy = health_reasons(&d->health, reasons) == 0;
	if (healthy && !d->was_healthy)
		log_event(LOG_EVENT_HEALTHY, NULL, "healthy again");
	if (!healthy && d->was_healthy)
		log_event(LOG_EVENT_DEGRADED, (struct log_field[]){{"DHT_REASON", reasons[0]}, {0}},
			"degraded: %s", reasons[0]);
	d->was_healthy = healthy;
}

static void write_status(struct daemon *d)
{
	char reasons[HEALTH_TROUBLES][HEALTH_REASON_MAX];
	struct table_usage usage = server_table_usage(d->server);
	size_t troubles = health_reasons(&d->health, reasons);
	bool waits = json_array_size(d->restart_needed) > 0;
	unsigned members = d->census.status.members;

	snprintf(d->status, sizeof(d->status),
		"%u member%s, %" PRIu64 " records of %" PRIu64 " hashes, %" PRIu64
		" requests/s%s%s%s",
		members, members == 1 ? "" : "s", usage.records, usage.hashes, d->rate,
		waits ? "; settings wait for a restart (dhtctl status)" : "",
		troubles ? "; degraded: " : "", troubles ? reasons[0] : "");
}

const char *daemon_tick(void *daemon)
{
	struct daemon *d = daemon;
	uint64_t now_us = clock_now().mono_us;
	uint64_t n[STATS_COUNT];

	daemon_counters(d, n);
	measure_rate(d, n, now_us);
	look_at_health(d, n, now_us);
	daemon_reap(d, false);
	write_status(d);
	return d->status;
}

/* ---- Being asked ---- */

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

/* Takes list, and gives it back when all went into it. */
static json_t *whole(json_t *list, int err)
{
	if (err == 0)
		return list;
	json_decref(list);
	return NULL;
}

static json_t *reasons_json(const struct daemon *d)
{
	char reasons[HEALTH_TROUBLES][HEALTH_REASON_MAX];
	size_t n = health_reasons(&d->health, reasons);
	json_t *list = json_array();
	int err = 0;

	for (size_t i = 0; i < n; i++)
		err |= json_array_append_new(list, json_string(reasons[i]));
	return whole(list, err);
}

/* This server's place in the cluster. */
static json_t *place_json(const struct census *c)
{
	return json_pack("{s:i, s:i, s:b, s:b, s:b, s:o}", "members", (int)c->status.members,
		"known", (int)c->status.known, "settled", (int)c->status.settled, "leaving",
		(int)c->status.leaving, "drained", (int)c->drained, "partitions",
		census_partitions(c));
}

/* What it holds and how it runs. */
static json_t *course_json(const struct daemon *d, uint64_t now_us)
{
	struct table_usage usage = server_table_usage(d->server);

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:i, s:i, s:s, s:s, s:o, s:O}", "records",
		number(usage.records), "hashes", number(usage.hashes), "memoryBytes",
		number(usage.memory), "requestsPerSecond", number(d->rate), "uptimeSeconds",
		number((now_us - d->start_us) / 1000000), "workers", (int)d->worker_count,
		"processId", (int)getpid(), "version", PACKAGE_VERSION, "logLevel",
		log_level_names[log_get_level()], "configFile", conf_json_file(&d->conf),
		"restartNeeded", d->restart_needed);
}

static json_t *status(void *daemon)
{
	struct daemon *d = daemon;
	uint64_t now_us = clock_now().mono_us;
	uint64_t n[STATS_COUNT];
	char address[IP_TEXT_MAX];

	/* What has happened since the last tick counts already. */
	daemon_counters(d, n);
	look_at_health(d, n, now_us);
	ip_format(&d->listeners.addrs[0].ip, address);
	json_t *object = json_pack("{s:s, s:o, s:s, s:s, s:i}", "health",
		d->was_healthy ? "healthy" : "degraded", "reasons", reasons_json(d), "name",
		d->conf.c.cluster.name, "address", address, "port",
		(int)d->listeners.addrs[0].port);
	json_t *place = place_json(&d->census), *course = course_json(d, now_us);
	int err = json_object_update(object, place) | json_object_update(object, course);
	json_decref(place);
	json_decref(course);
	return whole(object, err);
}

static json_t *stats(void *daemon)
{
	const struct daemon *d = daemon;
	struct table_usage table = server_table_usage(d->server);
	struct watch_usage watch = server_watch_usage(d->server);
	struct control_counts control = d->control ? control_counts(d->control) : d->control_counts;
	uint64_t n[STATS_COUNT];

	daemon_counters(d, n);
	return statsjson_new(n, &table, &watch, &control);
}

static json_t *peers(void *daemon)
{
	return census_peers(daemon_census(daemon));
}

static json_t *config(void *daemon)
{
	const struct daemon *d = daemon;

	return conf_json(&d->conf);
}

static json_t *provider_json(const struct record *r, uint64_t now_ms)
{
	char ip[IP_TEXT_MAX], version[20];

	ip_format(&r->ip, ip);
	snprintf(version, sizeof(version), "%016" PRIx64, r->version);
	return json_pack("{s:s, s:i, s:o, s:s}", "ip", ip, "port", (int)r->port, "ttlSeconds",
		number(ttl_left_s(r->expiry_ms, now_ms)), "version", version);
}

static json_t *providers_json(const struct record *records, size_t count, uint64_t now_ms)
{
	json_t *list = json_array();
	int err = 0;

	for (size_t i = 0; i < count; i++)
		err |= json_array_append_new(list, provider_json(&records[i], now_ms));
	return whole(list, err);
}

static json_t *lookup(void *daemon, struct span hash, uint32_t cursor)
{
	const struct daemon *d = daemon;
	struct table_key key = table_key_of(hash);
	uint64_t now_ms = clock_now().mono_us / 1000;
	struct record page[LOOKUP_PAGE];
	uint32_t next = 0, total = 0;
	char hex[2 * HASH_MAX + 1];

	size_t n = table_page(
		server_table(d->server), &key, cursor, LOOKUP_PAGE, page, &next, &total, now_ms);
	hex_encode(hash.p, hash.len, hex);
	return json_pack("{s:s, s:o, s:o, s:o}", "hash", hex, "total", number(total), "providers",
		providers_json(page, n, now_ms), "next", number(next));
}

static void shut_down(void *daemon, const char *asked_by)
{
	struct daemon *d = daemon;

	loop_stop(d->loop, asked_by);
}

void daemon_operations(struct daemon *d)
{
	d->operations = (struct operations){
		.daemon = d,
		.status = status,
		.stats = stats,
		.peers = peers,
		.config = config,
		.lookup = lookup,
		.reload = daemon_reload,
		.shut_down = shut_down,
		.partitions = daemon_partitions,
		.explain = daemon_explain,
		.explained = daemon_explained,
		.explain_end = daemon_explain_end,
		.keys = daemon_keys,
		.add_key = daemon_add_key,
		.use_key = daemon_use_key,
		.remove_key = daemon_remove_key,
		.drain = daemon_drain,
		.add_peer = daemon_add_peer,
		.drop_peer = daemon_drop_peer,
	};
}
