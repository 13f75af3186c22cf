/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/dht/profile.h"

#include <errno.h>
#include <ini.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/exitcode.h"
#include "tools/common/opts.h"
#include "tools/common/writer.h"

#define SECTION_MAX  49 /* inih cuts a longer name */
#define SECTION_HINT "[default] or [profile NAME]"
#define SERVER_HINT  "HOST, HOST:PORT or [IPV6]:PORT, with commas between several"
#define SYNTAX_HINT  SECTION_HINT ", and NAME = VALUE below it"

static const struct opt rows[] = {
	{"server", 0, OPT_TEXT, NULL, NULL, offsetof(struct settings, server), 0, 0, NULL},
	{"key", 0, OPT_TEXT, NULL, NULL, offsetof(struct settings, key_file), 0, 0, NULL},
	{"timeout", 0, OPT_MS, NULL, NULL, offsetof(struct settings, timeout_ms), TIMEOUT_MIN_MS,
		TIMEOUT_MAX_MS, NULL},
	{"tries", 0, OPT_NUMBER, NULL, NULL, offsetof(struct settings, tries), 1, TRIES_MAX, NULL},
	{"retries", 0, OPT_NUMBER, NULL, NULL, offsetof(struct settings, tries), 0, TRIES_MAX - 1,
		NULL},
	{"output", 0, OPT_CHOICE, NULL, NULL, offsetof(struct settings, output), 0, 0,
		output_names},
	{0},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* One file on its way through inih. */
struct parse {
	FILE *file;
	const char *path;
	int line;
	struct profile *profile;
	const char *name;      /* of the profile that is wanted, or NULL */
	struct settings *into; /* the section's; NULL before the first */
	int set_on[ROWS];      /* the lines of this section that have the settings; 0: none */
	bool found;            /* [profile name] was there */
	struct fault *fault;
};

static int fault_here(struct parse *p, const char *hint, const char *what, const char *word)
{
	return fault_set(p->fault, EXIT_BAD_CONFIG, "config", hint, "%s:%d: '%s' %s", p->path,
		p->line, word, what);
}

/* ---- Lines and sections: what inih does not tell ---- */

/* "profile NAME" gives NAME, anything else NULL. */
static const char *profile_name(const char *section)
{
	size_t n = strlen("profile");

	if (strncmp(section, "profile", n) != 0 || (section[n] != ' ' && section[n] != '\t'))
		return NULL;
	section += n + strspn(section + n, " \t");
	return *section ? section : NULL;
}

/* A line that starts with '['. */
static void section_enter(struct parse *p, const char *line)
{
	const char *end = strchr(line, ']'), *name;
	char section[SECTION_MAX + 1];
	size_t n = end ? (size_t)(end - line - 1) : 0;

	memset(p->set_on, 0, sizeof(p->set_on));
	if (!end) {
		fault_set(p->fault, EXIT_BAD_CONFIG, "config", SECTION_HINT,
			"%s:%d: this section has no ]", p->path, p->line);
		return;
	}
	if (n > SECTION_MAX) {
		fault_here(p, "a section's name has at most 49 characters", "is too long", line);
		return;
	}
	memcpy(section, line + 1, n);
	section[n] = '\0';
	name = profile_name(section);
	if (strcmp(section, "default") == 0) {
		p->into = &p->profile->defaults;
	} else if (name && p->name && strcmp(name, p->name) == 0) {
		p->into = &p->profile->named;
		p->found = true;
	} else if (name) {
		p->into = &p->profile->others;
	} else {
		fault_here(p, SECTION_HINT, "is not a section", section);
	}
}

/* fgets() for inih. */
static char *read_line(char *out, int size, void *stream)
{
	struct parse *p = stream;
	size_t n, blank;

	if (p->fault->status != 0 || !fgets(out, size, p->file))
		return NULL;
	p->line++;
	n = strlen(out);
	if ((n == 0 || out[n - 1] != '\n') && !feof(p->file)) {
		fault_set(p->fault, EXIT_BAD_CONFIG, "config", NULL, "%s:%d: this line is too long",
			p->path, p->line);
		fault_hint(p->fault, "at most %d characters", size - 2);
		return NULL;
	}
	if (p->line == 1 && strncmp(out, "\xef\xbb\xbf", 3) == 0)
		memmove(out, out + 3, n - 2);
	blank = strspn(out, " \t");
	memmove(out, out + blank, strlen(out + blank) + 1);
	if (out[0] == '[')
		section_enter(p, out);
	return p->fault->status != 0 ? NULL : out;
}

/* ---- Servers ---- */

/* 1 to 65535. */
static bool is_port(const char *text, size_t len)
{
	unsigned n = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		n = n * 10 + (unsigned)(text[i] - '0');
		if (n > UINT16_MAX)
			return false;
	}
	return n > 0;
}

