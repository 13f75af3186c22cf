/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/conf_diff.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "daemon/value.h"

#define HIDDEN "(secret)"

static bool same_password(const struct conf *a, const struct conf *b)
{
	if (!a->password || !b->password)
		return a->password == b->password;
	return strcmp(a->password, b->password) == 0;
}

static bool same_key(const struct auth_key *a, const struct auth_key *b)
{
	return a->name_len == b->name_len && memcmp(a->name, b->name, a->name_len) == 0 &&
	       memcmp(a->key, b->key, sizeof(a->key)) == 0;
}

static bool same_keys(const struct conf *a, const struct conf *b)
{
	if (a->key_count != b->key_count)
		return false;
	for (size_t i = 0; i < a->key_count; i++)
		if (!same_key(&a->keys[i], &b->keys[i]))
			return false;
	return true;
}

/* The setting that the password came by. A credential stands where the setting would. */
static const char *password_setting(const struct conf *conf)
{
	return conf->c.password_file[0] != '\0' ? "password_file" : "password";
}

static bool same_cluster_keys(const struct conf *a, const struct conf *b)
{
	const struct seal_keys *x = &a->cluster_keys, *y = &b->cluster_keys;

	return x->count == y->count && memcmp(x->key, y->key, x->count * sizeof(x->key[0])) == 0;
}

/* Whether what belongs to the setting, but is not its value, has changed. */
static bool content_changed(const struct setting *s, const struct conf *from, const struct conf *to)
{
	if (strcmp(s->path, "clients.keys_file") == 0)
		return !same_keys(from, to);
	if (strcmp(s->path, "cluster.key_file") == 0)
		return !same_cluster_keys(from, to);
	return strcmp(s->path, password_setting(to)) == 0 &&
	       strcmp(s->path, password_setting(from)) == 0 && !same_password(from, to);
}

static bool has_cluster_keys(const struct conf *conf)
{
	return conf->cluster_keys.count != 0;
}

static bool can_change(const struct setting *s, const struct conf *running, const struct conf *next)
{
	if (strcmp(s->path, "cluster.key_file") == 0)
		return has_cluster_keys(running) == has_cluster_keys(next);
	if (strcmp(s->path, "cluster.seeds") == 0)
		return conf_cluster(running) != CONF_CLUSTER_NONE;
	/* The replicas of the next start may be more than those that are running: a quorum of them
	 * would be out of reach until then. */
	if (strcmp(s->path, "cluster.write_quorum") == 0)
		return next->c.cluster.write_quorum <= running->c.cluster.replicas;
	return s->live;
}

/* "(secret)"; the ids of the cluster's keys are no secret: "(keys 3f, a1)". */
static char *hidden_text(const struct setting *s, const struct conf *conf)
{
	const struct seal_keys *keys = &conf->cluster_keys;
	char text[sizeof("(keys )") + SEAL_KEYS_MAX * sizeof("3f,")];
	size_t len = (size_t)snprintf(text, sizeof(text), keys->count == 1 ? "(key" : "(keys");

	if (strcmp(s->path, "cluster.key_file") != 0)
		return strdup(HIDDEN);
	if (keys->count == 0)
		return strdup("(no key)");
	for (size_t i = 0; i < keys->count; i++)
		len += (size_t)snprintf(
			text + len, sizeof(text) - len, "%s %02x", i ? "," : "", keys->key[i].id);
	snprintf(text + len, sizeof(text) - len, ")");
	return strdup(text);
}

static int add_change(struct conf_diff *d, const struct setting *s, const struct conf *from,
	const struct conf *to)
{
	bool hidden = value_equal(s, &from->c, &to->c);
	struct conf_change *c = &d->changes[d->count++];

	c->setting = s;
	c->live = can_change(s, from, to);
	c->from = hidden ? hidden_text(s, from) : value_text(s, &from->c);
	c->to = hidden ? hidden_text(s, to) : value_text(s, &to->c);
	return c->from && c->to ? 0 : DHT_ENOMEM;
}

int conf_diff(const struct conf *from, const struct conf *to, struct conf_diff *out)
{
	const struct setting *s;
	int err = 0;

	*out = (struct conf_diff){0};
	for (size_t i = 0; err == 0 && (s = setting_at(i)); i++)
		if (!s->unused &&
			(!value_equal(s, &from->c, &to->c) || content_changed(s, from, to)))
			err = add_change(out, s, from, to);
	return err;
}

void conf_diff_fini(struct conf_diff *d)
{
	for (size_t i = 0; i < d->count; i++) {
		free(d->changes[i].from);
		free(d->changes[i].to);
	}
	*d = (struct conf_diff){0};
}

/* The same name among running's; if there is none, loaded's own goes over to it. */
static const char *move_name(struct conf *running, struct conf *loaded, const char *name)
{
	struct conf_name **at = &loaded->names, *n;

	if (!name)
		return NULL;
	for (n = running->names; n; n = n->next)
		if (strcmp(n->name, name) == 0)
			return n->name;
	while ((*at)->name != name)
		at = &(*at)->next;
	n = *at;
	*at = n->next;
	n->next = running->names;
	running->names = n;
	return n->name;
}

static void swap_place(struct conf *running, struct conf *loaded, size_t i)
{
	struct place old = running->from[i];
	unsigned nth = running->nth[i];

	running->nth[i] = loaded->nth[i];
	loaded->nth[i] = nth;
	running->from[i] = loaded->from[i];
	running->from[i].file = move_name(running, loaded, loaded->from[i].file);
	loaded->from[i] = old;
}

void conf_swap_live(struct conf *running, struct conf *loaded)
{
	const struct setting *s;
	char *password = running->password;
	struct auth_key *keys = running->keys;
	size_t key_count = running->key_count;
	struct seal_keys cluster_keys = running->cluster_keys;
	bool keeps_keys = has_cluster_keys(running) != has_cluster_keys(loaded);

	for (size_t i = 0; (s = setting_at(i)); i++) {
		if (s->type == SETTING_GROUP || !can_change(s, running, loaded))
			continue;
		value_swap(s, &running->c, &loaded->c);
		swap_place(running, loaded, i);
	}
	running->password = loaded->password;
	running->keys = loaded->keys;
	running->key_count = loaded->key_count;
	loaded->password = password;
	loaded->keys = keys;
	loaded->key_count = key_count;
	if (!keeps_keys) {
		running->cluster_keys = loaded->cluster_keys;
		loaded->cluster_keys = cluster_keys;
	}
	sodium_memzero(&cluster_keys, sizeof(cluster_keys));
}
