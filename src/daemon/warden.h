/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * warden: whether an EXIT's password is the right one, found out away from the workers.
 *
 *     worker ── warden_try() ──▶ mailbox of one ──▶ the warden's thread: Argon2 ──▶ eventfd
 *
 * Argon2 takes a good part of a second and much memory on purpose, so it has a thread of its own,
 * and one try a second in all is taken: whoever comes sooner, or while another waits to be looked
 * at, is refused without a look; so a wrong one is logged once a second at most. No try ever makes
 * a worker wait. What was looked at is wiped.
 *
 * The thread runs also while no password is set: one may be set at any time. It gives a sign of
 * life, and excuses itself for WARDEN_LOOK_MAX_S while it looks at a password.
 */
#ifndef DHT_DAEMON_WARDEN_H
#define DHT_DAEMON_WARDEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/bytes.h"
#include "core/stats.h"
#include "daemon/beat.h"

#define WARDEN_INTERVAL_MS 1000
#define WARDEN_LOOK_MAX_S  60

struct warden;

/* Starts the thread. password: an Argon2 string, or plain text of 1 to SECRET_PASSWORD_MAX bytes;
 * copied. NULL: every try is refused. The eventfd `right` is written to when a right password
 * came. NULL with errno when something is missing. */
struct warden *warden_start(const char *password, int right);

/* Waits for a look that is under way. NULL is nothing. */
void warden_stop(struct warden *w);

/* From now on this is the right one (as in warden_start()), or none is; a look that is under way
 * ends as it began. For the main thread. */
void warden_set_password(struct warden *w, const char *password);

/* Hands in a password that came from `from`; copied. False when it is refused. */
bool warden_try(struct warden *w, struct span password, const struct addr *from, uint64_t mono_ms);

/* The right ones (as requests) and the wrong ones are counted here. */
const struct stats *warden_stats(const struct warden *w);

/* Its sign of life. */
const struct beat *warden_beat(const struct warden *w);

#endif
