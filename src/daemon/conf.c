/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/conf.h"

#include <assert.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <libconfig.h>
#include <limits.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/secretfile.h"
#include "daemon/conf_check.h"
#include "daemon/conf_syntax.h"
#include "daemon/conf_text.h"
#include "daemon/cmdline.h"
#include "daemon/readable.h"
#include "daemon/secret.h"
#include "daemon/value.h"

#define PATH_TEXT_MAX 256

/* What walking through one file needs. The placer is the first member: value.c hands it back. */
struct walk {
	struct placer where;
	const struct conf_text *text;
	struct conf *conf;
	struct faults *f;
	unsigned end; /* the first line that is not what was meant */
};

static struct place place_of(const struct placer *p, const config_setting_t *v)
{
	const struct walk *w = (const struct walk *)p;

	return conf_text_place(w->text, config_setting_source_line(v));
}

/* The name among conf's own, which live as long as it does; NULL when there is no memory. */
static const char *keep_name(struct conf *conf, const char *name)
{
	for (const struct conf_name *n = conf->names; n; n = n->next)
		if (strcmp(n->name, name) == 0)
			return n->name;
	size_t size = strlen(name) + 1;
	struct conf_name *n = malloc(sizeof(*n) + size);
	if (!n)
		return NULL;
	memcpy(n->name, name, size);
	n->next = conf->names;
	conf->names = n;
	return n->name;
}

static void unknown(struct walk *w, const config_setting_t *v, const char *path)
{
	char lower[PATH_TEXT_MAX];
	size_t n = 0;

	/* All names are in small letters. */
	for (; path[n] != '\0' && n < sizeof(lower) - 1; n++)
		lower[n] = (char)tolower((unsigned char)path[n]);
	lower[n] = '\0';
	const char *near = setting_nearest(lower);
	if (near)
		faults_add(w->f, place_of(&w->where, v), path, "unknown setting (did you mean %s?)",
			near);
	else
		faults_add(w->f, place_of(&w->where, v), path, "unknown setting");
}

/* A password that everybody can read is none. A hash may be seen, though it is better not. */
static void check_readers(struct walk *w, const struct setting *s, const config_setting_t *v)
{
	const struct conf_file *file = conf_text_file(w->text, config_setting_source_line(v));
	const char *text = config_setting_get_string(v);

	if (!s->secret || text[0] == '\0' || secret_is_hash(text) || secretfile_mode_ok(file->mode))
		return;
	w->conf->bad[setting_index(s)] = true;
	faults_add(w->f, place_of(&w->where, v), s->path,
		"is in plain text in a file of mode %04o: others must not be able to read or "
		"change it: chmod o-rw,g-w %s",
		(unsigned)(file->mode & 07777), file->name);
}

static void take_value(struct walk *w, const struct setting *s, const config_setting_t *v)
{
	size_t i = setting_index(s);
	struct place at = place_of(&w->where, v);

	w->conf->bad[i] = value_store(s, v, &w->where, &w->conf->c, w->f) != 0;
	w->conf->from[i] = (struct place){.file = keep_name(w->conf, at.file), .line = at.line};
	w->conf->nth[i] = ++w->conf->value_count;
	if (!w->conf->bad[i] && s->secret)
		check_readers(w, s, v);
}

/* libconfig's copy of a secret, which it only frees. */
static void wipe(const struct setting *s, const config_setting_t *v)
{
	const char *text = config_setting_get_string(v);

	if (s->secret && text)
		sodium_memzero((char *)(uintptr_t)text, strlen(text));
}

static bool any_is_open(const struct conf_text *text, unsigned first, unsigned last)
{
	for (unsigned n = first; n <= last; n++)
		if (conf_text_is_open(text, n))
			return true;
	return false;
}

/* Whether this is what was meant, and not what is left of it behind a syntax error. */
static bool is_whole(const struct walk *w, const config_setting_t *v)
{
	unsigned line = config_setting_source_line(v), last = line;

	if (!config_setting_is_group(v) && config_setting_length(v) > 0)
		last = config_setting_source_line(
			config_setting_get_elem(v, (unsigned)config_setting_length(v) - 1));
	/* A value of no type is where the error was. */
	return config_setting_type(v) != CONFIG_TYPE_NONE && line < w->end &&
	       !any_is_open(w->text, line, last);
}

