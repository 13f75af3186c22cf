/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log_out: lines on their way out, none of which ever waits.
 *
 * The journal is spoken to in its own protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL): one datagram
 * of "NAME=value\n" for each line. libsystemd's call does the same, but waits while the journal's
 * queue is full, and a worker that logs must not depend on how the journal is.
 */
#ifndef DHT_DAEMON_LOG_OUT_H
#define DHT_DAEMON_LOG_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

#define LOG_OUT_JOURNAL "/run/systemd/journal/socket"

/* Gives a socket for log_out_journal(), or -1 with errno. */
int log_out_open(void);

/* Sends the pieces as one entry to the journal that listens at path. False when it did not take
 * it now. */
bool log_out_journal(int fd, const char *path, struct iovec *pieces, size_t count);

/* Gives a file descriptor for the pipe or terminal that fd is, one that waits for nobody: whether
 * it does is not a matter of fd alone but of all that share it, a shell perhaps. It is fd itself
 * for what is neither, and for what may not be opened again (it is another user's). */
int log_out_own(int fd);

/* Writes as much as is taken at once, and gives how much that was. One caller at a time. What
 * log_out_own() could not open again may wait: a terminal that has little room left, a pipe that
 * somebody else writes to. */
size_t log_out_write(int fd, const char *bytes, size_t len);

#endif
