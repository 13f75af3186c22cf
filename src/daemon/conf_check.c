/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/conf_check.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/units.h"
#include "daemon/secret.h"

#define CREDENTIAL_NAME "dht.password"

static bool is_bad(const struct conf *conf, const char *path)
{
	return conf->bad[setting_index(setting_find(path))];
}

static void check_lifetimes(const struct conf *conf, struct faults *f)
{
	char ttl[UNITS_TEXT_MAX], max[UNITS_TEXT_MAX];

	if (is_bad(conf, "records.ttl") || is_bad(conf, "records.max_ttl") ||
		conf->c.records.ttl_ms <= conf->c.records.max_ttl_ms)
		return;
	duration_format(conf->c.records.ttl_ms, ttl);
	duration_format(conf->c.records.max_ttl_ms, max);
	/* Whichever of the two was written is the one to mend. */
	if (conf_place(conf, "records.ttl").line)
		faults_add(f, conf_place(conf, "records.ttl"), "records.ttl",
			"\"%s\" is longer than records.max_ttl, \"%s\"", ttl, max);
	else
		faults_add(f, conf_place(conf, "records.max_ttl"), "records.max_ttl",
			"\"%s\" is shorter than records.ttl, \"%s\"", max, ttl);
}

static void check_ports(const struct conf *conf, struct faults *f)
{
	if (!is_bad(conf, "listen.ports.client_reply") && !is_bad(conf, "listen.ports.client") &&
		conf->c.listen.client_reply_port == conf->c.listen.client_port)
		faults_add(f, conf_place(conf, "listen.ports.client_reply"),
			"listen.ports.client_reply",
			"must not be listen.ports.client; 0 means that");
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

	if (asprintf(&file, "%s/%s", credentials, CREDENTIAL_NAME) < 0) {
		faults_add(f, (struct place){0}, CREDENTIAL_NAME, "%s", err_text(DHT_ENOMEM));
		return;
	}
	if (access(file, F_OK) == 0)
		read_password_file(conf, file, (struct place){0}, CREDENTIAL_NAME, f);
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

void conf_check(struct conf *conf, const char *credentials, struct faults *f)
{
	check_addresses(conf, f);
	check_ports(conf, f);
	check_lifetimes(conf, f);
	find_password(conf, credentials, f);
	find_keys(conf, f);
}
