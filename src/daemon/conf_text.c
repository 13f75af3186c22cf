/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/conf_text.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/err.h"
#include "daemon/readable.h"

/* What the text is inside of. A comment goes on from line to line, a string must not. */
enum inside {
	INSIDE_NOTHING,
	INSIDE_STRING,
	INSIDE_COMMENT, /* to the closing star and slash */
};

struct assembly {
	struct conf_text *t;
	struct faults *f;
	enum inside inside;
	bool closed; /* a string, at the end of this line */
	struct place here;
	struct place comment; /* where the last one began */
};

static int append(struct conf_text *t, const char *p, size_t len)
{
	if (t->len + len + 1 > CONF_TEXT_MAX)
		return DHT_EFULL;
	if (t->len + len + 1 > t->size) {
		size_t size = (t->len + len + 1) * 2;
		char *text = malloc(size);
		if (!text)
			return DHT_ENOMEM;
		/* Not realloc(): there may be a password in what it would leave behind. */
		if (t->text) {
			memcpy(text, t->text, t->len);
			sodium_memzero(t->text, t->size);
			free(t->text);
		}
		t->text = text;
		t->size = size;
	}
	if (len)
		memcpy(t->text + t->len, p, len);
	t->len += len;
	t->text[t->len] = '\0';
	return 0;
}

/* Ends a line of the text, which came from there. */
static int end_line(struct assembly *a, uint32_t file, uint32_t line)
{
	struct conf_text *t = a->t;

	if (t->line_count == t->line_size) {
		size_t size = t->line_size ? t->line_size * 2 : 128;
		struct conf_line *lines = realloc(t->lines, size * sizeof(*lines));
		if (!lines)
			return DHT_ENOMEM;
		t->lines = lines;
		t->line_size = size;
	}
	t->lines[t->line_count++] = (struct conf_line){
		.file = file, .line = line, .open = a->closed};
	a->closed = false;
	return append(t, "\n", 1);
}

/* The length of the number at p, and whether libconfig needs to be told that it is a big one. */
static size_t number_length(const char *p, bool *big)
{
	char *end;
	int base = p[0] == '0' && (p[1] == 'x' || p[1] == 'X') ? 16 : 10;
	unsigned long long v = strtoull(p, &end, base); /* one with a minus is big as well */
	*big = v > INT_MAX && (*end == '\0' || !strchr("LEe.", *end));
	return (size_t)(end - p);
}

/* Whether a number begins at p, and not the rest of a name. */
static bool is_number(char before, const char *p)
{
	if (isalnum((unsigned char)before) || strchr("_-.*", before))
		return false;
	if (*p == '-' || *p == '+')
		p++;
	return isdigit((unsigned char)*p);
}

/* Steps over what p begins with when it is not a number: updates what the text is inside of. */
static size_t step(struct assembly *a, const char *p)
{
	switch (a->inside) {
	case INSIDE_STRING:
		if (p[0] == '\\' && p[1] != '\0')
			return 2;
		if (p[0] == '"')
			a->inside = INSIDE_NOTHING;
		return 1;
	case INSIDE_COMMENT:
		if (p[0] != '*' || p[1] != '/')
			return 1;
		a->inside = INSIDE_NOTHING;
		return 2;
	case INSIDE_NOTHING: break;
	}
	if (p[0] == '#' || (p[0] == '/' && p[1] == '/'))
		return strlen(p);
	if (p[0] == '/' && p[1] == '*') {
		a->inside = INSIDE_COMMENT;
		a->comment = a->here;
		return 2;
	}
	if (p[0] == '"')
		a->inside = INSIDE_STRING;
	return 1;
}

/* A string that is open at the end of its line is closed there, so that one forgotten quote does
 * not turn the rest of the file around. */
