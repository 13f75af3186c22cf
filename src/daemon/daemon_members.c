/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/daemon_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/err.h"
#include "base/exitcode.h"
#include "daemon/clock.h"
#include "daemon/explained.h"
#include "daemon/log.h"
#include "daemon/placement.h"

/* Lines about members that one look makes: a cluster that is cut in two fills no disk. */
#define NEWS_LINES_MAX 32

/* Looks within this time, at most NEWS_LOOKS. */
#define NEWS_WINDOW_US UINT64_C(1000000)
#define NEWS_LOOKS     10

static struct addr self_of(const struct daemon *d)
{
	return (struct addr){d->conf.c.listen.address, (uint16_t)d->conf.c.listen.peer_port};
}

const struct census *daemon_census(struct daemon *d)
{
	struct census *c = &d->census;

	if (!d->cluster)
		return c;
	c->self = self_of(d);
	c->wants_seeds = d->conf.c.cluster.seeds.count != 0;
	struct cluster *cluster = cluster_thread_lock(d->cluster);
	/* Not earlier: what the thread has heard meanwhile would lie ahead, and seem long ago. */
	struct now now = clock_now();
	census_take(c, cluster, d->seal, &now);
	memcpy(c->seeds, d->seed_addrs, sizeof(c->seeds));
	c->seed_count = d->seed_count;
	cluster_thread_unlock(d->cluster);
	return c;
}

/* ---- What is new ---- */

static const struct {
	enum log_event event;
	const char *text;
} news[] = {
	[MEMBER_EVENT_JOINED] = {LOG_EVENT_MEMBER_JOINED, "has joined the cluster"},
	[MEMBER_EVENT_SUSPECTED] = {LOG_EVENT_MEMBER_SUSPECTED,
		"does not answer, and nobody else has said that it hears it"},
	[MEMBER_EVENT_DEAD] = {LOG_EVENT_MEMBER_DEAD, "is dead: nobody hears it"},
	[MEMBER_EVENT_RETURNED] = {LOG_EVENT_MEMBER_RETURNED, "is heard again"},
	[MEMBER_EVENT_RESTARTED] = {LOG_EVENT_MEMBER_RESTARTED, "was restarted"},
	[MEMBER_EVENT_LEAVING] = {LOG_EVENT_MEMBER_LEAVING, "hands over what it has"},
	[MEMBER_EVENT_STAYS] = {LOG_EVENT_MEMBER_STAYS, "is not drained any more"},
	[MEMBER_EVENT_LEFT] = {LOG_EVENT_MEMBER_LEFT, "has left the cluster"},
};

/* A look's lines. */
struct lines {
	size_t count;
};

static void say_news(void *owner, enum member_event event, const struct addr *id)
{
	struct lines *l = owner;
	char at[ADDR_TEXT_MAX];

	if (l->count++ >= NEWS_LINES_MAX)
		return;
	addr_format(id, at);
	log_event(news[event].event, (struct log_field[]){{"DHT_MEMBER", at}, {0}}, "%s %s", at,
		news[event].text);
}

static void look_at_members(struct daemon *d)
{
	const struct census *c = daemon_census(d);
	struct lines l = {0};

	member_news_look(&d->member_news, c->all, c->count, say_news, &l);
	if (l.count > NEWS_LINES_MAX)
		log_info("%zu more changes of members", l.count - NEWS_LINES_MAX);
}

static int on_news(sd_event_source *s, int fd, uint32_t events, void *owner)
{
	struct daemon *d = owner;
	eventfd_t n;

	(void)s;
	(void)events;
	eventfd_read(fd, &n);
	look_at_members(d);
	if (d->control)
		control_wake(d->control);
	return 0;
}

int daemon_watch_members(struct daemon *d)
{
	sd_event_source *source;
	int err = sd_event_add_io(loop_event(d->loop), &source, d->news_fd, EPOLLIN, on_news, d);

	if (err >= 0)
		err = sd_event_source_set_floating(source, 1);
	if (err >= 0)
		sd_event_source_unref(source);
	if (err >= 0)
		err = sd_event_source_set_ratelimit(source, NEWS_WINDOW_US, NEWS_LOOKS);
	errno = err < 0 ? -err : 0;
	return err < 0 ? -1 : 0;
}

