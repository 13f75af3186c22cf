/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdlib.h>

#include "daemon/explained.h"

#include "../unit.h"

static void what_was_said_becomes_json(void **state)
{
	struct explanation x = {
		.partition = 7548,
		.count = 3,
		.replicas =
			{
				{.id = {ip_from_v4((uint8_t[]){192, 0, 2, 1}), 8471},
					.state = PEER_ALIVE,
					.self = true,
					.owner = true,
					.answered = true,
					.complete = true,
					.providers = 70000,
					.version = UINT64_C(0x018f1a2b3c4d0010),
					.left_ms = 59001},
				{.id = {ip_from_v4((uint8_t[]){192, 0, 2, 2}), 8471},
					.state = PEER_SUSPECT,
					.owner = true},
				{.id = {{{0x20, 0x01, 0x0d, 0xb8, [15] = 7}}, 9000},
					.state = PEER_LEAVING,
					.answered = true},
			},
	};
	json_t *object = explained_json(&x);
	char *text = json_dumps(object, JSON_COMPACT);

	(void)state;
	assert_string_equal(text,
		"{\"partition\":7548,\"replicas\":["
		"{\"address\":\"192.0.2.1\",\"port\":8471,\"state\":\"alive\",\"self\":true,"
		"\"owner\":true,\"answered\":true,\"complete\":true,\"providers\":70000,"
		"\"version\":\"018f1a2b3c4d0010\",\"ttlSeconds\":59},"
		"{\"address\":\"192.0.2.2\",\"port\":8471,\"state\":\"suspect\",\"self\":false,"
		"\"owner\":true,\"answered\":false,\"complete\":false,\"providers\":0,"
		"\"version\":null,\"ttlSeconds\":0},"
		"{\"address\":\"2001:db8::7\",\"port\":9000,\"state\":\"leaving\",\"self\":false,"
		"\"owner\":false,\"answered\":true,\"complete\":false,\"providers\":0,"
		"\"version\":null,\"ttlSeconds\":0}]}");
	free(text);
	json_decref(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(what_was_said_becomes_json)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