/* The members of one group; group is its path with a dot at the end, or "". libconfig's parser has
 * a limit to how deep groups stand in each other, and only groups in the table are entered. */
static void walk_group(struct walk *w, const config_setting_t *g, const char *group)
{
	char path[PATH_TEXT_MAX];

	for (int i = 0; i < config_setting_length(g); i++) {
		const config_setting_t *v = config_setting_get_elem(g, (unsigned)i);
		snprintf(path, sizeof(path), "%s%s", group, config_setting_name(v));
		const struct setting *s = setting_find(path);
		if (!is_whole(w, v))
			continue;
		if (!s) {
			unknown(w, v, path);
		} else if (s->type != SETTING_GROUP) {
			take_value(w, s, v);
			wipe(s, v);
		} else if (config_setting_is_group(v)) {
			snprintf(path, sizeof(path), "%s.", s->path);
			walk_group(w, v, path);
		} else {
			faults_add(w->f, place_of(&w->where, v), path,
				"must be a group, such as %s: { };", setting_name(s));
		}
	}
}

/* libconfig has found a syntax error. What was read before it is still worth a look, up to the line
 * that this gives. */
static unsigned end_of_good(const struct conf_text *text, config_t *parsed, struct faults *f)
{
	/* It comes of a quote that was forgotten, which is told already. */
	if (text->open_count)
		return (unsigned)config_error_line(parsed);
	return conf_syntax_fault(text, parsed, f);
}

/* One file, with what it includes, over what is there already. Their names are kept, in the order
 * of reading. */
static void read_one(struct conf *conf, const char *file, struct faults *f)
{
	struct conf_text text = {0};
	config_t parsed;

	config_init(&parsed);
	int err = conf_text_read(&text, file, f);
	keep_name(conf, file);
	for (uint32_t i = 0; i < text.file_count; i++)
		keep_name(conf, text.files[i].name);
	if (err == 0) {
		struct walk w = {{place_of}, &text, conf, f, UINT_MAX};
		if (!config_read_string(&parsed, text.text))
			w.end = end_of_good(&text, &parsed, f);
		conf->broken |= w.end != UINT_MAX || text.open_count;
		walk_group(&w, config_root_setting(&parsed), "");
	}
	config_destroy(&parsed);
	conf_text_fini(&text);
}

static int is_fragment(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return e->d_name[0] != '.' && len > 5 && strcmp(e->d_name + len - 5, ".conf") == 0;
}

/* Byte order, whatever the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Whether the error means that there is nothing of that name. A file where there should be a folder
 * is something, and so is what this process may not look at. */
static bool is_missing(const char *name, int error)
{
	struct stat st;

	return error == ENOENT || (error == ENOTDIR && lstat(name, &st) != 0);
}

