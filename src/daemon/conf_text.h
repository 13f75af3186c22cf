/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_text: a configuration file with everything that it includes, as one text.
 *
 *     dht.conf:1   listen: {                     1   listen: {                    (dht.conf, 1)
 *     dht.conf:2   @include "ports.conf"   ──▶   2   ports = { client = 8470; };  (ports.conf, 1)
 *     dht.conf:3   };                            3   };                           (dht.conf, 3)
 *
 * libconfig could include files itself, but its releases differ in what a relative name counts
 * from, and they read a number above 2^31 as another number without a word. So the text is put
 * together here, each line remembers where it came from, a name counts from the folder of the file
 * that it stands in, and big numbers get the mark ("L") that makes libconfig read them right. A
 * string must end on its line: one that does not is a fault, and is closed there, so that the lines
 * behind it are read as they were meant.
 *
 * Limits: CONF_FILES_MAX files, CONF_DEPTH_MAX deep, CONF_TEXT_MAX bytes in all.
 */
#ifndef DHT_DAEMON_CONF_TEXT_H
#define DHT_DAEMON_CONF_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/faults.h"

#define CONF_FILES_MAX 64
#define CONF_DEPTH_MAX 8
#define CONF_TEXT_MAX  (1u << 20)

struct conf_file {
	char *name;
	mode_t mode;
};

struct conf_line {
	uint32_t file; /* index into files */
	uint32_t line; /* from 1 */
	bool open;     /* a string had no end here */
};

struct conf_text {
	char *text; /* ends with a NUL */
	size_t len, size;
	struct conf_line *lines; /* lines[n - 1]: where line n of the text came from */
	size_t line_count, line_size;
	struct conf_file files[CONF_FILES_MAX];
	uint32_t file_count;
	unsigned open_count; /* strings and comments without an end */
};

/* Reads file into t, which must be all zero. 0, or an error with a fault added; an include that
 * cannot be read is only a fault, and left out. t is to be freed in any case. */
int conf_text_read(struct conf_text *t, const char *file, struct faults *f);
void conf_text_fini(struct conf_text *t);

/* Where line n (from 1) of the text came from. Views the name. */
struct place conf_text_place(const struct conf_text *t, unsigned n);

/* Whether a string had no end on line n: its value is not what was meant. */
bool conf_text_is_open(const struct conf_text *t, unsigned n);

/* The file that line n came from. */
const struct conf_file *conf_text_file(const struct conf_text *t, unsigned n);

#endif
