/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * child: another program's output, in a file.
 *
 * The program is found by PATH and run without a shell; it reads nothing and is killed when it
 * takes too long.
 */
#ifndef DHT_TOOLS_DHTCTL_CHILD_H
#define DHT_TOOLS_DHTCTL_CHILD_H

#include <stdint.h>

#define CHILD_SIGNALLED 128 /* and the signal's number: it was ended by that */

enum child_end {
	CHILD_MISSING = -1, /* there is no such program */
	CHILD_NOT_RUN = -2, /* with errno */
	CHILD_TOO_SLOW = -3,
	CHILD_INTERRUPTED = -4, /* interrupt_fd has become readable */
};

/* argv ends with NULL. Its exit status, CHILD_SIGNALLED and more, or an enum child_end. */
int child_run(char *const *argv, int out_fd, int err_fd, int interrupt_fd, uint32_t timeout_ms);

#endif
