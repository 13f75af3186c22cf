/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "base/err.h"
#include "daemon/policy.h"

#include "../unit.h"

static void defaults_reach_the_core(void **state)
{
	struct faults f = {0};
	struct conf conf;
	char self[ADDR_TEXT_MAX];

	(void)state;
	assert_int_equal(conf_load(&conf, "/dev/null", NULL, &f), 0);
	struct policy p = policy_of(&conf);
	assert_int_equal(p.ttl_s, 1800);
	assert_int_equal(p.max_ttl_s, 86400);
	assert_int_equal(p.want_ttl_s, 600);
	assert_int_equal(p.allow_count, 2);
	assert_int_equal(p.trusted_count, 7);
	assert_true(p.third_party_put);
	assert_true(p.base_put);
	assert_false(p.require_auth);
	assert_int_equal(p.key_count, 0);
	assert_int_equal(p.rate, 0);
	assert_int_equal(p.max_datagram, 1232);
	assert_string_equal(p.name, "default");
	addr_format(&p.self, self);
	assert_string_equal(self, "127.0.0.1:8470");
	assert_int_equal(p.limits.max_records, 0);
	assert_int_equal(p.limits.max_memory, 0);
	assert_int_equal(p.limits.max_providers_per_hash, 65535);
	conf_fini(&conf);
}

static void parts_of_a_second_count_as_one(void **state)
{
	struct faults f = {0};
	struct conf conf;

	(void)state;
	assert_int_equal(conf_load(&conf, "/dev/null", NULL, &f), 0);
	conf.c.records.ttl_ms = 1001;
	conf.c.records.want_ttl_ms = 1999;
	conf.c.records.max_ttl_ms = 2000;
	struct policy p = policy_of(&conf);
	assert_int_equal(p.ttl_s, 2);
	assert_int_equal(p.want_ttl_s, 2);
	assert_int_equal(p.max_ttl_s, 2);
	conf_fini(&conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_reach_the_core),
		cmocka_unit_test(parts_of_a_second_count_as_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
