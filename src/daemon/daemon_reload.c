/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/daemon_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "daemon/clock.h"
#include "daemon/conf_diff.h"
#include "daemon/conf_json.h"
#include "daemon/keyring.h"
#include "daemon/log.h"
#include "daemon/log_text.h"
#include "daemon/notify.h"
#include "daemon/policy.h"

static bool is_over(const struct daemon *d, const struct retired *r)
{
	for (size_t i = 0; i < d->worker_count; i++)
		if (d->workers[i] && beat_count(worker_beat(d->workers[i])) == r->beats[i])
			return false;
	return true;
}

void daemon_reap(struct daemon *d, bool all)
{
	for (size_t i = 0; i < RETIRED_MAX; i++) {
		struct retired *r = d->retired[i];
		if (!r || (!all && !is_over(d, r)))
			continue;
		conf_fini(&r->conf);
		free(r->policy);
		free(r);
		d->retired[i] = NULL;
	}
}

/* A free place among the retired; NULL when all still wait for a worker. */
static struct retired **find_place(struct daemon *d)
{
	daemon_reap(d, false);
	for (size_t i = 0; i < RETIRED_MAX; i++)
		if (!d->retired[i])
			return &d->retired[i];
	return NULL;
}

/* Makes what is live in `next` the daemon's, and retires what it replaces. Takes next. */
static int apply(struct daemon *d, struct conf *next, struct faults *f)
{
	struct retired **place = find_place(d);
	struct retired *r = place ? calloc(1, sizeof(*r)) : NULL;
	struct policy *policy = r ? malloc(sizeof(*policy)) : NULL;
	uint64_t level = d->conf.c.log.level;

	if (!policy) {
		faults_add(f, (struct place){0}, NULL, "%s",
			place ? err_text(DHT_ENOMEM)
			      : "a worker still uses what earlier reloads replaced: try again");
		free(r);
		conf_fini(next);
		return DHT_EINVAL;
	}
	conf_swap_live(&d->conf, next);
	*policy = policy_of(&d->conf);
	*r = (struct retired){.conf = *next, .policy = d->policy};
	d->policy = policy;
	server_set_policy(d->server, policy);
	for (size_t i = 0; i < d->worker_count; i++)
		r->beats[i] = beat_count(worker_beat(d->workers[i]));
	*place = r;
	warden_set_password(d->warden, d->conf.password);
	daemon_configure_cluster(d);
	/* What was asked for meanwhile (SetLogLevel) holds on when the files say what they said. */
	if (d->conf.c.log.level != level)
		log_set_level((enum log_level)d->conf.c.log.level);
	return 0;
}

/* ---- What is told ---- */

static void log_rejected(struct daemon *d, const struct faults *f)
{
	faults_each(f, log_fault);
	/* It goes into a reason of the health: JSON, and STATUS= of systemd. */
	log_text_copy(d->rejected, sizeof(d->rejected), f->count ? faults_at(f, 0)->text : "");
	log_text_clean(d->rejected);
	log_event(LOG_EVENT_RELOAD_REJECTED, NULL,
		"reload rejected, nothing has changed: the configuration has %zu fault%s",
		faults_count(f), faults_count(f) == 1 ? "" : "s");
}

static void log_change(const struct conf_change *c)
{
	const struct log_field fields[] = {
		{"DHT_SETTING", c->setting->path}, {"DHT_FROM", c->from}, {"DHT_TO", c->to}, {0}};

	if (c->live)
		log_event(LOG_EVENT_RELOADED, fields, "reload: %s: %s becomes %s", c->setting->path,
			c->from, c->to);
	else
		log_event(LOG_EVENT_RESTART_NEEDED, fields,
			"reload: %s: %s becomes %s with the next restart only", c->setting->path,
			c->from, c->to);
}

static void log_taken(const struct conf_diff *diff)
{
	for (size_t i = 0; i < diff->count; i++)
		log_change(&diff->changes[i]);
	if (diff->count == 0)
		log_event(LOG_EVENT_RELOADED, NULL, "reload: the configuration has not changed");
}

static size_t count_changes(const struct conf_diff *diff, bool live)
{
	size_t n = 0;

	for (size_t i = 0; i < diff->count; i++)
		n += diff->changes[i].live == live;
	return n;
}

