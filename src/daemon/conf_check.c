/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/conf_check.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "daemon/cluster_keys.h"
#include "daemon/readable.h"
#include "daemon/secret.h"
#include "daemon/value.h"

/* KiB of memory times passes. One second or two go by with as much (libsodium calls it sensitive);
 * meanwhile the daemon cannot end, and a stranger may ask for it with every EXIT. */
#define HASH_COST_MAX (4u << 20)

static bool is_bad(const struct conf *conf, const char *path)
{
	return conf->bad[setting_index(setting_find(path))];
}

static uint64_t number(const struct conf *conf, const char *path)
{
	return value_number(setting_find(path), &conf->c);
}

static unsigned nth(const struct conf *conf, const char *path)
{
	return conf->nth[setting_index(setting_find(path))];
}

/* Settings of one type of which one must not be above the other, or not as much as the other. */
static const struct order {
	const char *low, *high;
	bool alike;                   /* both may be the same */
	const char *low_is, *high_is; /* what is wrong, seen from either */
} orders[] = {
	{"records.ttl", "records.max_ttl", true, "longer than", "shorter than"},
	{"cluster.write_quorum", "cluster.replicas", true, "more than", "less than"},
	{"cluster.keepalive_interval", "cluster.suspect_after", false, "not shorter than",
		"not longer than"},
	{"cluster.suspect_after", "cluster.drop_after", false, "not shorter than",
		"not longer than"},
};

/* Adds "path: VALUE is (longer than) OTHER, OTHER'S VALUE". */
static void add_comparison(const struct conf *conf, const char *path, const char *is,
	const char *other, struct faults *f)
{
	char *value = value_text(setting_find(path), &conf->c);
	char *other_value = value_text(setting_find(other), &conf->c);

	if (value && other_value)
		faults_add(f, conf_place(conf, path), path, "%s is %s %s, %s", value, is, other,
			other_value);
	else
		faults_add(f, conf_place(conf, path), path, "%s", err_text(DHT_ENOMEM));
	free(value);
	free(other_value);
}

static void check_order(const struct conf *conf, const struct order *o, struct faults *f)
{
	uint64_t low = number(conf, o->low), high = number(conf, o->high);

	if (is_bad(conf, o->low) || is_bad(conf, o->high) || low < high ||
		(low == high && o->alike))
		return;
	/* Whichever of the two was written is the one to mend. */
	if (nth(conf, o->low))
		add_comparison(conf, o->low, o->low_is, o->high, f);
	else
		add_comparison(conf, o->high, o->high_is, o->low, f);
}

/* All are UDP, on the same addresses. */
static const char *const ports[] = {"listen.ports.client", "listen.ports.peer",
	"listen.ports.keepalive", "listen.ports.client_reply", "listen.ports.peer_reply",
	"tracker.port"};

#define PORTS (sizeof(ports) / sizeof(ports[0]))

/* Whether somebody wants other servers, and so the ports where they come in. */
static bool wants_cluster(const struct conf *conf)
{
	return conf->c.cluster.seeds.count || conf->c.cluster.key_file[0] != '\0' ||
	       conf->c.cluster.insecure;
}

/* Ports that nobody asked for are in nobody's way: this server then does without. */
static bool port_counts(const struct conf *conf, const char *path)
{
	bool clients = strncmp(path, "listen.ports.client", strlen("listen.ports.client")) == 0;

	if (is_bad(conf, path) || number(conf, path) == 0)
		return false;
	return clients || nth(conf, path) || (wants_cluster(conf) && !setting_find(path)->unused);
}

static void check_port(const struct conf *conf, const char *a, const char *b, struct faults *f)
{
	if (number(conf, a) != number(conf, b) || !port_counts(conf, a) || !port_counts(conf, b))
		return;
	const char *later = nth(conf, a) > nth(conf, b) ? a : b;
	const char *sooner = later == a ? b : a;
	/* With 0 an answer leaves from the port that was asked. */
	bool optional = setting_find(later)->min == 0;
	faults_add(f, conf_place(conf, later), later, "%" PRIu64 " is %s already%s",
		number(conf, later), sooner, optional ? "; 0 means the port that was asked" : "");
}

