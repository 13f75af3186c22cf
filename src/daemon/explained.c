/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/explained.h"

#include <inttypes.h>

#include "core/server.h"
#include "daemon/census.h"

static json_t *version_json(uint64_t version)
{
	return version ? json_sprintf("%016" PRIx64, version) : json_null();
}

static json_t *replica_json(const struct explain_replica *r)
{
	char ip[IP_TEXT_MAX];

	ip_format(&r->id.ip, ip);
	return json_pack("{s:s, s:i, s:s, s:b, s:b, s:b, s:b, s:o, s:o, s:o}", "address", ip,
		"port", (int)r->id.port, "state", census_state_name(r->state), "self", (int)r->self,
		"owner", (int)r->owner, "answered", (int)r->answered, "complete", (int)r->complete,
		"providers", json_integer(r->providers), "version", version_json(r->version),
		"ttlSeconds", json_integer(ttl_left_s(r->left_ms, 0)));
}

json_t *explained_json(const struct explanation *x)
{
	json_t *list = json_array();
	int err = list ? 0 : -1;

	for (size_t i = 0; i < x->count; i++)
		err |= json_array_append_new(list, replica_json(&x->replicas[i]));
	if (err == 0)
		return json_pack("{s:i, s:o}", "partition", (int)x->partition, "replicas", list);
	json_decref(list);
	return NULL;
}