/* The files in FILE.d that end in .conf, in the order of their names. */
static void read_fragments(struct conf *conf, const char *file, struct faults *f)
{
	struct dirent **names;
	char *folder, *fragment, why[READABLE_TEXT_MAX];

	if (asprintf(&folder, "%s.d", file) < 0) {
		faults_add(f, (struct place){0}, NULL, "%s", err_text(DHT_ENOMEM));
		return;
	}
	int n = scandir(folder, &names, is_fragment, by_name);
	if (n < 0 && !is_missing(folder, errno)) {
		readable_error(why, folder, errno);
		faults_add(f, (struct place){.file = folder}, NULL, "cannot read: %s", why);
	}
	for (int i = 0; i < n; i++) {
		if (asprintf(&fragment, "%s/%s", folder, names[i]->d_name) < 0) {
			faults_add(f, (struct place){.file = folder}, NULL, "%s",
				err_text(DHT_ENOMEM));
		} else {
			read_one(conf, fragment, f);
			free(fragment);
		}
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	free(folder);
}

static int set_defaults(struct config *c)
{
	const struct setting *s;

	for (size_t i = 0; (s = setting_at(i)); i++)
		if (value_store_default(s, c) != 0)
			return DHT_ENOMEM;
	return 0;
}

static void free_values(struct config *c)
{
	const struct setting *s;

	for (size_t i = 0; (s = setting_at(i)); i++)
		value_fini(s, c);
}

/* The main file by a name that still means the same when the working directory has changed; the
 * caller frees it. Links are left as they are: a reload follows them again. */
static char *absolute(const char *file)
{
	char *folder = file[0] == '/' ? NULL : getcwd(NULL, 0), *name;

	if (!folder)
		return strdup(file);
	if (asprintf(&name, "%s/%s", folder, file) < 0)
		name = NULL;
	free(folder);
	return name;
}

/* The main file and its drop-ins. The default file may be missing, another one must be there. */
static int read_all(struct conf *conf, const char *file, struct faults *f)
{
	char *name = absolute(file ? file : CMDLINE_DEFAULT_FILE);
	struct stat st;

	if (!name)
		return DHT_ENOMEM;
	if (file || stat(name, &st) == 0 || !is_missing(name, errno)) {
		conf->main_file = keep_name(conf, name);
		read_one(conf, name, f);
	}
	read_fragments(conf, name, f);
	free(name);
	return 0;
}

/* The names are kept with the last one first. What is in no file that was read comes last. */
static unsigned rank_of(const char *file, const void *user)
{
	const struct conf *conf = user;
	unsigned rank = 0;

	for (const struct conf_name *n = conf->names; file && n; n = n->next)
		if (rank > 0 || strcmp(n->name, file) == 0)
			rank++;
	return rank > 0 ? rank : UINT_MAX;
}

int conf_load(struct conf *conf, const char *file, const char *credentials, struct faults *f)
{
	size_t before = faults_count(f), sorted = f->count;

	*conf = (struct conf){0};
	int err = set_defaults(&conf->c);
	if (err == 0)
		err = read_all(conf, file, f);
	if (err) {
		faults_add(f, (struct place){0}, NULL, "%s", err_text(err));
		return DHT_EINVAL;
	}
	/* What was not read would seem to be missing. */
	if (!conf->broken)
		conf_check(conf, credentials, f);
	faults_sort(f, sorted, rank_of, conf);
	return faults_count(f) == before ? 0 : DHT_EINVAL;
}

void conf_fini(struct conf *conf)
{
	free_values(&conf->c);
	while (conf->names) {
		struct conf_name *next = conf->names->next;
		free(conf->names);
		conf->names = next;
	}
	secret_free(conf->password);
	secret_keys_free(conf->keys, conf->key_count);
	sodium_memzero(&conf->cluster_keys, sizeof(conf->cluster_keys));
	*conf = (struct conf){0};
}

static bool is_written(const struct conf *conf, const char *path)
{
	return conf->from[setting_index(setting_find(path))].file != NULL;
}

enum conf_cluster conf_cluster(const struct conf *conf)
{
	bool clear = conf->c.cluster.insecure || ip_is_loopback(&conf->c.listen.address);

	if (conf->c.cluster.seeds.count || conf->cluster_keys.count || conf->c.cluster.insecure)
		return CONF_CLUSTER_WANTED;
	if (!clear)
		return CONF_CLUSTER_NONE;
	return is_written(conf, "listen.ports.peer") || is_written(conf, "listen.ports.keepalive")
	               ? CONF_CLUSTER_WANTED
	               : CONF_CLUSTER_READY;
}

struct place conf_place(const struct conf *conf, const char *path)
{
	const struct setting *s = setting_find(path);

	assert(s);
	const struct place *from = &conf->from[setting_index(s)];
	return from->file ? *from : (struct place){.file = conf->main_file};
}

int conf_each_unused(const struct conf *conf,
	void (*show)(const char *path, const char *line, void *user), void *user)
{
	struct config initial = {0};
	struct faults notes = {0}; /* they read alike */
	const struct setting *s;
	int err = set_defaults(&initial);

	for (size_t i = 0; err == 0 && (s = setting_at(i)); i++)
		if (s->unused && !value_equal(s, &conf->c, &initial))
			faults_add(
				&notes, conf->from[i], s->path, "this version does not use it yet");
	for (size_t i = 0; i < notes.count; i++)
		show(notes.v[i].setting, notes.v[i].text, user);
	if (notes.untold)
		err = DHT_ENOMEM;
	faults_fini(&notes);
	free_values(&initial);
	return err;
}