/* HOST, HOST:PORT, [IPV6], [IPV6]:PORT or IPV6, as dht_open() takes them. Whether there is such a
 * host shows when it is looked up. */
static bool is_server(const char *text, size_t len)
{
	const char *end = text + len, *colon = memchr(text, ':', len);

	if (len == 0 || memchr(text, ' ', len) || memchr(text, '\t', len))
		return false;
	if (*text == '[') {
		const char *close = memchr(text, ']', len);
		if (!close || close == text + 1)
			return false;
		return close + 1 == end ||
		       (close[1] == ':' && is_port(close + 2, (size_t)(end - close - 2)));
	}
	if (!colon || memchr(colon + 1, ':', (size_t)(end - colon - 1)))
		return true;
	return colon > text && is_port(colon + 1, (size_t)(end - colon - 1));
}

/* The first of a list with commas that is no server; false when all are. */
static bool find_bad_server(const char *list, const char **bad, size_t *len)
{
	for (;; list++) {
		list += strspn(list, " \t");
		size_t whole = strcspn(list, ",");
		*len = whole;
		while (*len > 0 && strchr(" \t", list[*len - 1]))
			(*len)--;
		*bad = list;
		if (!is_server(list, *len))
			return true;
		list += whole;
		if (*list == '\0')
			return false;
	}
}

/* ---- Settings ---- */

/* A key's file is meant from its client.ini; "~/" is the home. NULL without memory. */
static char *resolve(const char *ini, const char *path)
{
	const char *slash = strrchr(ini, '/'), *home = getenv("HOME");
	int dir = slash ? (int)(slash - ini + 1) : 0;
	char *out;
	int n;

	if (path[0] == '/' || !path[0])
		n = asprintf(&out, "%s", path);
	else if (strncmp(path, "~/", 2) == 0 && home)
		n = asprintf(&out, "%s/%s", home, path + 2);
	else
		n = asprintf(&out, "%.*s%s", dir, ini, path);
	return n < 0 ? NULL : out;
}

/* Puts value into its row's place; strings become the section's own. */
static void assign(struct parse *p, const struct opt *o, const char *value)
{
	const char **text = (const char **)((char *)p->into + o->offset);
	const char *old = o->kind == OPT_TEXT ? *text : NULL;
	struct fault inner = {0};

	if (opts_assign(o, o->name, value, p->into, &inner) != 0) {
		fault_set(p->fault, EXIT_BAD_CONFIG, "config", inner.hint, "%s:%d: %s", p->path,
			p->line, inner.message);
		return;
	}
	if (strcmp(o->name, "retries") == 0)
		p->into->tries++;
	if (o->kind != OPT_TEXT)
		return;
	*text = strcmp(o->name, "key") == 0 ? resolve(p->path, value) : strdup(value);
	free((char *)old);
	if (!*text)
		fault_set(p->fault, EXIT_FAILED, "memory", NULL, "no memory");
}

/* Faults that a value of the right kind can have, too. */
static bool is_fit(struct parse *p, const struct opt *o, const char *value)
{
	int *line = &p->set_on[o - rows];
	bool is_list = strcmp(o->name, "server") == 0;
	const char *bad;
	size_t len;

	if (*line > 0) {
		fault_set(p->fault, EXIT_BAD_CONFIG, "config",
			is_list ? "put both on one line, with a comma" : "take one of them out",
			"%s:%d: '%s' is set twice (line %d)", p->path, p->line, o->name, *line);
		return false;
	}
	*line = p->line;
	if (!is_list || value[0] == '\0' || !find_bad_server(value, &bad, &len))
		return true;
	fault_set(p->fault, EXIT_BAD_CONFIG, "config", SERVER_HINT, "%s:%d: '%.*s' is not a server",
		p->path, p->line, (int)len, bad);
	return false;
}

