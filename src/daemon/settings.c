/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/settings.h"

#include <string.h>

#include "base/suggest.h"
#include "core/server.h"
#include "daemon/log.h"
#include "daemon/secret.h"
#include "wire/msg.h"

#define MINUTE_MS UINT64_C(60000)
#define DAY_MS    (1440 * MINUTE_MS)
#define TRILLION  UINT64_C(1000000000000)
#define EXABYTE   (UINT64_C(1) << 60)

#define AT(member) .offset = offsetof(struct config, member)
#define LIVE       .live = true

static const struct setting settings[] = {
	{"listen", SETTING_GROUP, .help = "Where requests come in."},
	{"listen.address", SETTING_HOST, AT(listen.address), .initial = "\"127.0.0.1\"",
		.help = "The one address that other servers know this server by; it is bound."},
	{"listen.client_addresses", SETTING_ADDRESSES, 0, 63, AT(listen.client_addresses),
		.initial = "()", .help = "More addresses for clients, \"0.0.0.0\" and \"::\" too."},
	{"listen.ports", SETTING_GROUP, .help = "UDP ports, the same on each address."},
	{"listen.ports.client", SETTING_INT, 1, 65535, AT(listen.client_port), .initial = "8470",
		.help = "Clients' requests come in here."},
	{"listen.ports.client_reply", SETTING_INT, 0, 65535, AT(listen.client_reply_port),
		.initial = "0",
		.help = "Answers leave from here; 0: from the port that was asked."},
	{"listen.workers", SETTING_INT, 0, SERVER_LANES_MAX, AT(listen.workers), .initial = "0",
		.help = "Threads that answer; 0: one for each CPU."},
	{"listen.max_datagram", SETTING_INT, LANE_DATAGRAM_MIN, MSG_DATAGRAM_MAX,
		AT(listen.max_datagram), .initial = "1232",
		.help = "Bytes of the longest datagram, in and out; above 1232 some may get lost."},

	{"password", SETTING_STRING, 0, SECRET_PASSWORD_MAX, AT(password), .initial = "\"\"",
		.secret = true,
		.help = "For EXIT: plain, or a hash as argon2 -id -e prints; \"\": refused."},
	{"password_file", SETTING_PATH, AT(password_file), .initial = "\"\"",
		.help = "Where the password is instead; others must not be able to read it."},

	{"cluster", SETTING_GROUP, .help = "The servers that keep the directory together."},
	{"cluster.name", SETTING_STRING, 1, 64, AT(cluster.name), .initial = "\"default\"",
		.help = "What PING is told."},

	{"records", SETTING_GROUP, .help = "What is remembered, and for how long."},
	{"records.ttl", SETTING_DURATION, 1000, 365 * DAY_MS, AT(records.ttl_ms), LIVE,
		.initial = "\"30m\"",
		.help = "Lifetime of a PUT, and of an ANNOUNCE that asks for none."},
	{"records.max_ttl", SETTING_DURATION, 1000, 365 * DAY_MS, AT(records.max_ttl_ms), LIVE,
		.initial = "\"24h\"", .help = "Longer lifetimes are cut to this."},
	{"records.want_ttl", SETTING_DURATION, 1000, 365 * DAY_MS, AT(records.want_ttl_ms), LIVE,
		.initial = "\"10m\"", .help = "How long a WANT waits."},
	{"records.max_records", SETTING_INT, 0, TRILLION, AT(records.max_records), LIVE,
		.initial = "0", .help = "New records are refused beyond this; 0: no limit."},
	{"records.max_memory", SETTING_SIZE, 0, EXABYTE, AT(records.max_memory), LIVE,
		.initial = "\"0\"",
		.help = "New records are refused beyond this many bytes; \"0\": no limit."},
	{"records.max_providers_per_hash", SETTING_INT, 1, 65535,
		AT(records.max_providers_per_hash), LIVE, .initial = "65535",
		.help = "Further providers of the same hash are refused."},

	{"clients", SETTING_GROUP, .help = "Who may do what."},
	{"clients.allow", SETTING_PREFIXES, 0, 1024, AT(clients.allow), LIVE,
		.initial = "( \"0.0.0.0/0\", \"::/0\" )", .help = "Others get no answer."},
	{"clients.trusted", SETTING_PREFIXES, 0, 1024, AT(clients.trusted), LIVE,
		.initial = "( \"127.0.0.0/8\", \"::1\", \"10.0.0.0/8\", \"172.16.0.0/12\", "
			   "\"192.168.0.0/16\", \"fc00::/7\", \"fe80::/10\" )",
		.help = "These need not prove their address before they get long answers."},
	{"clients.third_party_put", SETTING_BOOL, AT(clients.third_party_put), LIVE,
		.initial = "true",
		.help = "false: a client can only announce the address it sends from, and proves "
			"it."},
	{"clients.base_put", SETTING_BOOL, AT(clients.base_put), LIVE, .initial = "true",
		.help = "false: PUT is refused; ANNOUNCE is acknowledged and can need a key."},
	{"clients.require_auth", SETTING_BOOL, AT(clients.require_auth), LIVE, .initial = "false",
		.help = "true: ANNOUNCE and WITHDRAW need a key, PUT is refused."},
	{"clients.keys_file", SETTING_PATH, AT(clients.keys_file), LIVE, .initial = "\"\"",
		.help = "The clients' keys, a line for each: NAME and 64 hexadecimal digits."},
	{"clients.rate", SETTING_INT, 0, 1000000000, AT(clients.rate), LIVE, .initial = "0",
		.help = "Requests a second from one address (IPv6: one /64); 0: no limit."},

	{"log", SETTING_GROUP, .help = "What is told."},
	{"log.level", SETTING_CHOICE, AT(log.level), LIVE, .words = log_level_names,
		.initial = "\"info\"", .help = "One of error, warning, notice, info, debug."},
};