/* ---- Questions ---- */

bool daemon_has_cluster(const struct daemon *d, struct refusal *why)
{
	if (d->cluster)
		return true;
	why->kind = REFUSAL_REFUSED;
	snprintf(why->reason, sizeof(why->reason), "this server is in no cluster");
	snprintf(why->hint, sizeof(why->hint), "set cluster.seeds and cluster.key_file");
	return false;
}

json_t *daemon_partitions(void *daemon, uint32_t first, uint32_t count)
{
	struct daemon *d = daemon;
	struct placement *p = malloc(sizeof(*p));
	struct addr self = self_of(d);

	if (!p)
		return NULL;
	if (d->cluster) {
		const struct view *v = cluster_view(cluster_thread_lock(d->cluster));
		placement_take(p, v, server_parts(d->server), first, count);
		cluster_thread_unlock(d->cluster);
	} else {
		placement_alone(p, &self, first, count);
	}
	json_t *object = placement_json(p);
	free(p);
	return object;
}

int daemon_explain(void *daemon, struct span hash, uint64_t *question, struct refusal *why)
{
	struct daemon *d = daemon;

	if (!daemon_has_cluster(d, why))
		return -1;
	struct cluster *c = cluster_thread_lock(d->cluster);
	struct now now = clock_now();
	int err = explain_start(cluster_explain(c), cluster_view(c), hash, &now, question);
	cluster_thread_unlock(d->cluster);
	if (err == 0)
		return 0;
	why->kind = REFUSAL_REFUSED;
	snprintf(why->reason, sizeof(why->reason), "%d questions are being asked already",
		EXPLAIN_MAX);
	snprintf(why->hint, sizeof(why->hint), "try again");
	return -1;
}

json_t *daemon_explained(void *daemon, uint64_t question)
{
	struct daemon *d = daemon;
	struct explanation found;

	bool over = explain_look(
		cluster_explain(cluster_thread_lock(d->cluster)), question, &found);
	cluster_thread_unlock(d->cluster);
	return over ? explained_json(&found) : NULL;
}

void daemon_explain_end(void *daemon, uint64_t question)
{
	struct daemon *d = daemon;

	explain_end(cluster_explain(cluster_thread_lock(d->cluster)), question);
	cluster_thread_unlock(d->cluster);
}

/* ---- Changes ---- */

json_t *daemon_drain(void *daemon, bool leaving, const char *asked_by, struct refusal *why)
{
	struct daemon *d = daemon;

	if (!daemon_has_cluster(d, why))
		return NULL;
	if (leaving && daemon_census(d)->status.members <= 1) {
		why->kind = REFUSAL_REFUSED;
		snprintf(why->reason, sizeof(why->reason),
			"there is no other member to hand over to");
		return NULL;
	}
	struct cluster *cluster = cluster_thread_lock(d->cluster);
	bool changed = cluster_status(cluster).leaving != leaving;
	cluster_set_leaving(cluster, leaving);
	cluster_thread_unlock(d->cluster);
	if (changed)
		log_event(LOG_EVENT_DRAIN, NULL, "%s, asked by %s",
			leaving ? "handing over what this server has" : "owning its share again",
			asked_by);
	const struct census *c = daemon_census(d);
	return json_pack("{s:b, s:o, s:b}", "drained", (int)c->drained, "partitions",
		census_partitions(c), "changed", (int)changed);
}

/* False with a refusal. */
static bool parse_peer(
	const struct daemon *d, const char *text, struct addr *id, struct refusal *why)
{
	if (!daemon_has_cluster(d, why))
		return false;
	struct addr self = self_of(d);
	if (addr_parse(text, (uint16_t)d->conf.c.listen.peer_port, id) != 0) {
		why->kind = REFUSAL_INVALID;
		return false;
	}
	if (!addr_equal(id, &self))
		return true;
	why->kind = REFUSAL_REFUSED;
	snprintf(why->reason, sizeof(why->reason), "this is the server itself that is asked");
	snprintf(why->hint, sizeof(why->hint), "dhtctl peers lists the others");
	return false;
}