static int close_string(struct assembly *a, const char *line)
{
	size_t len = strlen(line), backslashes = 0;

	while (backslashes < len && line[len - 1 - backslashes] == '\\')
		backslashes++;
	faults_add(a->f, a->here, NULL,
		"a string goes on over the end of the line: a quote is missing");
	a->inside = INSIDE_NOTHING;
	a->closed = true;
	a->t->open_count++;
	return backslashes % 2 ? append(a->t, "\\\"", 2) : append(a->t, "\"", 1);
}

/* Copies one line, without its newline, marking big numbers. */
static int copy_line(struct assembly *a, const char *line)
{
	char before = ' ';
	int err = 0;

	for (const char *p = line; *p && err == 0;) {
		bool big = false;
		size_t n;
		if (a->inside == INSIDE_NOTHING && is_number(before, p))
			n = number_length(p, &big);
		else
			n = step(a, p);
		err = append(a->t, p, n);
		if (err == 0 && big)
			err = append(a->t, "L", 1);
		before = p[n - 1];
		p += n;
	}
	if (err == 0 && a->inside == INSIDE_STRING)
		err = close_string(a, line);
	return err;
}

/* The file that a line '@include "NAME"' names, relative to the folder of the file it stands in;
 * *name is NULL for another line. The caller frees it. */
static int include_name(const char *line, const char *in, char **name)
{
	const char *p = line + strspn(line, " \t");

	*name = NULL;
	if (strncmp(p, "@include", 8) != 0)
		return 0;
	p += 8;
	p += strspn(p, " \t");
	size_t len = *p == '"' ? strcspn(p + 1, "\"") : 0;
	if (len == 0 || p[len + 1] != '"')
		return DHT_EMALFORMED;
	const char *rest = p + len + 2;
	rest += strspn(rest, " \t\r");
	if (*rest != '\0' && *rest != '#' && strncmp(rest, "//", 2) != 0)
		return DHT_EMALFORMED;
	const char *slash = strrchr(in, '/');
	size_t folder = p[1] != '/' && slash ? (size_t)(slash - in) + 1 : 0;
	if (asprintf(name, "%.*s%.*s", (int)folder, in, (int)len, p + 1) >= 0)
		return 0;
	*name = NULL;
	return DHT_ENOMEM;
}

static int add_file(struct assembly *a, const char *name, struct place from, unsigned depth);

/* One line of a file; line numbers count from 1. */
static int add_line(
	struct assembly *a, uint32_t file, uint32_t number, const char *line, unsigned depth)
{
	struct place here = {.file = a->t->files[file].name, .line = number};
	char *name = NULL;
	int err = a->inside == INSIDE_NOTHING ? include_name(line, here.file, &name) : 0;

	/* A bad @include is left out: what else is wrong should be told as well. */
	if (err == DHT_EMALFORMED) {
		faults_add(a->f, here, NULL, "must be @include \"FILE\"");
		return 0;
	}
	if (name) {
		add_file(a, name, here, depth + 1);
		free(name);
		return 0;
	}
	a->here = here;
	if (err == 0)
		err = copy_line(a, line);
	if (err == 0)
		err = end_line(a, file, number);
	if (err)
		faults_add(a->f, here, NULL, "%s", err_text(err));
	return err;
}

static int add_lines(struct assembly *a, uint32_t file, FILE *in, unsigned depth)
{
	struct place whole = {.file = a->t->files[file].name};
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int err = 0;

	for (uint32_t n = 1; err == 0 && (len = getline(&line, &size, in)) >= 0; n++) {
		if (len > 0 && line[len - 1] == '\n')
			line[--len] = '\0';
		if (strlen(line) != (size_t)len) {
			faults_add(a->f, (struct place){whole.file, n}, NULL, "has a NUL byte");
			err = DHT_EMALFORMED;
			break;
		}
		err = add_line(a, file, n, line, depth);
	}
	/* getline() ends without a mark in the stream when it has no memory. */
	if (err == 0 && !feof(in)) {
		faults_add(a->f, whole, NULL, "cannot read: %s", strerror(errno));
		err = DHT_ESYSTEM;
	}
	if (line)
		sodium_memzero(line, size);
	free(line);
	return err;
}

