/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cmdline: dhtd's command line.
 *
 * It says which configuration to read and what to do with it; everything else is in the
 * configuration. Nothing is printed here but what was asked for.
 */
#ifndef DHT_DAEMON_CMDLINE_H
#define DHT_DAEMON_CMDLINE_H

#define CMDLINE_DEFAULT_FILE DHT_SYSCONFDIR "/dht/dht.conf"
#define CMDLINE_ERROR_MAX    200

enum cmdline_action {
	CMDLINE_RUN,
	CMDLINE_CHECK,
	CMDLINE_PRINT_CONFIG,
	CMDLINE_VERSION,
	CMDLINE_HELP,
};

struct cmdline {
	enum cmdline_action action;
	const char *file;    /* views argv; NULL: the default file, if it exists */
	const char *control; /* the control socket, likewise; "": none; NULL: as configured */
	int log_level;       /* enum log_level, or -1: as configured */
};

/* 0, or DHT_EINVAL with one line in error that says what is wrong. */
int cmdline_parse(struct cmdline *o, int argc, char **argv, char error[static CMDLINE_ERROR_MAX]);

extern const char cmdline_help[];

#endif
