/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/stats.h"

#include <assert.h>

static const struct stats_info infos[STATS_COUNT] = {
#define X(id, name, help) [STATS_REQUEST_##id] = {STATS_GROUP_REQUESTS, name, help},
	STATS_REQUESTS(X)
#undef X
#define X(id, name, help) [STATS_ANSWER_##id] = {STATS_GROUP_ANSWERS, name, help},
		STATS_ANSWERS(X)
#undef X
#define X(id, name, help) [STATS_DROP_##id] = {STATS_GROUP_DROPS, name, help},
			STATS_DROPS(X)
#undef X
#define X(id, name, help) [STATS_##id] = {STATS_GROUP_PEER_DROPS, name, help},
				STATS_PEER_DROPS(X)
#undef X
#define X(id, name, help) [STATS_##id] = {STATS_GROUP_CLUSTER, name, help},
					STATS_CLUSTER(X)
#undef X
#define X(id, name, help) [STATS_##id] = {STATS_GROUP_EVENTS, name, help},
						STATS_EVENTS(X)
#undef X
};

const struct stats_info *stats_info(enum stats_id id)
{
	assert(id < STATS_COUNT);
	return &infos[id];
}
