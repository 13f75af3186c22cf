/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/dht/connect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/exitcode.h"
#include "tools/common/secret.h"
#include "tools/common/text.h"

#define KEY_LINE_MAX 512
#define HINT_HERE    "is dhtd running, and on this address? dhtctl status"

/* What a person reads: the server, message, and the hint. */
struct meaning {
	int error;
	int status;
	const char *code;
	const char *message;
	const char *hint;
};

static const struct meaning meanings[] = {
	{DHT_ERR_RESOLVE, EXIT_UNREACHABLE, "unresolved", "has no address",
		"is the name right, and does name resolution work? (getent hosts NAME)"},
	{DHT_ERR_UNREACHABLE, EXIT_UNREACHABLE, "unreachable", "cannot be reached",
		"is dhtd running there?"},
	{DHT_ERR_SHUTTING_DOWN, EXIT_UNREACHABLE, "shuttingDown", "is shutting down",
		"try again, or name another server with -S"},
	{DHT_ERR_TIMEOUT, EXIT_NO_ANSWER, "noAnswer", "does not answer",
		"does a dhtd listen there, do firewalls let UDP through, and does its "
		"clients.allow let this machine in? --timeout and --tries wait longer"},
	{DHT_ERR_REFUSED, EXIT_NOT_PERMITTED, "refused", "refuses this request",
		"'clients' in its dht.conf does not allow it"},
	{DHT_ERR_AUTH_NEEDED, EXIT_NOT_PERMITTED, "authNeeded", "wants a key",
		"key = FILE in client.ini, or --key FILE"},
	{DHT_ERR_AUTH_FAILED, EXIT_NOT_PERMITTED, "authFailed", "does not accept this key",
		"compare the key and its name with the server's, and the two clocks (60 s apart at "
		"most)"},
	{DHT_ERR_RATE_LIMITED, EXIT_NOT_PERMITTED, "rateLimited", "takes no more requests for now",
		"wait a little, or raise clients.rate there"},
	{DHT_ERR_FULL, EXIT_FAILED, "full", "is full",
		"one of " CONNECT_FULL " is reached there, or it has too many watchers"},
	{DHT_ERR_PROTOCOL, EXIT_FAILED, "protocol", "and this program do not understand each other",
		"is it a dhtd? With an old one, try --base"},
	{DHT_ERR_ARGUMENT, EXIT_USAGE, "argument", "cannot be asked that",
		"HOST, HOST:PORT or [IPV6]:PORT, with commas between several"},
};

static const struct meaning *find(int error)
{
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (meanings[i].error == error)
			return &meanings[i];
	return NULL;
}

int connect_status(int error)
{
	const struct meaning *m = find(error);

	return m ? m->status : EXIT_FAILED;
}

void connect_server(const struct session *s, char out[static CONNECT_SERVER_TEXT])
{
	const char *configured = s->settings.server ? s->settings.server : CONNECT_DEFAULT_SERVER;
	struct dht_trip trip = {0};

	if (s->dht)
		dht_last_trip(s->dht, &trip);
	if (trip.server[0])
		snprintf(out, CONNECT_SERVER_TEXT, "%s", trip.server);
	else if (strpbrk(configured, ":,"))
		snprintf(out, CONNECT_SERVER_TEXT, "%s", configured);
	else
		snprintf(out, CONNECT_SERVER_TEXT, "%s:%d", configured, DHT_PORT);
	text_clean(out, true);
}

/* What none of several servers does; NULL: the error is one server's. */
static const char *none_does(int error)
{
	switch (error) {
	case DHT_ERR_RESOLVE: return "has an address";
	case DHT_ERR_UNREACHABLE: return "can be reached";
	case DHT_ERR_TIMEOUT: return "answers";
	default: return NULL;
	}
}

