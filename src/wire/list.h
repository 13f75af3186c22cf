/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * list: walking the lists inside messages, and writing them.
 *
 * Every walker takes a view that msg_decode() has checked, and a position that starts as the
 * whole view; it gives false at the end. Every writer appends to a cursor with a sticky error.
 */
#ifndef DHT_WIRE_LIST_H
#define DHT_WIRE_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/bytes.h"
#include "base/cursor.h"
#include "wire/msg.h"

/* The next hash of HASHES; *rest starts as list->items. */
bool hash_list_next(struct span *rest, struct span *hash);

/* HASHES read from a cursor and checked: COUNT at least 1, each HLEN 1 to 64. */
struct hash_list read_hash_list(struct reader *r);
void write_hash_list(struct writer *w, const struct hash_list *list);

/* One hash of 1 to HASH_MAX bytes behind its length, as HASHES has it. */
struct span read_hash_item(struct reader *r);
void write_hash_item(struct writer *w, struct span hash);

struct provider read_provider(struct reader *r);
void write_provider(struct writer *w, const struct provider *p);

/* One section of PROVIDERS. */
struct section {
	uint8_t index;         /* which of the request's hashes */
	uint32_t total;        /* providers that there are */
	uint32_t next;         /* cursor of the next page; 0: that was all */
	struct span providers; /* a multiple of MSG_PROVIDER_LEN */
};

/* The next section; *rest starts as msg_providers.sections. */
bool section_next(struct span *rest, struct section *out);

/* The next provider; *rest starts as section.providers. */
bool provider_next(struct span *rest, struct provider *out);

/* The next address of HAVE; *rest starts as msg_have.ips. */
bool ip_next(struct span *rest, struct ip *out);

/* The next server of SERVER_LIST (its client port); *rest starts as msg_server_list.servers. */
bool server_next(struct span *rest, struct addr *out);

#endif