static void check_addresses(const struct conf *conf, struct faults *f)
{
	const struct ip_list *more = &conf->c.listen.client_addresses;
	const char *setting = "listen.client_addresses";
	char text[IP_TEXT_MAX];

	if (is_bad(conf, "listen.address") || is_bad(conf, setting))
		return;
	for (size_t i = 0; i < more->count; i++) {
		bool twice = ip_equal(&more->v[i], &conf->c.listen.address);
		for (size_t j = 0; j < i; j++)
			twice |= ip_equal(&more->v[i], &more->v[j]);
		if (!twice)
			continue;
		ip_format(&more->v[i], text);
		faults_add(f, conf_place(conf, setting), setting,
			"%s is there twice, or is listen.address", text);
	}
}

/* A socket's name has to fit its address. */
static void check_socket(const struct conf *conf, struct faults *f)
{
	const char *setting = "control.socket";
	size_t max = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;

	if (strlen(conf->c.control.socket) > max)
		faults_add(f, conf_place(conf, setting), setting,
			"%s is longer than %zu bytes, the most that a socket's name can have",
			conf->c.control.socket, max);
}

/* The hash is one, as libsodium has read it. */
static uint64_t hash_cost(const char *hash)
{
	uint64_t memory = 0, passes = 0;
	const char *cost = strstr(hash, "$m=");

	if (!cost || sscanf(cost, "$m=%" SCNu64 ",t=%" SCNu64, &memory, &passes) != 2)
		return UINT64_MAX;
	return memory * passes;
}

/* A password must be one that can be checked; it was found at `at`. */
static void check_password(
	const struct conf *conf, struct place at, const char *setting, struct faults *f)
{
	size_t len = strlen(conf->password);

	if (len == 0)
		faults_add(f, at, setting, "the password is empty");
	else if (len > SECRET_PASSWORD_MAX)
		faults_add(f, at, setting, "the password is longer than %d bytes",
			SECRET_PASSWORD_MAX);
	else if (secret_is_hash(conf->password) &&
		 (len >= crypto_pwhash_STRBYTES ||
			 crypto_pwhash_str_needs_rehash(conf->password, crypto_pwhash_OPSLIMIT_MIN,
				 crypto_pwhash_MEMLIMIT_MIN) < 0))
		faults_add(f, at, setting, "looks like an Argon2 hash, but is none");
	else if (secret_is_hash(conf->password) && hash_cost(conf->password) > HASH_COST_MAX)
		faults_add(f, at, setting,
			"the hash costs too much to check: m times t is above %u (dhtctl "
			"hash-password makes one that does not)",
			HASH_COST_MAX);
}

/* The file's one line, without its end: what dht exit --password-file reads from the same file. */
static void read_password_file(
	struct conf *conf, const char *file, struct place at, const char *setting, struct faults *f)
{
	if (secret_read(file, at, setting, &conf->password, f) != 0)
		return;
	size_t len = strlen(conf->password);
	while (len > 0 && strchr("\r\n", conf->password[len - 1]))
		conf->password[--len] = '\0';
	if (strchr(conf->password, '\n'))
		faults_add(f, at, setting, "%s has more than one line", file);
	else
		check_password(conf, at, setting, f);
}

static void read_credential(struct conf *conf, const char *credentials, struct faults *f)
{
	char *file;

	if (asprintf(&file, "%s/%s", credentials, CONF_CREDENTIAL) < 0) {
		faults_add(f, (struct place){0}, CONF_CREDENTIAL, "%s", err_text(DHT_ENOMEM));
		return;
	}
	if (access(file, F_OK) == 0)
		read_password_file(conf, file, (struct place){0}, CONF_CREDENTIAL, f);
	free(file);
}

/* What the file says goes before a credential: it is nearer to whoever looks for the reason. */
static void find_password(struct conf *conf, const char *credentials, struct faults *f)
{
	bool plain = conf->c.password[0] != '\0', in_file = conf->c.password_file[0] != '\0';
	struct place at = conf_place(conf, "password");
	struct place file_at = conf_place(conf, "password_file");

	if (plain && in_file) {
		faults_add(f, file_at, "password_file", "must not be set beside password");
	} else if (plain) {
		conf->password = strdup(conf->c.password);
		if (conf->password)
			check_password(conf, at, "password", f);
		else
			faults_add(f, at, "password", "%s", err_text(DHT_ENOMEM));
	} else if (in_file) {
		read_password_file(conf, conf->c.password_file, file_at, "password_file", f);
	} else if (credentials) {
		read_credential(conf, credentials, f);
	}
}