#define COUNT (sizeof(settings) / sizeof(settings[0]))
_Static_assert(COUNT <= SETTINGS_MAX, "SETTINGS_MAX is too small");

const struct setting *setting_at(size_t i)
{
	return i < COUNT ? &settings[i] : NULL;
}

size_t setting_index(const struct setting *s)
{
	return (size_t)(s - settings);
}

const struct setting *setting_find(const char *path)
{
	for (size_t i = 0; i < COUNT; i++)
		if (strcmp(settings[i].path, path) == 0)
			return &settings[i];
	return NULL;
}

static const char *last_part(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot ? dot + 1 : path;
}

/* A name that is right but in the wrong group counts as one edit. */
static size_t distance(const char *path, const struct setting *s)
{
	size_t whole = suggest_distance(path, s->path);
	size_t name = suggest_distance(last_part(path), last_part(s->path));

	return name < whole ? name + 1 : whole;
}

const char *setting_nearest(const char *path)
{
	const char *best = NULL;
	size_t best_distance = strlen(last_part(path)) / 3 + 2;

	if (best_distance > 4)
		best_distance = 4;
	for (size_t i = 0; i < COUNT; i++) {
		size_t d = distance(path, &settings[i]);
		if (d < best_distance) {
			best = settings[i].path;
			best_distance = d;
		}
	}
	return best;
}

const char *setting_type_name(enum setting_type type)
{
	switch (type) {
	case SETTING_GROUP: return "a group";
	case SETTING_BOOL: return "true or false";
	case SETTING_INT: return "a whole number";
	case SETTING_DURATION: return "a duration";
	case SETTING_SIZE: return "a size";
	case SETTING_STRING: return "a string";
	case SETTING_PATH: return "a file's name";
	case SETTING_HOST: return "an address";
	case SETTING_ADDRESSES: return "a list of addresses";
	case SETTING_PREFIXES: return "a list of addresses or prefixes";
	case SETTING_CHOICE: return "a word";
	}
	return "something else";
}

const char *setting_name(const struct setting *s)
{
	return last_part(s->path);
}

unsigned setting_depth(const struct setting *s)
{
	unsigned depth = 0;

	for (const char *p = s->path; *p; p++)
		depth += *p == '.';
	return depth;
}