/* NULL: nothing is wrong with a file of this kind. */
static const char *wrong_kind(const struct stat *st)
{
	if (S_ISREG(st->st_mode))
		return NULL;
	/* An empty configuration. */
	if (S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3))
		return NULL;
	return S_ISDIR(st->st_mode) ? "is a folder" : "is not a regular file";
}

/* Opens a file and enters it in the list of files. */
static FILE *open_file(struct assembly *a, const char *name, struct place from)
{
	struct conf_text *t = a->t;
	/* O_NONBLOCK: opening a FIFO must not wait for a writer. */
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	FILE *in = fd >= 0 ? fdopen(fd, "r") : NULL;
	char why[READABLE_TEXT_MAX];
	struct stat st;

	if (fd >= 0 && !in)
		close(fd);
	if (!in || fstat(fd, &st) != 0) {
		readable_error(why, name, errno);
		if (from.file)
			faults_add(a->f, from, NULL, "cannot include %s: %s", name, why);
		else
			faults_add(
				a->f, (struct place){.file = name}, NULL, "cannot open: %s", why);
	} else if (wrong_kind(&st)) {
		faults_add(a->f, (struct place){.file = name}, NULL, "%s", wrong_kind(&st));
	} else if (!(t->files[t->file_count].name = strdup(name))) {
		faults_add(a->f, from, NULL, "%s", err_text(DHT_ENOMEM));
	} else {
		t->files[t->file_count++].mode = st.st_mode;
		return in;
	}
	if (in)
		fclose(in);
	return NULL;
}

static int add_file(struct assembly *a, const char *name, struct place from, unsigned depth)
{
	if (depth >= CONF_DEPTH_MAX || a->t->file_count == CONF_FILES_MAX) {
		faults_add(a->f, from, NULL, "cannot include %s: more than %d files, or %d deep",
			name, CONF_FILES_MAX, CONF_DEPTH_MAX);
		return DHT_EFULL;
	}
	FILE *in = open_file(a, name, from);
	if (!in)
		return DHT_ESYSTEM;
	int err = add_lines(a, a->t->file_count - 1, in, depth);
	fclose(in);
	return err;
}

int conf_text_read(struct conf_text *t, const char *file, struct faults *f)
{
	struct assembly a = {.t = t, .f = f, .inside = INSIDE_NOTHING};
	int err = append(t, "", 0);

	if (err) {
		faults_add(f, (struct place){.file = file}, NULL, "%s", err_text(err));
		return err;
	}
	err = add_file(&a, file, (struct place){0}, 0);
	/* libconfig would take it for the end of the file. */
	if (err == 0 && a.inside == INSIDE_COMMENT) {
		faults_add(f, a.comment, NULL, "a comment that begins here has no end");
		t->open_count++;
	}
	return err;
}

void conf_text_fini(struct conf_text *t)
{
	if (t->text)
		sodium_memzero(t->text, t->size);
	free(t->text);
	free(t->lines);
	for (uint32_t i = 0; i < t->file_count; i++)
		free(t->files[i].name);
	*t = (struct conf_text){0};
}

static struct conf_line line_of(const struct conf_text *t, unsigned n)
{
	if (t->line_count == 0)
		return (struct conf_line){0};
	if (n == 0)
		n = 1;
	/* A fault at the end of the text is on a line after the last. */
	return t->lines[n <= t->line_count ? n - 1 : t->line_count - 1];
}

struct place conf_text_place(const struct conf_text *t, unsigned n)
{
	struct conf_line l = line_of(t, n);

	return (struct place){.file = t->files[l.file].name, .line = l.line};
}

bool conf_text_is_open(const struct conf_text *t, unsigned n)
{
	return line_of(t, n).open;
}

const struct conf_file *conf_text_file(const struct conf_text *t, unsigned n)
{
	return &t->files[line_of(t, n).file];
}
