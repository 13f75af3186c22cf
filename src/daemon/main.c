/* SPDX-License-Identifier: BSD-2-Clause */
/* dhtd(8). All of it is in the library, where tests can reach it. */
#include "daemon/daemon.h"

int main(int argc, char **argv)
{
	return daemon_main(argc, argv);
}