/* inih's handler: 1 goes on. */
static int take(void *user, const char *section, const char *name, const char *value)
{
	const struct opt_set set = {rows, NULL};
	const struct opt *o = opts_find(rows, name);
	struct parse *p = user;

	(void)section;
	if (p->fault->status != 0)
		return 0;
	if (!p->into) {
		fault_here(p, "put it below [default] or [profile NAME]",
			"stands before the first section", name);
	} else if (!o) {
		fault_here(p, "dht-client.ini(5) lists the settings", "is not a setting", name);
		opts_hint(&set, 1, "", name, p->fault);
	} else if (is_fit(p, o, value)) {
		assign(p, o, value);
	}
	return p->fault->status == 0;
}

/* ---- Files ---- */

static int load_file(struct parse *p)
{
	int bad_line;

	p->line = 0;
	p->into = NULL;
	memset(p->set_on, 0, sizeof(p->set_on));
	p->file = fopen(p->path, "re");
	if (!p->file && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (!p->file)
		return fault_set(p->fault, EXIT_BAD_CONFIG, "config", NULL, "%s cannot be read: %s",
			p->path, strerror(errno));
	bad_line = ini_parse_stream(read_line, p, take, p);
	if (bad_line > 0)
		fault_set(p->fault, EXIT_BAD_CONFIG, "config", SYNTAX_HINT,
			"%s:%d: this line is no setting", p->path, bad_line);
	if (bad_line < 0 || ferror(p->file))
		fault_set(p->fault, EXIT_BAD_CONFIG, "config", NULL, "%s cannot be read: %s",
			p->path, strerror(errno));
	fclose(p->file);
	return p->fault->status;
}

static int missing(const char *const *paths, size_t n, const char *name, struct fault *f)
{
	char looked[2 * PATH_MAX] = "";

	for (size_t i = 0; i < n; i++) {
		size_t end = strlen(looked);

		if (paths[i][0])
			snprintf(looked + end, sizeof(looked) - end, "%s%s", end > 0 ? " and " : "",
				paths[i]);
	}
	fault_set(
		f, EXIT_BAD_CONFIG, "config", NULL, "there is no profile '%s' in %s", name, looked);
	fault_hint(f, "add [profile %s] to one of them", name);
	return f->status;
}

int profile_load(struct profile *p, const char *const *paths, size_t path_count, const char *name,
	struct fault *f)
{
	struct parse parse = {.profile = p, .name = name, .fault = f};

	*p = (struct profile){0};
	if (name && strcmp(name, "default") == 0)
		parse.name = NULL;
	for (size_t i = 0; i < path_count; i++) {
		parse.path = paths[i];
		if (paths[i][0] && load_file(&parse) != 0)
			return f->status;
	}
	return parse.name && !parse.found ? missing(paths, path_count, name, f) : 0;
}

static void settings_free(struct settings *s)
{
	free((char *)s->server);
	free((char *)s->key_file);
	*s = (struct settings){0};
}

void profile_free(struct profile *p)
{
	settings_free(&p->defaults);
	settings_free(&p->named);
	settings_free(&p->others);
}

void profile_user_file(char out[static PATH_MAX])
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	int n = 0;

	out[0] = '\0';
	if (xdg && xdg[0] == '/')
		n = snprintf(out, PATH_MAX, "%s/dht/client.ini", xdg);
	else if (home && home[0] == '/')
		n = snprintf(out, PATH_MAX, "%s/.config/dht/client.ini", home);
	if (n >= PATH_MAX)
		out[0] = '\0';
}

void settings_merge(struct settings *base, const struct settings *over)
{
	if (over->server)
		base->server = over->server;
	if (over->key_file)
		base->key_file = over->key_file;
	if (over->timeout_ms)
		base->timeout_ms = over->timeout_ms;
	if (over->tries)
		base->tries = over->tries;
	if (over->output)
		base->output = over->output;
}
