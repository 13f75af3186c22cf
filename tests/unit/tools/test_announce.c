/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "base/exitcode.h"
#include "tools/dht/announce.h"

static void statuses_become_an_exit_status(void **state)
{
	static const struct {
		uint8_t statuses[3];
		int exit;
	} cases[] = {
		{{DHT_STORED, DHT_STORED, DHT_STORED}, EXIT_DONE},
		{{DHT_REFUSED, DHT_REFUSED, DHT_REFUSED}, EXIT_NOT_PERMITTED},
		{{DHT_FULL, DHT_FULL, DHT_FULL}, EXIT_FAILED},
		{{DHT_NO_ANSWER, DHT_NO_ANSWER, DHT_NO_ANSWER}, EXIT_NO_ANSWER},
		{{DHT_NOT_IN_TIME, DHT_NOT_IN_TIME, DHT_NOT_IN_TIME}, EXIT_NO_ANSWER},
		{{DHT_BELOW_QUORUM, DHT_BELOW_QUORUM, DHT_BELOW_QUORUM}, EXIT_NO_ANSWER},
		{{DHT_STORED, DHT_BELOW_QUORUM, DHT_STORED}, EXIT_NO_ANSWER},
		{{DHT_STORED, DHT_STORED, DHT_NO_ANSWER}, EXIT_PARTIAL},
		{{DHT_REFUSED, DHT_BELOW_QUORUM, DHT_FULL}, EXIT_PARTIAL},
		{{DHT_REFUSED, DHT_FULL, DHT_FULL}, EXIT_FAILED},
		{{99, 99, 99}, EXIT_NO_ANSWER},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(announce_status(cases[i].statuses, 3), cases[i].exit);
	assert_int_equal(announce_status(NULL, 0), EXIT_DONE);
}

static void a_wrong_address_is_named(void **state)
{
	const struct announce_args args = {.ip = "192.0.2"};
	struct session s = {0};
	struct announce a;
	char *operands[] = {(char *)"00"};

	(void)state;
	assert_int_equal(announce_init(&a, &s, &args, 1, operands), EXIT_USAGE);
	assert_string_equal(s.console.fault.message, "'192.0.2' is not an IP address");
	announce_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statuses_become_an_exit_status),
		cmocka_unit_test(a_wrong_address_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
