/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/dht/announce.h"

#include <stdlib.h>
#include <string.h>

#include "base/exitcode.h"
#include "tools/dht/connect.h"

#define SCREEN_ROWS 20

const struct opt announce_options[] = {
	{"ip", 0, OPT_TEXT, "A", "the provider's address (the one this comes from)",
		offsetof(struct announce_args, ip), 0, 0, NULL},
	{"port", 0, OPT_NUMBER, "P", "its port (none)", offsetof(struct announce_args, port), 1,
		65535, NULL},
	{0},
};

/* What each status is called, and the exit status when all hashes have it. */
struct outcome {
	uint8_t status;
	const char *name;
	int exit;
	const char *cause, *cure; /* in words, and where to look; NULL: the name says it */
};

static const struct outcome outcomes[] = {
	{DHT_STORED, "stored", EXIT_DONE, NULL, NULL},
	{DHT_BELOW_QUORUM, "belowQuorum", EXIT_NO_ANSWER, NULL, NULL},
	{DHT_REFUSED, "refused", EXIT_NOT_PERMITTED, "refused by the server's policy",
		"does its dht.conf say third_party_put = false, or is the address no host's?"},
	{DHT_FULL, "full", EXIT_FAILED, "the server is full", "one of " CONNECT_FULL " is reached"},
	{DHT_NOT_IN_TIME, "notInTime", EXIT_NO_ANSWER, NULL, NULL},
	{DHT_NO_ANSWER, "noAnswer", EXIT_NO_ANSWER, NULL, NULL},
};

#define OUTCOMES (sizeof(outcomes) / sizeof(outcomes[0]))

static const struct outcome *outcome(uint8_t status)
{
	for (size_t i = 0; i < OUTCOMES; i++)
		if (outcomes[i].status == status)
			return &outcomes[i];
	return &outcomes[OUTCOMES - 1];
}

static enum tone status_tone(const char *text)
{
	if (strcmp(text, outcomes[1].name) == 0)
		return TONE_WARN;
	for (size_t i = 2; i < OUTCOMES; i++)
		if (strcmp(text, outcomes[i].name) == 0)
			return TONE_BAD;
	return TONE_GOOD;
}

static const struct column columns[] = {
	{.key = "hash", .title = "HASH"},
	{.key = "status", .title = "STATUS", .tone = status_tone},
};

int announce_status(const uint8_t *statuses, size_t count)
{
	size_t alike = 0, kept = 0;

	for (size_t i = 0; i < count; i++) {
		alike += statuses[i] == statuses[0];
		kept += statuses[i] == DHT_STORED || statuses[i] == DHT_BELOW_QUORUM;
	}
	if (alike == count)
		return count > 0 ? outcome(statuses[0])->exit : EXIT_DONE;
	if (kept == count)
		return outcome(DHT_BELOW_QUORUM)->exit;
	return kept > 0 ? EXIT_PARTIAL : EXIT_FAILED;
}

static int parse_where(struct announce *a, const struct announce_args *args, struct fault *f)
{
	a->options.port = (uint16_t)args->port;
	a->options.ttl_s = args->ttl_s;
	if (!args->ip)
		return 0;
	if (dht_ip_parse(args->ip, a->ip) != 0)
		return fault_set(f, EXIT_USAGE, "usage", "such as 192.0.2.7 or 2001:db8::7",
			"'%s' is not an IP address", args->ip);
	a->options.ip = a->ip;
	return 0;
}

int announce_init(struct announce *a, struct session *s, const struct announce_args *args, int argc,
	char **argv)
{
	*a = (struct announce){0};
	if (parse_where(a, args, &s->console.fault) != 0)
		return s->console.fault.status;
	if (input_collect(&a->input, &args->input, argc, argv, stdin, &s->console.fault) != 0)
		return s->console.fault.status;
	if (input_some(&a->input, &args->input, &s->console.fault) != 0)
		return s->console.fault.status;
	a->statuses = malloc(a->input.count + 1);
	if (!a->statuses)
		return fault_set(&s->console.fault, EXIT_FAILED, "memory", NULL, "no memory");
	memset(a->statuses, DHT_NO_ANSWER, a->input.count + 1);
	return connect_open(s);
}

