/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * input: which hashes a command is about.
 *
 * They come from the command line, from the contents of files (--file, and --dir for all below a
 * folder), and from standard input, a hash at the start of each line, so that the output of `dht
 * hash` and sha256sum can be piped in. All may be given together.
 *
 * A file that can't be read does not stop the others: it gets its line on standard error, and the
 * exit status says 'in part'.
 */
#ifndef DHT_TOOLS_DHT_INPUT_H
#define DHT_TOOLS_DHT_INPUT_H

#include <stdio.h>

#include "client/dht.h"
#include "tools/common/opts.h"
#include "tools/dht/files.h"

#define INPUT_HASHES_MAX (1 << 24)
#define INPUT_LINE_MAX   4096

struct input_args {
	struct opt_texts files;
	struct opt_texts dirs;
	bool from_stdin;
};

/* For a command whose args struct starts with a struct input_args. */
extern const struct opt input_options[];

struct input {
	struct dht_hash *hashes;
	size_t count, capacity;
	size_t unreadable; /* files */
};

/* operands are hashes; lines is what --stdin reads. Names no source at all: a usage fault. 0, or
 * the fault's status; in is for input_free() in both cases. */
int input_collect(struct input *in, const struct input_args *args, int argc, char **argv,
	FILE *lines, struct fault *f);

/* Hashes the files, with a progress bar, and prints a line on standard error for each that can't
 * be read. None at all is a fault, which has the only file's line. Gives their number. */
size_t input_hash_files(struct files *files, struct fault *f);

/* A fault that says which source was empty when there is no hash at all. 0, or its status. */
int input_some(const struct input *in, const struct input_args *args, struct fault *f);

void input_free(struct input *in);

/* status, or EXIT_PARTIAL when it is EXIT_DONE and files were left out. */
int input_status(const struct input *in, int status);

#endif
