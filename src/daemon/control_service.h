/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control_service: from a call to its answer, without a connection.
 *
 * It finds the method, sees who may call it and how, and lets it run. org.varlink.service, which
 * every service has, is its own; the other interface is given to it.
 */
#ifndef DHT_DAEMON_CONTROL_SERVICE_H
#define DHT_DAEMON_CONTROL_SERVICE_H

#include <stdint.h>

#include "daemon/control.h"
#include "daemon/log.h"
#include "daemon/varlink.h"

/* Made by {.interface, .owner}, the rest zero. */
struct control_service {
	const struct control_interface *interface; /* borrowed */
	void *owner;                               /* what its methods are called with */
	struct log_gate denials;
	uint64_t calls, denied;
};

/* The answer is the caller's: each of its parts is to be used, or released all together. */
struct control_answer control_service_answer(struct control_service *s,
	const struct varlink_call *call, const struct control_peer *peer);

/* Frees what an answer holds that nobody wants. */
void control_answer_release(struct control_answer *a);

#endif
