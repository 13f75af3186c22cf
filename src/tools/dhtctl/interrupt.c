/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/dhtctl/interrupt.h"

#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>

int interrupt_open(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (fd >= 0)
		sigprocmask(SIG_BLOCK, &set, NULL);
	return fd;
}