void announce_fini(struct announce *a)
{
	free(a->statuses);
	input_free(&a->input);
}

static size_t count_of(const struct announce *a, uint8_t status)
{
	size_t n = 0;

	for (size_t i = 0; i < a->input.count; i++)
		n += a->statuses[i] == status;
	return n;
}

static void write_rows(
	const struct announce *a, const struct session *s, struct writer *w, const char *done)
{
	bool all = s->settings.output != OUTPUT_TABLE || a->input.count <= SCREEN_ROWS;

	writer_rows(w, columns, sizeof(columns) / sizeof(columns[0]));
	writer_open(w, NULL);
	writer_list(w, "results");
	for (size_t i = 0; i < a->input.count; i++) {
		if (!all && a->statuses[i] == DHT_STORED)
			continue;
		writer_open(w, NULL);
		show_hash(w, &a->input.hashes[i]);
		writer_string(w, "status",
			a->statuses[i] == DHT_STORED ? done : outcome(a->statuses[i])->name);
		writer_close(w);
	}
	writer_close(w);
}

/* The first of what became of some hashes that has a cure, or NULL. */
static const struct outcome *curable(const struct announce *a)
{
	for (size_t i = 0; i < OUTCOMES; i++)
		if (outcomes[i].cure && count_of(a, outcomes[i].status) > 0)
			return &outcomes[i];
	return NULL;
}

static void note_missing(
	const struct announce *a, const struct session *s, const char *done, size_t missing)
{
	const struct outcome *o = curable(a);
	size_t count = a->input.count;

	if (count == 1 && !o)
		console_note(
			&s->console, "the hash is not %s: %s", done, outcome(a->statuses[0])->name);
	else if (count == 1)
		console_note(&s->console, "the hash is not %s: %s: %s", done, o->cause, o->cure);
	else if (o)
		console_note(&s->console, "%zu of %zu hashes are not %s: %zu %s: %s", missing,
			count, done, count_of(a, o->status), o->name, o->cure);
	else
		console_note(&s->console, "%zu of %zu hashes are not %s", missing, count, done);
}

/* They are, and repair makes up for it when the servers are back; a crash before that may not. */
static void note_below_quorum(
	const struct announce *a, const struct session *s, const char *done, size_t below)
{
	static const char why[] = "on fewer servers than the quorum: are some down? dhtctl peers";

	if (a->input.count == 1)
		console_note(&s->console, "the hash is %s %s", done, why);
	else
		console_note(&s->console, "%zu of %zu hashes are %s %s", below, a->input.count,
			done, why);
}

/* What a person at a terminal has not read above, and what a pipe's reader may not look at. */
static void note(const struct announce *a, const struct session *s, const char *done)
{
	size_t below = count_of(a, DHT_BELOW_QUORUM), count = a->input.count;
	size_t missing = count - below - count_of(a, DHT_STORED);
	bool summary = s->settings.output == OUTPUT_TABLE && count > SCREEN_ROWS;

	if (missing > 0)
		note_missing(a, s, done, missing);
	if (below > 0)
		note_below_quorum(a, s, done, below);
	if (missing + below == 0 && summary)
		console_note(&s->console, "%zu hashes are %s", count, done);
}

static bool nothing_answered(const struct announce *a)
{
	for (size_t i = 0; i < a->input.count; i++)
		if (a->statuses[i] != DHT_NO_ANSWER)
			return false;
	return true;
}

int announce_show(struct announce *a, struct session *s, const char *done, bool with_ttl)
{
	int status = input_status(&a->input, announce_status(a->statuses, a->input.count));
	struct writer *w;

	if (a->error < 0 && nothing_answered(a))
		return connect_fault(s, a->error);
	w = console_writer(&s->console, 0);
	write_rows(a, s, w, done);
	if (with_ttl)
		writer_integer(w, "ttlSeconds", a->granted_ttl_s);
	writer_close(w);
	status = console_written(&s->console, w, status);
	note(a, s, done);
	return status;
}
