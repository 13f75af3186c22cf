/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * daemon: dhtd as a whole, from its arguments to its exit status.
 *
 * What it is made of starts in one order and stops in the reverse of it, by a table
 * (daemon_parts.c): that order is the architecture. Each part only knows those before it.
 */
#ifndef DHT_DAEMON_DAEMON_H
#define DHT_DAEMON_DAEMON_H

/* Gives an enum exit_code (base/exitcode.h). */
int daemon_main(int argc, char **argv);

#endif
