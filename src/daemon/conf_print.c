/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/conf.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "daemon/value.h"

#define COLUMNS 96
#define TAB     8

static void indent(unsigned depth, FILE *out)
{
	for (unsigned i = 0; i < depth; i++)
		putc('\t', out);
}

/* How many groups of `from` are not groups of `to`: that many end between them. */
static unsigned groups_left(const struct setting *from, const struct setting *to)
{
	unsigned depth = setting_depth(from) + (from->type == SETTING_GROUP);
	unsigned shared = 0;
	size_t i = 0;

	while (to && from->path[i] && from->path[i] == to->path[i]) {
		shared += from->path[i] == '.';
		i++;
	}
	/* "listen" before "listen.address": the whole path is a group of the other's. */
	if (to && from->path[i] == '\0' && to->path[i] == '.')
		shared++;
	return depth - shared;
}

/* An empty line before row i, but not at the beginning of a group. */
static void separate(size_t i, FILE *out)
{
	if (i > 0 && setting_at(i - 1)->type != SETTING_GROUP)
		putc('\n', out);
}

static void open_group(const struct setting *s, FILE *out)
{
	unsigned depth = setting_depth(s);

	indent(depth, out);
	fprintf(out, "# %s\n", s->help);
	indent(depth, out);
	fprintf(out, "%s:\n", setting_name(s));
	indent(depth, out);
	fputs("{\n", out);
}

static void close_groups(const struct setting *s, const struct setting *next, FILE *out)
{
	unsigned depth = setting_depth(s) + (s->type == SETTING_GROUP);

	for (unsigned n = groups_left(s, next); n > 0; n--) {
		indent(--depth, out);
		fputs("};\n", out);
	}
}

/* "name = value;", wrapped between a list's elements, each line behind mark. */
static void print_assignment(
	const char *name, const char *value, const char *mark, unsigned depth, FILE *out)
{
	size_t column = strlen(mark) + depth * TAB + strlen(name) + 3;
	bool is_list = value[0] == '(';

	fputs(mark, out);
	indent(depth, out);
	fprintf(out, "%s = ", name);
	while (*value) {
		const char *comma = is_list ? strstr(value, ", ") : NULL;
		size_t len = comma ? (size_t)(comma - value) + 1 : strlen(value);
		if (column + len > COLUMNS) {
			fprintf(out, "\n%s", mark);
			indent(depth + 1, out);
			column = strlen(mark) + (depth + 1) * TAB;
			if (*value == ' ') {
				value++;
				len--;
			}
		}
		fprintf(out, "%.*s", (int)len, value);
		column += len;
		value += len;
	}
	putc(';', out);
}

static void print_initial_row(const struct setting *s, FILE *out)
{
	indent(setting_depth(s), out);
	fprintf(out, "# %s%s\n", s->help, s->unused ? " Not used yet." : "");
	print_assignment(setting_name(s), s->initial, "#", setting_depth(s), out);
	putc('\n', out);
}

static const char initial_head[] =
	"# dht.conf: the configuration of dhtd, with every setting at its default.\n"
	"#\n"
	"# Everything here is commented out and shows the default. Files in dht.conf.d that end "
	"in\n"
	"# .conf are read after this one, in the order of their names. 'dhtd --check' says what "
	"is\n"
	"# wrong with all of it, 'dhtd --print-config' what it comes to.\n"
	"#\n"
	"# Durations have a unit (\"500ms\", \"30s\", \"30m\", \"24h\", \"7d\"), sizes may have "
	"one\n"
	"# (\"64M\"); both stand in quotes. What is not used yet is for a later version; this one\n"
	"# only checks it.\n\n";

void conf_print_initial(FILE *out)
{
	const struct setting *s;

	fputs(initial_head, out);
	for (size_t i = 0; (s = setting_at(i)); i++) {
		separate(i, out);
		if (s->type == SETTING_GROUP)
			open_group(s, out);
		else
			print_initial_row(s, out);
		close_groups(s, setting_at(i + 1), out);
	}
}

static void print_origin(const struct setting *s, struct place from, FILE *out)
{
	if (from.file)
		fprintf(out, "  # %s:%u", from.file, from.line);
	else
		fputs("  # default", out);
	fputs(s->unused ? "; not used yet\n" : "\n", out);
}

static int print_row(const struct conf *conf, const struct setting *s, FILE *out)
{
	char *value = value_text(s, &conf->c);

	if (!value)
		return DHT_ENOMEM;
	if (s->secret && strcmp(value, s->initial) != 0) {
		indent(setting_depth(s), out);
		fprintf(out, "# %s is set, and not shown", setting_name(s));
	} else {
		print_assignment(setting_name(s), value, "", setting_depth(s), out);
	}
	print_origin(s, conf->from[setting_index(s)], out);
	free(value);
	return 0;
}

int conf_print(const struct conf *conf, FILE *out)
{
	const struct setting *s;
	int err = 0;

	for (size_t i = 0; err == 0 && (s = setting_at(i)); i++) {
		if (s->type == SETTING_GROUP || setting_depth(s) == 0)
			separate(i, out);
		if (s->type == SETTING_GROUP)
			open_group(s, out);
		else
			err = print_row(conf, s, out);
		close_groups(s, setting_at(i + 1), out);
	}
	return err;
}
