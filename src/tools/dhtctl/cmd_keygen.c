/* SPDX-License-Identifier: BSD-2-Clause */
/* dhtctl keygen: makes a cluster's key, as the file that cluster.key_file names. */
#include <sodium.h>
#include <string.h>
#include <time.h>

#include "base/clusterkey.h"
#include "base/exitcode.h"
#include "base/hex.h"
#include "tools/dhtctl/admin.h"
#include "tools/dhtctl/commands.h"

#define DAY_MAX 32

static void format_today(char out[static DAY_MAX])
{
	time_t now = time(NULL);
	struct tm t;

	if (!gmtime_r(&now, &t) || strftime(out, DAY_MAX, "%Y-%m-%d", &t) == 0)
		out[0] = '\0';
}

static int show_json(struct admin *a, const char *id, const char *day, const char *key)
{
	struct writer *w = console_writer(&a->console, 0);

	writer_open(w, NULL);
	writer_string(w, "keyId", id);
	writer_string(w, "date", day);
	writer_string(w, "key", key);
	writer_close(w);
	return console_written(&a->console, w, EXIT_DONE);
}

static int show(struct admin *a, const uint8_t key[static CLUSTERKEY_LEN])
{
	char hex[2 * CLUSTERKEY_LEN + 1], day[DAY_MAX], id[3];
	int status = EXIT_DONE;

	hex_encode(key, CLUSTERKEY_LEN, hex);
	snprintf(id, sizeof(id), "%02x", clusterkey_id(key));
	format_today(day);
	if (console_json(&a->console)) {
		status = show_json(a, id, day, hex);
	} else {
		console_line(&a->console, "# dht cluster key %s, made %s", id, day);
		console_line(&a->console, "%s", hex);
		status = console_flush(&a->console);
	}
	explicit_bzero(hex, sizeof(hex));
	return status;
}

static int keygen_run(void *context, void *args, int argc, char **argv)
{
	struct admin *a = context;
	uint8_t key[CLUSTERKEY_LEN];
	int status;

	(void)args;
	if (console_no_operands(&a->console, argc, argv) != 0)
		return a->console.fault.status;
	if (sodium_init() < 0)
		return fault_set(&a->console.fault, EXIT_FAILED, "system", NULL,
			"cannot get random numbers from the system");
	randombytes_buf(key, sizeof(key));
	status = show(a, key);
	explicit_bzero(key, sizeof(key));
	return status;
}

const struct subcommand cmd_keygen = {
	.name = "keygen",
	.operands = "",
	.summary = "make a key for a cluster",
	.brief = "make a cluster's key",
	.notes = "Prints the file that cluster.key_file names: a comment with the key's id, and\n"
		 "the key. All servers of a cluster get the same. Needs no server. Others must\n"
		 "not be able to read the file:\n"
		 "  (umask 077; dhtctl keygen > cluster.key)",
	.run = keygen_run,
};
