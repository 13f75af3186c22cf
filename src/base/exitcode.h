/* SPDX-License-Identifier: BSD-2-Clause */
/* exitcode: what every program's exit status says. The numbers are a contract with scripts. */
#ifndef DHT_BASE_EXITCODE_H
#define DHT_BASE_EXITCODE_H

enum exit_code {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_UNREACHABLE = 3, /* the daemon or server can't be reached */
	EXIT_NOT_PERMITTED = 4,
	EXIT_NOT_FOUND = 5,
	EXIT_NO_ANSWER = 6, /* in time, or no quorum */
	EXIT_PARTIAL = 7,   /* done in part */
	EXIT_UNHEALTHY = 8,
	EXIT_BAD_CONFIG = 78, /* sysexits' EX_CONFIG */
};

#endif