/* Whether several were asked: all of them, "a, b", for people. */
static bool several(const struct session *s, char out[static CONNECT_SERVER_TEXT])
{
	const char *servers = s->settings.server ? s->settings.server : "";
	size_t n = 0;

	if ((s->dht && s->first_only) || !strchr(servers, ','))
		return false;
	for (const char *c = servers; *c && n + 3 < CONNECT_SERVER_TEXT; c++) {
		out[n++] = *c;
		if (*c == ',' && c[1] != ' ')
			out[n++] = ' ';
	}
	out[n] = '\0';
	text_clean(out, true);
	return true;
}

/* Whether this is one server on this machine. */
static bool is_here(const char *server)
{
	struct addr a;

	return addr_parse(server, DHT_PORT, &a) == 0 && ip_is_loopback(&a.ip);
}

static int describe(const struct session *s, int error, struct fault *f)
{
	const struct meaning *m = find(error);
	char server[CONNECT_SERVER_TEXT];
	const char *hint, *none = none_does(error);

	if (!m)
		return fault_set(f, EXIT_FAILED, "failed", NULL, "%s",
			error == DHT_ERR_SYSTEM ? strerror(errno) : dht_strerror(error));
	if (none && several(s, server))
		return fault_set(f, m->status, m->code, m->hint, "none of %s %s", server, none);
	connect_server(s, server);
	hint = error == DHT_ERR_UNREACHABLE && is_here(server) ? HINT_HERE : m->hint;
	return fault_set(f, m->status, m->code, hint, "%s %s", server, m->message);
}

int connect_fault(struct session *s, int error)
{
	return describe(s, error, &s->console.fault);
}

void connect_show_error(struct session *s, struct writer *w, int error)
{
	struct fault f = {0};

	describe(s, error, &f);
	writer_open(w, "error");
	writer_string(w, "code", f.code);
	writer_string(w, "message", f.message);
	writer_string(w, "hint", f.hint);
	writer_close(w);
}

int connect_silence(struct session *s, uint32_t wait_ms)
{
	char server[CONNECT_SERVER_TEXT], span[TEXT_DURATION_MAX];
	int status = connect_fault(s, DHT_ERR_TIMEOUT);
	bool all = several(s, server);

	if (!all)
		connect_server(s, server);
	text_micros((uint64_t)wait_ms * 1000, span);
	snprintf(s->console.fault.message, sizeof(s->console.fault.message),
		all ? "none of %s answered within %s" : "%s did not answer within %s", server,
		span);
	return status;
}

/* ---- Opening ---- */

static int key_load(struct session *s, struct named_key *key)
{
	const char *path = s->settings.key_file;
	char line[KEY_LINE_MAX];
	const char *wrong;

	if (secret_file(path, line, sizeof(line), &s->console.fault) != 0)
		return s->console.fault.status = EXIT_BAD_CONFIG;
	wrong = secretfile_key(line, key);
	explicit_bzero(line, sizeof(line));
	if (!wrong && key->name_len > 0)
		return 0;
	return fault_set(&s->console.fault, EXIT_BAD_CONFIG, "config",
		"one line, the key's name and 64 hexadecimal digits", "%s:1: %s", path,
		wrong ? wrong : "there is no key on this line");
}

int connect_options(struct session *s, struct named_key *key, struct dht_options *out)
{
	*key = (struct named_key){0};
	*out = (struct dht_options){
		.servers = s->settings.server,
		.timeout_ms = s->settings.timeout_ms,
		.tries = s->settings.tries,
		.base_only = s->flags.base,
	};
	if (!s->settings.key_file)
		return 0;
	if (key_load(s, key) != 0)
		return s->console.fault.status;
	out->key_name = key->name;
	out->key = key->key;
	return 0;
}

int connect_open(struct session *s)
{
	struct dht_options options;
	struct named_key key;
	int err = 0;

	if (connect_options(s, &key, &options) == 0) {
		err = dht_open(&s->dht, &options);
		if (err)
			connect_fault(s, err);
	}
	explicit_bzero(&key, sizeof(key));
	return s->console.fault.status;
}

void connect_learn(struct session *s)
{
	const char *servers = s->settings.server;

	dht_set_learning(s->dht, !servers || !strchr(servers, ','));
}