static void find_keys(struct conf *conf, struct faults *f)
{
	const char *setting = "clients.keys_file", *file = conf->c.clients.keys_file;
	int err = 0;

	if (file[0] != '\0')
		err = secret_read_keys(
			file, conf_place(conf, setting), setting, &conf->keys, &conf->key_count, f);
	if (err == 0 && !is_bad(conf, setting) && conf->c.clients.require_auth &&
		conf->key_count == 0)
		faults_add(f, conf_place(conf, "clients.require_auth"), "clients.require_auth",
			"there is no key in clients.keys_file, so nobody could announce anything");
}

/* Keys of the cluster, from the file or a credential. */
static void find_cluster_keys(struct conf *conf, const char *credentials, struct faults *f)
{
	const char *setting = "cluster.key_file", *file = conf->c.cluster.key_file;
	struct seal_keys *keys = &conf->cluster_keys;
	char *credential;

	if (file[0] != '\0' && access(file, F_OK) != 0 && errno == ENOENT) {
		faults_add(f, conf_place(conf, setting), setting,
			"there is no %s (dhtctl keygen makes a key, the same for all servers)",
			file);
		return;
	}
	if (file[0] != '\0') {
		cluster_keys_read(file, conf_place(conf, setting), setting, keys, f);
		return;
	}
	if (!credentials)
		return;
	if (asprintf(&credential, "%s/%s", credentials, CONF_KEY_CREDENTIAL) < 0) {
		faults_add(f, (struct place){0}, setting, "%s", err_text(DHT_ENOMEM));
		return;
	}
	if (access(credential, F_OK) == 0)
		cluster_keys_read(credential, (struct place){.file = credential}, setting, keys, f);
	free(credential);
}

/* Without a key servers believe whatever comes to their ports. */
static void check_clear(const struct conf *conf, struct faults *f)
{
	const char *setting = "cluster.seeds";
	char text[IP_TEXT_MAX];

	if (conf->c.cluster.seeds.count == 0 || conf->cluster_keys.count != 0 ||
		conf->c.cluster.insecure || ip_is_loopback(&conf->c.listen.address) ||
		is_bad(conf, "cluster.key_file") || is_bad(conf, "listen.address") ||
		conf->c.cluster.key_file[0] != '\0')
		return;
	ip_format(&conf->c.listen.address, text);
	faults_add(f, conf_place(conf, setting), setting,
		"listen.address %s is not loopback, so other servers need cluster.key_file (dhtctl "
		"keygen makes a key), or cluster.insecure = true",
		text);
}

void conf_check(struct conf *conf, const char *credentials, struct faults *f)
{
	check_addresses(conf, f);
	for (size_t i = 0; i < PORTS; i++)
		for (size_t j = 0; j < i; j++)
			check_port(conf, ports[j], ports[i], f);
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
		check_order(conf, &orders[i], f);
	check_socket(conf, f);
	find_cluster_keys(conf, credentials, f);
	check_clear(conf, f);
	find_password(conf, credentials, f);
	find_keys(conf, f);
}

static void check_file(const struct account *r, const char *file, struct faults *f)
{
	char text[READABLE_TEXT_MAX];

	if (file[0] != '\0' && !readable_by(r, file, text))
		faults_add(f, (struct place){.file = file}, NULL, "%s", text);
}

int conf_check_reader(const struct conf *conf, const char *user, struct faults *f)
{
	size_t before = faults_count(f);
	struct account r;
	char *folder;

	if (!account_find(&r, user))
		return 0;
	for (const struct conf_name *n = conf->names; n; n = n->next)
		check_file(&r, n->name, f);
	if (conf->main_file && asprintf(&folder, "%s.d", conf->main_file) >= 0) {
		check_file(&r, folder, f);
		free(folder);
	}
	check_file(&r, conf->c.password_file, f);
	check_file(&r, conf->c.clients.keys_file, f);
	check_file(&r, conf->c.cluster.key_file, f);
	return faults_count(f) == before ? 0 : DHT_EINVAL;
}
