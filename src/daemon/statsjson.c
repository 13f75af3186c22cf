/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/statsjson.h"

#include <stddef.h>

static const char *const group_names[] = {
	[STATS_GROUP_REQUESTS] = "requests",
	[STATS_GROUP_ANSWERS] = "answers",
	[STATS_GROUP_DROPS] = "drops",
	[STATS_GROUP_EVENTS] = "events",
	[STATS_GROUP_PEER_DROPS] = "peerDrops",
	[STATS_GROUP_CLUSTER] = "cluster",
};

#define GROUPS (sizeof(group_names) / sizeof(group_names[0]))

/* JSON's integers are signed here; no counter gets that far. */
static int set_number(json_t *object, const char *name, uint64_t n)
{
	return json_object_set_new(object, name, json_integer((json_int_t)n));
}

static int set_group(json_t *object, size_t group, const uint64_t n[static STATS_COUNT])
{
	json_t *members = json_object();
	int err = 0;

	for (int id = 0; id < STATS_COUNT; id++) {
		const struct stats_info *info = stats_info((enum stats_id)id);
		if (info->group == group)
			err |= set_number(members, info->name, n[id]);
	}
	/* Takes members, also when it fails. */
	return json_object_set_new(object, group_names[group], members) | err;
}

static int set_control(json_t *object, const struct control_counts *control)
{
	json_t *members = json_object();
	int err = set_number(members, "accepted", control->accepted);

	err |= set_number(members, "refused", control->refused);
	err |= set_number(members, "cutOff", control->cut_off);
	err |= set_number(members, "calls", control->calls);
	err |= set_number(members, "denied", control->denied);
	return json_object_set_new(object, "control", members) | err;
}

json_t *statsjson_new(const uint64_t n[static STATS_COUNT], const struct table_usage *table,
	const struct watch_usage *watch, const struct control_counts *control)
{
	json_t *object = json_object();
	int err = 0;

	for (size_t group = 0; group < GROUPS; group++)
		err |= set_group(object, group, n);
	err |= set_control(object, control);
	err |= set_number(object, "records", table->records);
	err |= set_number(object, "tombstones", table->tombstones);
	err |= set_number(object, "hashes", table->hashes);
	err |= set_number(object, "watchers", watch->watchers);
	err |= set_number(object, "memoryBytes", table->memory);
	if (err == 0)
		return object;
	json_decref(object);
	return NULL;
}