static const char *outcome_of(const struct conf_diff *diff, const struct faults *f)
{
	if (faults_count(f))
		return "rejected";
	if (count_changes(diff, false))
		return "needsRestart";
	return count_changes(diff, true) ? "applied" : "unchanged";
}

/* What came of reading the files. */
struct reading {
	bool dry_run;
	struct conf_diff diff;
	struct faults faults;
	json_t *warnings; /* NULL: none, or no memory */
};

static json_t *answer_of(const struct reading *r)
{
	json_t *answer = json_pack("{s:s, s:o, s:o, s:o}", "outcome",
		outcome_of(&r->diff, &r->faults), "applied", conf_json_changes(&r->diff, true),
		"needsRestart", conf_json_changes(&r->diff, false), "rejected",
		conf_json_faults(&r->faults));

	if (r->warnings)
		json_object_set(answer, "warnings", r->warnings);
	return answer;
}

static bool changes_keys(const struct conf_diff *diff)
{
	for (size_t i = 0; i < diff->count; i++)
		if (diff->changes[i].live &&
			strcmp(diff->changes[i].setting->path, "cluster.key_file") == 0)
			return true;
	return false;
}

/* At once: whom the new keys cut off is alive for some seconds more. */
static void warn_of_keys(struct daemon *d, const struct seal_keys *keys, struct reading *r)
{
	char texts[KEYRING_WARNINGS][KEYRING_WARNING_MAX];
	size_t n = 0;

	if (d->cluster && changes_keys(&r->diff))
		n = keyring_warn(keys, daemon_census(d), texts);
	for (size_t i = 0; i < n; i++) {
		if (!r->dry_run)
			log_warning("reload: cluster.key_file: %s", texts[i]);
		if (!r->warnings)
			r->warnings = json_array();
		json_array_append_new(r->warnings, json_sprintf("cluster.key_file: %s", texts[i]));
	}
}

/* Which settings wait for a restart; without memory the old list stays. */
static void remember_restart(struct daemon *d, const struct conf_diff *diff)
{
	json_t *paths = json_array();
	int err = 0;

	for (size_t i = 0; i < diff->count; i++)
		if (!diff->changes[i].live)
			err |= json_array_append_new(
				paths, json_string(diff->changes[i].setting->path));
	if (!paths || err) {
		json_decref(paths);
		return;
	}
	json_decref(d->restart_needed);
	d->restart_needed = paths;
}

/* ---- The course of a reload ---- */

static void tell_systemd_begin(void)
{
	notify_state("RELOADING=1\nMONOTONIC_USEC=%" PRIu64, clock_monotonic_us());
}

/* With a configuration that has no fault: what differs, and then it is taken, or freed. */
static void take(struct daemon *d, struct conf *next, struct reading *r)
{
	struct faults *f = &r->faults;

	if (conf_diff(&d->conf, next, &r->diff) != 0)
		faults_add(f, (struct place){0}, NULL, "%s", err_text(DHT_ENOMEM));
	if (r->dry_run && !faults_count(f))
		warn_of_keys(d, &next->cluster_keys, r);
	if (r->dry_run || faults_count(f)) {
		conf_fini(next);
	} else if (apply(d, next, f) == 0) {
		remember_restart(d, &r->diff);
		d->rejected[0] = '\0';
		log_taken(&r->diff);
		warn_of_keys(d, &d->conf.cluster_keys, r);
		daemon_say_unused(&d->conf);
	}
	/* What was rejected has changed nothing, and needs no restart. */
	if (faults_count(f))
		conf_diff_fini(&r->diff);
}

json_t *daemon_reload(void *daemon, bool dry_run, const char *asked_by)
{
	struct daemon *d = daemon;
	struct reading r = {.dry_run = dry_run};
	struct conf next;

	if (!dry_run) {
		log_info("reload asked by %s", asked_by);
		tell_systemd_begin();
	}
	if (daemon_load(d->cmdline, d->conf.main_file, &next, &r.faults) == 0)
		take(d, &next, &r);
	else
		conf_fini(&next);
	if (faults_count(&r.faults) && !dry_run)
		log_rejected(d, &r.faults);
	json_t *answer = answer_of(&r);
	conf_diff_fini(&r.diff);
	faults_fini(&r.faults);
	json_decref(r.warnings);
	if (!dry_run)
		notify_state("READY=1\nSTATUS=%s", daemon_tick(d));
	return answer;
}
