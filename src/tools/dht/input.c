/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/dht/input.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/exitcode.h"
#include "tools/common/terminal.h"
#include "tools/common/text.h"

#define BLANKS    " \t\r\n"
#define HASH_HINT "hexadecimal of 1 to 64 bytes, sha256:..., or a magnet link"

const struct opt input_options[] = {
	{"file", 'f', OPT_TEXTS, "F", "a file's SHA-256", offsetof(struct input_args, files), 0, 0,
		NULL},
	{"dir", 'd', OPT_TEXTS, "D", "those of all files below a folder",
		offsetof(struct input_args, dirs), 0, 0, NULL},
	{"stdin", 0, OPT_FLAG, NULL, "a hash on each line of standard input",
		offsetof(struct input_args, from_stdin), 0, 0, NULL},
	{0},
};

static int append(struct input *in, const struct dht_hash *hash, struct fault *f)
{
	if (in->count == INPUT_HASHES_MAX)
		return fault_set(f, EXIT_FAILED, "tooMany", "take a part of them at a time",
			"more than %d hashes", INPUT_HASHES_MAX);
	if (in->count == in->capacity) {
		size_t capacity = in->capacity > 0 ? in->capacity * 2 : 64;
		struct dht_hash *hashes = reallocarray(in->hashes, capacity, sizeof(*hashes));

		if (!hashes)
			return fault_set(f, EXIT_FAILED, "memory", NULL, "no memory for %zu hashes",
				in->count);
		in->hashes = hashes;
		in->capacity = capacity;
	}
	in->hashes[in->count++] = *hash;
	return 0;
}

static int add_operands(struct input *in, int argc, char **argv, struct fault *f)
{
	struct dht_hash hash;

	for (int i = 0; i < argc; i++) {
		if (dht_hash_parse(argv[i], &hash) != 0)
			return fault_set(f, EXIT_USAGE, "notAHash", HASH_HINT,
				"'%.200s' is not a hash", argv[i]);
		if (append(in, &hash, f) != 0)
			return f->status;
	}
	return 0;
}

/* ---- Files ---- */

static size_t tell_unreadable(struct files *files)
{
	size_t bad = 0;

	for (size_t i = 0; i < files->count; i++) {
		if (files->items[i].error == 0)
			continue;
		bad++;
		text_clean(files->items[i].path, true);
		fprintf(stderr, "dht: %s cannot be read: %s\n", files->items[i].path,
			strerror(files->items[i].error));
	}
	return bad;
}

size_t input_hash_files(struct files *files, struct fault *f)
{
	struct progress progress;
	size_t bad;

	progress_start(&progress, "hashing");
	files_hash(files, progress_step, &progress);
	progress_end(&progress);
	if (files->count == 1 && files->items[0].error != 0) {
		fault_set(f, EXIT_FAILED, "unreadable", NULL, "%s cannot be read: %s",
			files->items[0].path, strerror(files->items[0].error));
		return 1;
	}
	bad = tell_unreadable(files);
	if (bad > 0 && bad == files->count)
		fault_set(f, EXIT_FAILED, "unreadable", NULL, "no file could be read");
	return bad;
}

static int add_hashed(struct input *in, struct files *files, struct fault *f)
{
	in->unreadable = input_hash_files(files, f);
	for (size_t i = 0; i < files->count && f->status == 0; i++)
		if (files->items[i].error == 0 && append(in, &files->items[i].hash, f) != 0)
			return f->status;
	return 0;
}

static int add_files(struct input *in, const struct input_args *args, struct fault *f)
{
	struct files files = {0};

	for (size_t i = 0; i < args->files.count; i++)
		if (files_add(&files, args->files.items[i], f) != 0)
			goto out;
	for (size_t i = 0; i < args->dirs.count; i++)
		if (files_walk(&files, args->dirs.items[i], f) != 0)
			goto out;
	add_hashed(in, &files, f);
out:
	files_free(&files);
	return f->status;
}

/* ---- Lines ---- */

static int add_line(struct input *in, char *line, size_t number, struct fault *f)
{
	struct dht_hash hash;
	char *word = line + strspn(line, BLANKS);

	if (*word == '\\')
		word++; /* sha256sum says so that it has escaped the name */
	word[strcspn(word, BLANKS)] = '\0';
	if (!*word || *word == '#')
		return 0;
	if (dht_hash_parse(word, &hash) != 0)
		return fault_set(f, EXIT_USAGE, "notAHash", HASH_HINT,
			"standard input, line %zu: '%.200s' is not a hash", number, word);
	return append(in, &hash, f);
}

static int add_lines(struct input *in, FILE *lines, struct fault *f)
{
	char line[INPUT_LINE_MAX];

	for (size_t number = 1; fgets(line, sizeof(line), lines); number++) {
		size_t n = strlen(line);

		if (n + 1 == sizeof(line) && line[n - 1] != '\n' && !feof(lines))
			return fault_set(f, EXIT_USAGE, "notAHash", HASH_HINT,
				"standard input, line %zu is too long", number);
		if (add_line(in, line, number, f) != 0)
			return f->status;
	}
	if (ferror(lines))
		return fault_set(
			f, EXIT_FAILED, "system", NULL, "standard input: %s", strerror(errno));
	return 0;
}

int input_collect(struct input *in, const struct input_args *args, int argc, char **argv,
	FILE *lines, struct fault *f)
{
	*in = (struct input){0};
	if (argc == 0 && args->files.count == 0 && args->dirs.count == 0 && !args->from_stdin)
		return fault_set(f, EXIT_USAGE, "usage", "give one, or --file, --dir or --stdin",
			"no hash is given");
	if (add_operands(in, argc, argv, f) != 0 || add_files(in, args, f) != 0)
		return f->status;
	return args->from_stdin ? add_lines(in, lines, f) : 0;
}

int input_some(const struct input *in, const struct input_args *args, struct fault *f)
{
	if (in->count > 0)
		return 0;
	if (args->from_stdin)
		return fault_set(
			f, EXIT_NOT_FOUND, "noHash", NULL, "there is no hash on standard input");
	if (args->dirs.count > 1)
		return fault_set(f, EXIT_NOT_FOUND, "noHash", NULL,
			"there is no file in any of the %zu folders", args->dirs.count);
	assert(args->dirs.count == 1);
	return fault_set(
		f, EXIT_NOT_FOUND, "noHash", NULL, "there is no file in %s", args->dirs.items[0]);
}

void input_free(struct input *in)
{
	free(in->hashes);
	*in = (struct input){0};
}

int input_status(const struct input *in, int status)
{
	return status == EXIT_DONE && in->unreadable > 0 ? EXIT_PARTIAL : status;
}
