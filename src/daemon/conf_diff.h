/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_diff: what changes from one configuration to another, setting by setting.
 *
 * Two values are the same when they print the same; a setting that names a secret's file is also
 * changed when what the file contains has changed. Secrets show as "(secret)". What this version
 * does not use is no change.
 *
 * A live setting may take a restart all the same: servers that talk in clear do not come to have
 * keys, nor the other way round, and one in no cluster does not begin to seek one.
 */
#ifndef DHT_DAEMON_CONF_DIFF_H
#define DHT_DAEMON_CONF_DIFF_H

#include "daemon/conf.h"

struct conf_change {
	const struct setting *setting;
	char *from, *to; /* as they would stand in the file */
	bool live;       /* without a restart */
};

struct conf_diff {
	struct conf_change changes[SETTINGS_MAX];
	size_t count;
};

/* 0 or DHT_ENOMEM; to be freed in any case. */
int conf_diff(const struct conf *from, const struct conf *to, struct conf_diff *out);
void conf_diff_fini(struct conf_diff *d);

/* Makes the values of all settings that can change without a restart in `running` those of
 * `loaded`, and the other way round, with all that belongs to them (places, keys, password), so
 * that freeing `loaded` frees what was replaced. Whoever still uses the old values must keep
 * `loaded` until then. */
void conf_swap_live(struct conf *running, struct conf *loaded);

#endif
