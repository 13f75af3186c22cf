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

/* Below this hardly anything fits: the table takes its memory in regions of 256 KiB, one for each
 * of four sizes of blocks at least (table.h). */
#define MEMORY_LEAST (UINT64_C(1) << 20)

#define AT(member) .offset = offsetof(struct config, member)
#define LIVE       .live = true

/* Nothing has to be restarted for what nobody uses. */
#define UNUSED .unused = true, .live = true

static const char *const storage_modes[] = {"off", "batch", "sync", NULL};

static const struct setting settings[] = {
	{"listen", SETTING_GROUP, .help = "Where requests come in."},
	{"listen.address", SETTING_HOST, AT(listen.address), .initial = "\"127.0.0.1\"",
		.help = "The one address that other servers know this server by; it is bound."},
	{"listen.client_addresses", SETTING_ADDRESSES, 0, 63, AT(listen.client_addresses),
		.initial = "()", .help = "More addresses for clients, \"0.0.0.0\" and \"::\" too."},
	{"listen.ports", SETTING_GROUP, .help = "UDP ports, the same on each address."},
	{"listen.ports.client", SETTING_INT, 1, 65535, AT(listen.client_port), .initial = "8470",
		.help = "Clients' requests come in here."},
	{"listen.ports.peer", SETTING_INT, 1, 65535, AT(listen.peer_port), .initial = "8471",
		.help = "Other servers' messages come in here."},
	{"listen.ports.keepalive", SETTING_INT, 1, 65535, AT(listen.keepalive_port),
		.initial = "8472", .help = "Other servers' signs of life come in here."},
	{"listen.ports.client_reply", SETTING_INT, 0, 65535, AT(listen.client_reply_port),
		.initial = "0",
		.help = "Answers leave from here; 0: from the port that was asked."},
	{"listen.ports.peer_reply", SETTING_INT, 0, 65535, AT(listen.peer_reply_port),
		.initial = "0",
		.help = "Answers to servers leave from here; 0: from the port that was asked."},
	{"listen.workers", SETTING_INT, 0, SERVER_LANES_MAX, AT(listen.workers), .initial = "0",
		.help = "Threads that answer; 0: one for each CPU."},
	{"listen.max_datagram", SETTING_INT, LANE_DATAGRAM_MIN, MSG_DATAGRAM_MAX,
		AT(listen.max_datagram), .initial = "1232",
		.help = "Bytes of the longest datagram, in and out; above 1232 some may get lost."},

	{"password", SETTING_STRING, 0, SECRET_PASSWORD_MAX, AT(password), .initial = "\"\"", LIVE,
		.secret = true,
		.help = "For EXIT: plain, or what dhtctl hash-password prints; \"\": refused."},
	{"password_file", SETTING_PATH, AT(password_file), LIVE, .initial = "\"\"",
		.help = "Where the password is instead; others must not be able to read it."},

	{"cluster", SETTING_GROUP, .help = "The servers that keep the directory together."},
	{"cluster.name", SETTING_STRING, 1, 64, AT(cluster.name), .initial = "\"default\"",
		.help = "What PING is told."},
	{"cluster.seeds", SETTING_SERVERS, 0, 64, AT(cluster.seeds), LIVE, .initial = "()",
		.help = "Servers to join: \"HOST\", \"HOST:PORT\" or \"[IPV6]:PORT\"."},
	{"cluster.key_file", SETTING_PATH, AT(cluster.key_file), LIVE, .initial = "\"\"",
		.help = "The servers' common keys, a secret; from none to some, or back, takes a "
			"restart."},
	{"cluster.insecure", SETTING_BOOL, AT(cluster.insecure), .initial = "false",
		.help = "true: without a key servers talk in clear, as they do on loopback."},
	{"cluster.replicas", SETTING_INT, 1, 16, AT(cluster.replicas), .initial = "3",
		.help = "How many servers keep each record; the same on all servers of a cluster."},
	{"cluster.write_quorum", SETTING_INT, 1, 16, AT(cluster.write_quorum), LIVE, .initial = "2",
		.help = "How many of them must have it before it is acknowledged; the same on "
			"all servers."},
	{"cluster.confirm_misses", SETTING_BOOL, AT(cluster.confirm_misses), LIVE,
		.initial = "true",
		.help = "true: 'nobody has it' is said when enough of its servers say so."},
	{"cluster.zone", SETTING_STRING, 0, 64, AT(cluster.zone), LIVE, .initial = "\"\"",
		.help = "What fails together: a record is kept in several zones if it can be."},
	{"cluster.weight", SETTING_INT, 1, 100, AT(cluster.weight), LIVE, .initial = "1",
		.help = "This server's share of the records, beside the others' weights."},
	{"cluster.keepalive_interval", SETTING_DURATION, 100, 10 * MINUTE_MS,
		AT(cluster.keepalive_interval_ms), LIVE, .initial = "\"1s\"",
		.help = "How often servers show each other that they are alive."},
	{"cluster.suspect_after", SETTING_DURATION, 100, 60 * MINUTE_MS,
		AT(cluster.suspect_after_ms), LIVE, .initial = "\"5s\"",
		.help = "A server is suspected after this long without a sign of life."},
	{"cluster.drop_after", SETTING_DURATION, 100, DAY_MS, AT(cluster.drop_after_ms), LIVE,
		.initial = "\"10s\"", .help = "And given up after this long."},
	{"cluster.repair_interval", SETTING_DURATION, 1000, DAY_MS, AT(cluster.repair_interval_ms),
		LIVE, .initial = "\"30s\"", .help = "How often servers compare what they have."},

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
	{"records.max_memory", SETTING_SIZE, MEMORY_LEAST, EXABYTE, AT(records.max_memory), LIVE,
		.or_zero = true, .initial = "\"0\"",
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

	{"storage", SETTING_GROUP, .help = "What outlives a restart."},
	{"storage.path", SETTING_PATH, AT(storage.path), UNUSED, .initial = "\"/var/lib/dht\"",
		.help = "The folder that records are kept in."},
	{"storage.mode", SETTING_CHOICE, AT(storage.mode), UNUSED, .words = storage_modes,
		.initial = "\"batch\"",
		.help = "\"off\"; \"batch\": written every interval; \"sync\": before each "
			"answer."},
	{"storage.interval", SETTING_DURATION, 10, 60 * MINUTE_MS, AT(storage.interval_ms), UNUSED,
		.initial = "\"1s\"", .help = "How often \"batch\" writes."},

	{"control", SETTING_GROUP, .help = "What dhtctl talks to."},
	{"control.socket", SETTING_PATH, AT(control.socket), .initial = "\"/run/dht/control\"",
		.help = "The control socket; \"\": none."},
	{"control.admin_group", SETTING_STRING, 0, 32, AT(control.admin_group),
		.initial = "\"_dht\"",
		.help = "Its members may open the socket and change the server; \"\": no group."},

	{"tracker", SETTING_GROUP, .help = "BitTorrent clients (BEP 15)."},
	{"tracker.enabled", SETTING_BOOL, AT(tracker.enabled), UNUSED, .initial = "false",
		.help = "true: this server is a UDP tracker too."},
	{"tracker.port", SETTING_INT, 1, 65535, AT(tracker.port), UNUSED, .initial = "6969",
		.help = "Trackers' requests come in here."},
	{"tracker.interval", SETTING_DURATION, MINUTE_MS, DAY_MS, AT(tracker.interval_ms), UNUSED,
		.initial = "\"30m\"", .help = "How often BitTorrent clients are to announce."},

	{"metrics", SETTING_GROUP, .help = "OpenMetrics, over HTTP."},
	{"metrics.listen", SETTING_ENDPOINT, AT(metrics.listen), UNUSED, .initial = "\"\"",
		.help = "Its address, such as \"127.0.0.1:9470\"; \"\": none."},

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
	case SETTING_ENDPOINT: return "an address with a port";
	case SETTING_SERVERS: return "a list of servers";
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
