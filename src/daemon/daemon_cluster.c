/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/daemon_state.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/exitcode.h"
#include "daemon/clock.h"
#include "daemon/log.h"

static struct cluster_conf cluster_conf_of(const struct conf *conf)
{
	const struct config *c = &conf->c;

	return (struct cluster_conf){
		.member =
			{
				.self = {c->listen.address, (uint16_t)c->listen.peer_port},
				.client_port = (uint16_t)c->listen.client_port,
				.keepalive_port = (uint16_t)c->listen.keepalive_port,
				.weight = (uint8_t)c->cluster.weight,
				.zone = c->cluster.zone,
				.version = PACKAGE_VERSION,
				.interval_us = c->cluster.keepalive_interval_ms * 1000,
				.suspect_after_us = c->cluster.suspect_after_ms * 1000,
				.drop_after_us = c->cluster.drop_after_ms * 1000,
				.replicas = (uint8_t)c->cluster.replicas,
				.write_quorum = (uint8_t)c->cluster.write_quorum,
				.confirm_misses = c->cluster.confirm_misses,
			},
		.repair = {.interval_us = c->cluster.repair_interval_ms * 1000},
		.datagram_max = PARCEL_MAX,
	};
}

/* ---- Sockets ---- */

/* Nobody asked for it: somebody runs a second server at this address, by hand. */
static void say_without(const struct faults *f)
{
	log_info("in no cluster: %s", f->count ? faults_at(f, 0)->text : "no sockets");
}

static int open_sockets(struct daemon *d, enum conf_cluster wanted)
{
	struct faults f = {0};
	int err = peer_sockets_open(&d->peer_sockets, &d->conf, d->worker_count, &f);
	int result = EXIT_DONE;

	if (err)
		peer_sockets_close(&d->peer_sockets);
	if (err && wanted == CONF_CLUSTER_READY) {
		say_without(&f);
	} else if (err == DHT_ESYSTEM) {
		log_error("cannot open the peers' sockets: %s", strerror(errno));
		result = EXIT_FAILED;
	} else if (err) {
		faults_each(&f, log_fault);
		result = EXIT_BAD_CONFIG;
	}
	faults_fini(&f);
	return result;
}

/* ---- Life ---- */

static struct addr own_id(const struct daemon *d)
{
	return (struct addr){d->conf.c.listen.address, (uint16_t)d->conf.c.listen.peer_port};
}

static bool make_seal(struct daemon *d)
{
	struct addr self = own_id(d);
	struct seal_seed seed;

	randombytes_buf(&seed, sizeof(seed));
	d->seal = seal_new(&self, &d->conf.cluster_keys, &seed);
	sodium_memzero(&seed, sizeof(seed));
	return d->seal != NULL;
}

static bool make_cluster(struct daemon *d)
{
	struct cluster_parts parts = {
		.server = d->server,
		.seal = d->seal,
		.conf = cluster_conf_of(&d->conf),
		.has_seeds = d->conf.c.cluster.seeds.count != 0,
		.sockets = &d->peer_sockets,
		.parcels = d->parcels,
		.beats = d->worker_beats,
		.workers = d->worker_count,
		.news_fd = d->news_fd,
	};

	randombytes_buf(&parts.random, sizeof(parts.random));
	d->cluster = cluster_thread_new(&parts);
	return d->cluster != NULL;
}

int daemon_start_cluster(struct daemon *d)
{
	enum conf_cluster wanted = conf_cluster(&d->conf);
	int result = wanted == CONF_CLUSTER_NONE ? EXIT_DONE : open_sockets(d, wanted);

	if (wanted == CONF_CLUSTER_NONE)
		log_info("in no cluster: listen.address is not loopback, and there are neither "
			 "cluster.seeds nor a cluster.key_file");
	if (result != EXIT_DONE || d->peer_sockets.workers == 0)
		return result;
	d->parcels = parcels_new(d->worker_count);
	if (d->parcels && make_seal(d) && make_cluster(d))
		return EXIT_DONE;
	log_error("cannot make this server a member of a cluster: %s", strerror(errno));
	return EXIT_FAILED;
}

void daemon_stop_cluster(struct daemon *d)
{
	cluster_thread_free(d->cluster);
	seal_free(d->seal);
	parcels_free(d->parcels);
	peer_sockets_close(&d->peer_sockets);
	d->cluster = NULL;
}

/* ---- The thread and its seeds ---- */

static void set_seeds(void *owner, const struct addr *addrs, size_t n)
{
	struct daemon *d = owner;
	size_t kept = n < CENSUS_SEEDS ? n : CENSUS_SEEDS;

	members_set_seeds(cluster_members(cluster_thread_lock(d->cluster)), addrs, n);
	memcpy(d->seed_addrs, addrs, kept * sizeof(addrs[0]));
	d->seed_count = kept;
	cluster_thread_unlock(d->cluster);
}

static int seek_seeds(struct daemon *d)
{
	struct addr self = own_id(d);
	struct seeds *s = seeds_new(&d->conf.c.cluster.seeds, &self, set_seeds, d);

	if (!s)
		return -1;
	seeds_free(d->seeds);
	d->seeds = s;
	seeds_seek(s);
	return 0;
}

int daemon_start_member(struct daemon *d)
{
	if (!d->cluster)
		return EXIT_DONE;
	if (daemon_watch_members(d) == 0 && cluster_thread_start(d->cluster) == 0 &&
		seek_seeds(d) == 0)
		return EXIT_DONE;
	log_error("cannot start the cluster's thread: %s", strerror(errno));
	return EXIT_FAILED;
}

void daemon_stop_member(struct daemon *d)
{
	seeds_free(d->seeds);
	d->seeds = NULL;
	if (!d->cluster)
		return;
	cluster_thread_stop(d->cluster);
	cluster_thread_part(d->cluster);
}

/* Together with what workers drain it is less than the 5 s that a stop may take. */
#define LEAVE_MAX_MS  3500
#define LEAVE_LOOK_MS 20

static bool has_left(struct daemon *d)
{
	struct cluster *c = cluster_thread_lock(d->cluster);
	bool left = cluster_status(c).known <= 1 || cluster_drained(c);

	cluster_thread_unlock(d->cluster);
	return left;
}

void daemon_leave(struct daemon *d)
{
	const struct timespec look = {.tv_nsec = LEAVE_LOOK_MS * 1000000};

	if (!d->cluster || has_left(d))
		return;
	cluster_set_leaving(cluster_thread_lock(d->cluster), true);
	cluster_thread_unlock(d->cluster);
	for (int ms = 0; ms < LEAVE_MAX_MS && !has_left(d); ms += LEAVE_LOOK_MS)
		nanosleep(&look, NULL);
	if (!has_left(d))
		log_warning("stopping before all records have their copies elsewhere: drain first "
			    "(dhtctl drain) where that matters");
}

void daemon_configure_cluster(struct daemon *d)
{
	struct cluster_conf conf = cluster_conf_of(&d->conf);

	if (!d->cluster)
		return;
	cluster_configure(cluster_thread_lock(d->cluster), &conf);
	cluster_thread_unlock(d->cluster);
	if (d->conf.cluster_keys.count)
		daemon_seal_changed(d);
	if (seek_seeds(d) != 0)
		log_error("cluster.seeds: %s", strerror(errno));
}
