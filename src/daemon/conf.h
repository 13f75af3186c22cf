/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf: the configuration as it was found, checked as a whole.
 *
 *     defaults  ◀── dht.conf (with its @includes)  ◀── dht.conf.d, in order  ◀── secrets
 *
 * Each file only overrides what it names. Reading never stops at the first mistake: every setting
 * of every file is looked at, and everything that is wrong ends up in a list of faults, in the
 * order of the files and their lines. A configuration with a fault is not used at all.
 *
 * The module is not called config because of autoconf's config.h.
 */
#ifndef DHT_DAEMON_CONF_H
#define DHT_DAEMON_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "core/auth.h"
#include "core/seal.h"
#include "daemon/faults.h"
#include "daemon/settings.h"

/* A file's name that places view. */
/* The systemd credential that is the password where no setting says otherwise. */
#define CONF_CREDENTIAL "dht.password"
/* … and the cluster's keys where cluster.key_file does not say. */
#define CONF_KEY_CREDENTIAL "dht.cluster_key"

struct conf_name {
	struct conf_name *next;
	char name[];
};

struct conf {
	struct config c;
	const char *main_file; /* absolute: what a reload reads again; NULL: there is none */
	struct place from[SETTINGS_MAX]; /* beside the table; file NULL: the default */
	unsigned nth[SETTINGS_MAX];      /* which one of all values it was; 0: the default */
	unsigned value_count;            /* that were read */
	bool bad[SETTINGS_MAX];          /* there was a fault: c has something else */
	bool broken;                     /* a file had a syntax error: not all was read */
	struct conf_name *names;         /* that these view; the last one read first */

	/* What the files that the settings name contain. */
	char *password; /* for EXIT, from wherever it came; NULL: none */
	struct auth_key *keys;
	size_t key_count;
	struct seal_keys cluster_keys; /* none: servers talk in clear, or not at all */
};

/* Whether this server talks to others. */
enum conf_cluster {
	CONF_CLUSTER_NONE,   /* nothing says so, and it would be in clear on a network */
	CONF_CLUSTER_READY,  /* nothing says so; it costs nothing, on loopback */
	CONF_CLUSTER_WANTED, /* seeds, keys, ports or `insecure` say so */
};

/* Fills conf, which need not be initialised, from file, or from the default file if there is one
 * when file is NULL. A relative name counts from the working directory. credentials: the folder of
 * systemd's credentials, or NULL. 0, or DHT_EINVAL with faults added. conf is to be freed in any
 * case. Can be called again while another conf is in use. */
int conf_load(struct conf *conf, const char *file, const char *credentials, struct faults *f);
void conf_fini(struct conf *conf);

/* Where this setting was written; when it is the default, the file that could say otherwise. path
 * must be in the table. */
struct place conf_place(const struct conf *conf, const char *path);

enum conf_cluster conf_cluster(const struct conf *conf);

/* Calls show for each setting that is not at its default and that this version does not use, with
 * a line "FILE:LINE: setting: this version does not use it yet". 0 or DHT_ENOMEM. */
int conf_each_unused(const struct conf *conf,
	void (*show)(const char *path, const char *line, void *user), void *user);

/* Every setting with its value and where it comes from; secrets are not shown. libconfig can read
 * it again. 0 or DHT_ENOMEM. */
int conf_print(const struct conf *conf, FILE *out);

/* The file with every setting commented out at its default: etc/dht.conf. */
void conf_print_initial(FILE *out);

#endif