/* What came of a change that was asked for; NULL with a refusal. */
static json_t *peer_reply(int err, const struct addr *id, struct refusal *why)
{
	char at[ADDR_TEXT_MAX];

	addr_format(id, at);
	if (err == 0)
		return json_pack("{s:s}", "address", at);
	why->kind = err == DHT_ENOENT  ? REFUSAL_NOT_FOUND
	            : err == DHT_EFULL ? REFUSAL_REFUSED
	                               : REFUSAL_INVALID;
	snprintf(why->reason, sizeof(why->reason), "%s",
		err == DHT_EFULL ? "too many servers are being asked to join" : "");
	if (err == DHT_ENOENT) {
		snprintf(why->reason, sizeof(why->reason), "%s is no member", at);
		snprintf(why->hint, sizeof(why->hint), "dhtctl peers lists them");
	}
	return NULL;
}

/* With its port; "it" without memory. */
static const char *reply_address(const json_t *reply)
{
	const char *at = json_string_value(json_object_get(reply, "address"));

	return at ? at : "it";
}

/* An enum peer_state; 0: it is no member. */
static uint8_t state_of(const struct census *c, const struct addr *id)
{
	for (size_t i = 0; i < c->count; i++)
		if (addr_equal(&c->all[i].id, id))
			return c->all[i].state;
	return 0;
}

/* A server has one address, and sends to its like only. False with a refusal. */
static bool may_send_to(const struct daemon *d, const struct addr *id, struct refusal *why)
{
	struct addr self = self_of(d);
	char own[ADDR_TEXT_MAX];

	if (ip_is_v4(&self.ip) == ip_is_v4(&id->ip))
		return true;
	addr_format(&self, own);
	why->kind = REFUSAL_REFUSED;
	snprintf(why->reason, sizeof(why->reason), "this server is %s and sends to no %s address",
		own, ip_is_v4(&id->ip) ? "IPv4" : "IPv6");
	snprintf(why->hint, sizeof(why->hint), "all members have addresses of one family");
	return false;
}

json_t *daemon_add_peer(
	void *daemon, const char *address, const char *asked_by, struct refusal *why)
{
	struct daemon *d = daemon;
	struct addr id;

	if (!parse_peer(d, address, &id, why) || !may_send_to(d, &id, why))
		return NULL;
	uint8_t was = state_of(daemon_census(d), &id);
	int err = members_add(cluster_members(cluster_thread_lock(d->cluster)), &id);
	cluster_thread_unlock(d->cluster);
	json_t *reply = peer_reply(err, &id, why);
	if (was)
		json_object_set_new(reply, "member", json_string(census_state_name(was)));
	if (err == 0 && (!was || was == PEER_DEAD))
		log_info("asking %s to join, asked by %s", reply_address(reply), asked_by);
	return reply;
}

json_t *daemon_drop_peer(
	void *daemon, const char *address, const char *asked_by, struct refusal *why)
{
	struct daemon *d = daemon;
	struct addr id;

	if (!parse_peer(d, address, &id, why))
		return NULL;
	bool dead = state_of(daemon_census(d), &id) == PEER_DEAD;
	int err = members_drop(cluster_members(cluster_thread_lock(d->cluster)), &id);
	cluster_thread_unlock(d->cluster);
	json_t *reply = peer_reply(err, &id, why);
	json_object_set_new(reply, "forgotten", json_boolean(dead));
	if (err == 0)
		log_info("%s %s, asked by %s", reply_address(reply),
			dead ? "is forgotten" : "has to answer for itself, or is forgotten",
			asked_by);
	return reply;
}

/* ---- Life ---- */

int daemon_start_census(struct daemon *d)
{
	d->news_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int err = census_init(&d->census) | member_news_init(&d->member_news);
	if (d->news_fd >= 0 && err == 0)
		return EXIT_DONE;
	log_error("cannot keep a list of the members: %s",
		d->news_fd < 0 ? strerror(errno) : err_text(DHT_ENOMEM));
	return EXIT_FAILED;
}

void daemon_stop_census(struct daemon *d)
{
	census_fini(&d->census);
	member_news_fini(&d->member_news);
	if (d->news_fd >= 0)
		close(d->news_fd);
}
