/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * admin_methods: what the files behind admin.h share; nobody else includes it.
 *
 *     admin.c          the table, and the methods about this server
 *     admin_cluster.c  the methods about its cluster
 */
#ifndef DHT_DAEMON_ADMIN_METHODS_H
#define DHT_DAEMON_ADMIN_METHODS_H

#include "daemon/admin.h"
#include "daemon/operate.h"
#include "daemon/param.h"
#include "wire/hash.h"

#define ADMIN_COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct control_answer admin_no_memory(void);

/* Takes parameters; NULL is no memory. */
struct control_answer admin_reply(json_t *parameters);

/* A method without parameters. */
struct control_answer admin_ask(
	void *owner, const struct control_call *call, json_t *(*question)(void *daemon));

/* The parameter "hash", a string: 1 to HASH_MAX bytes; 0 when it is none. */
size_t admin_hash(const struct control_call *call, uint8_t bytes[static HASH_MAX]);

typedef struct control_answer admin_method(void *owner, const struct control_call *call);

admin_method admin_list_partitions, admin_explain, admin_list_keys, admin_add_key, admin_use_key,
	admin_remove_key, admin_drain, admin_undrain, admin_add_peer, admin_drop_peer;

#endif
