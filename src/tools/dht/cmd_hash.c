/* SPDX-License-Identifier: BSD-2-Clause */
/* dht hash: SHA-256 of files, in sha256sum's format. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/exitcode.h"
#include "tools/dht/commands.h"
#include "tools/dht/input.h"
#include "tools/dht/session.h"

struct hash_args {
	struct opt_texts dirs;
	bool from_stdin;
};

static const struct opt options[] = {
	{"dir", 'd', OPT_TEXTS, "D", "all files below a folder", offsetof(struct hash_args, dirs),
		0, 0, NULL},
	{"stdin", 0, OPT_FLAG, NULL, "what standard input gives (also: -)",
		offsetof(struct hash_args, from_stdin), 0, 0, NULL},
	{0},
};

static const struct column columns[] = {{.key = "line"}};

/* "HASH  NAME"; a name with a line end or a backslash in it is escaped and the line starts with a
 * backslash, as sha256sum does. New, or NULL without memory. */
static char *sum_line(const struct dht_hash *hash, const char *name)
{
	char text[HASH_TEXT_MAX];
	char *line = malloc(sizeof(text) + 3 + 2 * strlen(name) + 1), *out = line;

	if (!line)
		return NULL;
	dht_hash_format(hash, text);
	out += sprintf(out, "%s%s  ", strpbrk(name, "\\\n\r") ? "\\" : "", text);
	for (; *name; name++) {
		const char *special = "\\\\\nn\rr", *at = *name ? strchr(special, *name) : NULL;
		bool escape = at && (at - special) % 2 == 0;

		if (escape)
			*out++ = '\\';
		*out++ = escape ? at[1] : *name;
	}
	*out = '\0';
	return line;
}

static void show_file(struct writer *w, const struct file *item)
{
	char *line = sum_line(&item->hash, item->path);

	writer_open(w, NULL);
	if (line)
		writer_text(w, "line", line);
	show_hash(w, &item->hash);
	writer_string(w, "file", item->path);
	writer_close(w);
	free(line);
}

static int show(struct session *s, const struct files *files, int status)
{
	struct writer *w = console_writer(&s->console, 0);

	writer_rows(w, columns, 1);
	writer_open(w, NULL);
	writer_list(w, "results");
	for (size_t i = 0; i < files->count; i++)
		if (files->items[i].error == 0)
			show_file(w, &files->items[i]);
	writer_close(w);
	writer_close(w);
	return console_written(&s->console, w, status);
}

/* Standard input is a file like others, under its usual name. */
static int collect(
	struct files *files, const struct hash_args *args, int argc, char **argv, struct fault *f)
{
	for (int i = 0; i < argc; i++)
		if (files_add(files, argv[i], f) != 0)
			return f->status;
	for (size_t i = 0; i < args->dirs.count; i++)
		if (files_walk(files, args->dirs.items[i], f) != 0)
			return f->status;
	return args->from_stdin ? files_add(files, "-", f) : 0;
}

static int hash_run(void *context, void *args, int argc, char **argv)
{
	const struct hash_args *given = args;
	struct session *s = context;
	struct files files = {0};
	int status = EXIT_DONE;
	size_t bad;

	if (argc == 0 && given->dirs.count == 0 && !given->from_stdin)
		return fault_set(&s->console.fault, EXIT_USAGE, "usage",
			"give one, or --dir or --stdin", "no file is given");
	if (collect(&files, given, argc, argv, &s->console.fault) != 0)
		goto out;
	bad = input_hash_files(&files, &s->console.fault);
	if (s->console.fault.status == 0)
		status = show(s, &files, bad > 0 ? EXIT_PARTIAL : EXIT_DONE);
out:
	files_free(&files);
	return s->console.fault.status ? s->console.fault.status : status;
}

const struct subcommand cmd_hash = {
	.name = "hash",
	.operands = "FILE...",
	.summary = "print the SHA-256 of files",
	.notes = "The output is sha256sum's, and fits dht put --stdin.",
	.options = {options},
	.args_size = sizeof(struct hash_args),
	.run = hash_run,
};
