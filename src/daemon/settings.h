/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * settings: the one table of everything that can be set.
 *
 * Each setting is one row: its path in the file, its type and range, its default, whether it can
 * change while the daemon runs, a line of help, and where in struct config its value goes. The
 * parser, --check, --print-config, the commented file in etc/ and the table in dht.conf(5) are all
 * made from these rows: a setting that has a row is complete, and there is no other place.
 *
 * A row can be there before what it sets: it is accepted and checked like the others, so that a
 * file is good for the next version as well, and the daemon says that it does not use it yet.
 *
 * Rows stand in the order of the file. A group's row comes before its members'.
 */
#ifndef DHT_DAEMON_SETTINGS_H
#define DHT_DAEMON_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "daemon/server_name.h"

struct ip_list {
	struct ip *v;
	size_t count;
};

struct prefix_list {
	struct prefix *v;
	size_t count;
};

struct server_list {
	struct server_name *v;
	size_t count;
};

/* The values, one C type for each type of setting. */
struct config {
	struct {
		struct ip address;
		struct ip_list client_addresses;
		uint64_t client_port, peer_port, keepalive_port;
		uint64_t client_reply_port, peer_reply_port;
		uint64_t workers;
		uint64_t max_datagram;
	} listen;
	char *password;
	char *password_file;
	struct {
		char *name;
		struct server_list seeds;
		char *key_file;
		bool insecure, confirm_misses;
		uint64_t replicas, write_quorum;
		char *zone;
		uint64_t weight;
		uint64_t keepalive_interval_ms, suspect_after_ms, drop_after_ms;
		uint64_t repair_interval_ms;
	} cluster;
	struct {
		uint64_t ttl_ms, max_ttl_ms, want_ttl_ms;
		uint64_t max_records;
		uint64_t max_memory;
		uint64_t max_providers_per_hash;
	} records;
	struct {
		struct prefix_list allow, trusted;
		bool third_party_put, base_put, require_auth;
		char *keys_file;
		uint64_t rate;
	} clients;
	struct {
		char *path;
		uint64_t mode; /* off, batch, sync */
		uint64_t interval_ms;
	} storage;
	struct {
		char *socket; /* "": none */
		char *admin_group;
	} control;
	struct {
		bool enabled;
		uint64_t port;
		uint64_t interval_ms;
	} tracker;
	struct {
		struct addr listen; /* port 0: none */
	} metrics;
	struct {
		uint64_t level; /* enum log_level */
	} log;
};

enum setting_type {
	SETTING_GROUP,     /* no value */
	SETTING_BOOL,      /* bool */
	SETTING_INT,       /* uint64_t, min to max */
	SETTING_DURATION,  /* uint64_t milliseconds, min to max */
	SETTING_SIZE,      /* uint64_t bytes, min to max, or 0 when or_zero */
	SETTING_STRING,    /* char *, UTF-8 of min to max bytes without control characters */
	SETTING_PATH,      /* char *, "" for none; in the file relative to the file's folder */
	SETTING_HOST,      /* struct ip that one host can have */
	SETTING_ADDRESSES, /* struct ip_list of at most max, "0.0.0.0" and "::" too */
	SETTING_PREFIXES,  /* struct prefix_list of at most max */
	SETTING_ENDPOINT,  /* struct addr with a port, wildcards too; "" for none */
	SETTING_SERVERS,   /* struct server_list of at most max */
	SETTING_CHOICE,    /* uint64_t, an index into words */
};

struct setting {
	const char *path;
	enum setting_type type;
	uint64_t min, max;
	const char *const *words; /* SETTING_CHOICE; NULL at the end */
	const char *initial;      /* the default, as it would stand in the file */
	bool or_zero;             /* 0 is taken too, below min */
	bool live;                /* can change without a restart */
	bool secret;              /* never printed */
	bool unused;              /* checked, but this version does nothing with it */
	size_t offset;            /* in struct config */
	const char *help;
};

/* Row i, or NULL behind the last. */
const struct setting *setting_at(size_t i);

/* How many rows there are at most, for arrays beside the table. */
#define SETTINGS_MAX 96

/* Its number in the table. */
size_t setting_index(const struct setting *s);

/* The row with this path, or NULL. */
const struct setting *setting_find(const char *path);

/* The path that was probably meant, or NULL when none is near. */
const char *setting_nearest(const char *path);

/* "a whole number", "a duration", …: for messages and manuals. */
const char *setting_type_name(enum setting_type type);

/* The part of the path behind the last dot. */
const char *setting_name(const struct setting *s);

/* How many groups it is inside of. */
unsigned setting_depth(const struct setting *s);

#endif
