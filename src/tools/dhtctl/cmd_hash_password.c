/* SPDX-License-Identifier: BSD-2-Clause */
/* dhtctl hash-password: makes of a password what dht.conf can hold. */
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "base/exitcode.h"
#include "tools/common/secret.h"
#include "tools/common/terminal.h"
#include "tools/dhtctl/admin.h"
#include "tools/dhtctl/commands.h"

/* dhtd takes 512 bytes at most: no EXIT could have a longer one right. */
#define PASSWORD_SIZE (512 + 1)

struct hash_args {
	const char *password_file;
};

static const struct opt options[] = {
	{"password-file", 0, OPT_TEXT, "F", "the password is its first line",
		offsetof(struct hash_args, password_file), 0, 0, NULL},
	{0},
};

static const struct column columns[] = {{.key = "passwordHash"}};

/* Twice: who mistypes it would learn that only when it is needed. */
static int ask_twice(char out[static PASSWORD_SIZE], struct fault *f)
{
	char again[PASSWORD_SIZE] = "";

	if (secret_ask("Password: ", out, PASSWORD_SIZE, f) == 0 &&
		secret_ask("Again: ", again, sizeof(again), f) == 0) {
		if (!out[0])
			fault_set(f, EXIT_USAGE, "emptySecret", NULL, "the password is empty");
		else if (strcmp(out, again) != 0)
			fault_set(
				f, EXIT_USAGE, "mismatch", "try again", "the two passwords differ");
	}
	explicit_bzero(again, sizeof(again));
	return f->status;
}

static int obtain(const struct hash_args *given, char out[static PASSWORD_SIZE], struct fault *f)
{
	if (given->password_file)
		return secret_file(given->password_file, out, PASSWORD_SIZE, f);
	if (terminal_is(STDIN_FILENO))
		return ask_twice(out, f);
	return secret_input(out, PASSWORD_SIZE, f);
}

static int hash(struct admin *a, const char *password)
{
	char text[crypto_pwhash_STRBYTES];
	struct writer *w;

	if (sodium_init() < 0 || crypto_pwhash_str(text, password, strlen(password),
					 crypto_pwhash_OPSLIMIT_INTERACTIVE,
					 crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0)
		return fault_set(&a->console.fault, EXIT_FAILED, "memory", NULL,
			"there are not the 64 MiB of memory that hashing takes");
	w = console_writer(&a->console, WRITER_STREAM);
	writer_rows(w, columns, 1);
	writer_open(w, NULL);
	writer_string(w, "passwordHash", text);
	writer_close(w);
	return console_written(&a->console, w, EXIT_DONE);
}

static int hash_password_run(void *context, void *args, int argc, char **argv)
{
	struct admin *a = context;
	char password[PASSWORD_SIZE] = "";
	int status;

	(void)argv; /* never shown: it may be a password */
	if (argc > 0)
		return fault_set(&a->console.fault, EXIT_USAGE, "usage",
			"a password is never an argument: others see those",
			"hash-password takes options only");
	status = obtain(args, password, &a->console.fault);
	if (status == 0)
		status = hash(a, password);
	explicit_bzero(password, sizeof(password));
	return status;
}

const struct subcommand cmd_hash_password = {
	.name = "hash-password",
	.operands = "",
	.summary = "make of a password what dht.conf can hold",
	.brief = "make a password's hash",
	.notes = "Asks twice on a terminal, else reads the first line of standard input. Prints\n"
		 "the password's Argon2id hash, for `password` in dht.conf. Needs no server.",
	.options = {options},
	.args_size = sizeof(struct hash_args),
	.run = hash_password_run,
};
