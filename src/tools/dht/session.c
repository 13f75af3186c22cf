/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/dht/session.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/exitcode.h"
#include "tools/common/text.h"

/* NULL when it is not set, or empty. */
static const char *environment(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

int session_prepare(struct session *s)
{
	const char *name = s->flags.profile ? s->flags.profile : environment("DHT_PROFILE");
	const struct settings from_environment = {.server = environment("DHT_SERVER")};
	char user[PATH_MAX];
	const char *const paths[] = {PROFILE_SYSTEM_FILE, user};

	profile_user_file(user);
	if (profile_load(&s->profile, paths, 2, name, &s->console.fault) != 0)
		return s->console.fault.status;
	settings_merge(&s->settings, &s->profile.defaults);
	settings_merge(&s->settings, &from_environment);
	settings_merge(&s->settings, &s->profile.named);
	settings_merge(&s->settings, &s->flags.settings);
	if (s->settings.output == OUTPUT_AUTO)
		s->settings.output = terminal_is(STDOUT_FILENO) ? OUTPUT_TABLE : OUTPUT_PLAIN;
	s->console.output = (enum output)s->settings.output;
	return 0;
}

int session_end(struct session *s, int status)
{
	status = console_end(&s->console, status);
	dht_close(s->dht);
	profile_free(&s->profile);
	return status;
}

void session_trip(const struct session *s)
{
	char round_trip[TEXT_DURATION_MAX];
	struct dht_trip trip;

	if (s->settings.output != OUTPUT_TABLE || !terminal_is(STDOUT_FILENO))
		return;
	dht_last_trip(s->dht, &trip);
	if (!trip.server[0])
		return;
	text_micros(trip.round_trip_us, round_trip);
	fprintf(stderr, "server %s, %s, %u %s\n", trip.server, round_trip, trip.tries,
		trip.tries == 1 ? "try" : "tries");
}

void session_progress(struct session *s, struct progress *p, const char *label)
{
	progress_start(p, label);
	dht_set_progress(s->dht, progress_step, p);
}

void show_hash(struct writer *w, const struct dht_hash *hash)
{
	char text[HASH_TEXT_MAX];

	dht_hash_format(hash, text);
	writer_string(w, "hash", text);
}

void show_provider(struct writer *w, const char *key, const struct dht_provider *p)
{
	struct dht_provider bare = *p;
	char text[DHT_ADDRESS_TEXT], ttl[TEXT_DURATION_MAX];

	bare.port = 0;
	writer_open(w, key);
	dht_provider_format(p, text);
	writer_text(w, "provider", text);
	dht_provider_format(&bare, text);
	writer_string(w, "ip", text);
	writer_integer(w, "port", p->port);
	text_duration(p->ttl_s, ttl);
	writer_text(w, "ttl", p->ttl_s > 0 ? ttl : "-");
	writer_integer(w, "ttlSeconds", p->ttl_s);
	writer_close(w);
}
