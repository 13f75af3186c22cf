/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * notify: what systemd is told of this process (sd_notify(3)), without ever waiting for systemd.
 *
 * libsystemd's call waits while the queue of $NOTIFY_SOCKET is full. Whoever reads there may be
 * slow, or have stopped for good; then the main thread would answer no administrator, and not
 * even SIGTERM. Here a message that is not taken now is kept and sent before the next one, if it
 * must not be lost, or else forgotten: the next one of its kind comes soon.
 *
 * For one thread. NOTIFY_KEPT messages are kept at most; the oldest makes place.
 */
#ifndef DHT_DAEMON_NOTIFY_H
#define DHT_DAEMON_NOTIFY_H

#define NOTIFY_MAX  512 /* longer messages are cut */
#define NOTIFY_KEPT 8

/* A change of state (READY=1, …): each arrives, in their order, as soon as it is taken. */
__attribute__((format(printf, 1, 2))) void notify_state(const char *format, ...);

/* What is said again and again (STATUS=, WATCHDOG=1). */
__attribute__((format(printf, 1, 2))) void notify_passing(const char *format, ...);

#endif
