/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/policy.h"

/* Lifetimes on the wire are whole seconds; a part of one counts as one. */
static uint32_t seconds(uint64_t ms)
{
	return (uint32_t)((ms + 999) / 1000);
}

struct policy policy_of(const struct conf *conf)
{
	const struct config *c = &conf->c;

	return (struct policy){
		.ttl_s = seconds(c->records.ttl_ms),
		.max_ttl_s = seconds(c->records.max_ttl_ms),
		.want_ttl_s = seconds(c->records.want_ttl_ms),
		.allow = c->clients.allow.v,
		.allow_count = c->clients.allow.count,
		.trusted = c->clients.trusted.v,
		.trusted_count = c->clients.trusted.count,
		.third_party_put = c->clients.third_party_put,
		.base_put = c->clients.base_put,
		.require_auth = c->clients.require_auth,
		.keys = conf->keys,
		.key_count = conf->key_count,
		.rate = (uint32_t)c->clients.rate,
		.max_datagram = (size_t)c->listen.max_datagram,
		.name = c->cluster.name,
		.self = {.ip = c->listen.address, .port = (uint16_t)c->listen.client_port},
		.limits =
			{
				.max_records = c->records.max_records,
				.max_memory = c->records.max_memory,
				.max_providers_per_hash = (uint32_t)
	                                                          c->records.max_providers_per_hash,
				.grave_ms = c->records.max_ttl_ms,
			},
	};
}
