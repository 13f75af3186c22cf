/* SPDX-License-Identifier: BSD-2-Clause */
/* dht get: who has these hashes. */
#include <assert.h>

#include "base/exitcode.h"
#include "tools/dht/commands.h"
#include "tools/dht/connect.h"
#include "tools/dht/input.h"
#include "tools/dht/session.h"

struct get_args {
	struct input_args input;
};

/* The first is left out when there is one hash only. */
static const struct column columns[] = {
	{.key = "hash", .title = "HASH"},
	{.key = "provider", .title = "PROVIDER"},
	{.key = "ttl", .title = "TIME LEFT", .right = true, .only = OUTPUT_TABLE},
};

struct tally {
	size_t found, nobody, failed;
};

static struct tally count(const struct dht_answer *answers, size_t n)
{
	struct tally t = {0};

	for (size_t i = 0; i < n; i++) {
		t.failed += answers[i].error != 0;
		t.found += answers[i].error == 0 && answers[i].provider_count > 0;
		t.nobody += answers[i].error == 0 && answers[i].provider_count == 0;
	}
	return t;
}

static void show_answer(struct session *s, struct writer *w, const struct dht_hash *hash,
	const struct dht_answer *answer)
{
	writer_open(w, NULL);
	show_hash(w, hash);
	writer_list(w, "providers");
	for (size_t i = 0; i < answer->provider_count; i++)
		show_provider(w, NULL, &answer->providers[i]);
	writer_close(w);
	if (answer->error && console_json(&s->console))
		connect_show_error(s, w, answer->error);
	writer_close(w);
}

static int show(
	struct session *s, const struct input *in, const struct dht_answer *answers, int status)
{
	struct writer *w = console_writer(&s->console, 0);
	size_t skip = in->count == 1 ? 1 : 0;

	assert(answers || in->count == 0);
	writer_rows(w, columns + skip, sizeof(columns) / sizeof(columns[0]) - skip);
	writer_open(w, NULL);
	writer_list(w, "results");
	for (size_t i = 0; i < in->count; i++)
		show_answer(s, w, &in->hashes[i], &answers[i]);
	writer_close(w);
	writer_close(w);
	return console_written(&s->console, w, status);
}

static void note(const struct session *s, const struct input *in, const struct tally *t)
{
	char text[HASH_TEXT_MAX];

	if (t->nobody == 1 && in->count == 1) {
		dht_hash_format(&in->hashes[0], text);
		console_note(&s->console, "nobody has %s", text);
	} else if (t->nobody > 0) {
		console_note(
			&s->console, "nobody has %zu of these %zu hashes", t->nobody, in->count);
	}
	if (t->failed > 0)
		console_note(&s->console, "%zu of these %zu hashes were not answered", t->failed,
			in->count);
}

static int get(struct session *s, const struct input *in)
{
	struct dht_answer *answers = NULL;
	struct progress progress;
	struct tally t = {0};
	int err = 0, status = EXIT_PARTIAL;

	session_progress(s, &progress, "asking");
	if (in->count > 0)
		err = dht_get(s->dht, in->hashes, in->count, &answers);
	progress_end(&progress);
	if (answers)
		t = count(answers, in->count);
	if (err < 0 && t.found + t.nobody == 0) {
		dht_answers_free(answers, answers ? in->count : 0);
		return connect_fault(s, err);
	}
	if (t.found == in->count)
		status = EXIT_DONE;
	else if (t.nobody == in->count)
		status = EXIT_NOT_FOUND;
	status = show(s, in, answers, input_status(in, status));
	note(s, in, &t);
	session_trip(s);
	dht_answers_free(answers, answers ? in->count : 0);
	return status;
}

static int get_run(void *context, void *args, int argc, char **argv)
{
	const struct get_args *given = args;
	struct session *s = context;
	struct input in;
	int status = input_collect(&in, &given->input, argc, argv, stdin, &s->console.fault);

	if (status == 0)
		status = connect_open(s);
	if (status == 0)
		status = get(s, &in);
	input_free(&in);
	return status;
}

const struct subcommand cmd_get = {
	.name = "get",
	.operands = "HASH...",
	.summary = "who has it",
	.notes = "Prints ADDRESS[:PORT] of each provider, after its HASH when there are several.\n"
		 "Exit status: 0 all found, 5 none, 7 in part, 3 unreachable, 6 no answer.",
	.options = {input_options},
	.args_size = sizeof(struct get_args),
	.run = get_run,
};
