/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "client/providers.h"

#include "../unit.h"

static struct dht_provider provider(uint8_t ip, uint16_t port, uint32_t ttl_s)
{
	return (struct dht_provider){.ip = {[15] = ip}, .port = port, .ttl_s = ttl_s};
}

static void add(struct providers *p, uint8_t ip, uint16_t port, uint32_t ttl_s)
{
	struct dht_provider one = provider(ip, port, ttl_s);

	assert_int_equal(providers_add(p, &one), 0);
}

static void the_order_is_address_then_port(void **state)
{
	struct dht_provider a = provider(1, 9, 0), b = provider(2, 1, 0), c = provider(2, 2, 9);

	(void)state;
	assert_true(provider_compare(&a, &b) < 0);
	assert_true(provider_compare(&b, &a) > 0);
	assert_true(provider_compare(&b, &c) < 0);
	assert_true(provider_compare(&c, &b) > 0);
	c.port = 1;
	assert_int_equal(provider_compare(&b, &c), 0);
}

static void sorting_leaves_each_once_with_its_longest_life(void **state)
{
	struct providers p = {0};

	(void)state;
	providers_sort(&p);
	assert_int_equal(p.count, 0);
	add(&p, 3, 1, 10);
	add(&p, 1, 2, 10);
	add(&p, 1, 1, 10);
	add(&p, 3, 1, 30);
	add(&p, 3, 1, 20);
	add(&p, 1, 2, 5);
	providers_sort(&p);
	assert_int_equal(p.count, 3);
	assert_int_equal(p.items[0].port, 1);
	assert_int_equal(p.items[1].port, 2);
	assert_int_equal(p.items[1].ttl_s, 10);
	assert_int_equal(p.items[2].ip[15], 3);
	assert_int_equal(p.items[2].ttl_s, 30);
	providers_fini(&p);
	assert_null(p.items);
}

static void there_is_a_limit(void **state)
{
	struct providers p = {0};
	struct dht_provider one = provider(1, 1, 1);

	(void)state;
	for (size_t i = 0; i < PROVIDERS_MAX; i++)
		assert_int_equal(providers_add(&p, &one), 0);
	assert_int_equal(providers_add(&p, &one), DHT_ERR_PROTOCOL);
	providers_sort(&p);
	assert_int_equal(p.count, 1);
	providers_fini(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_order_is_address_then_port),
		cmocka_unit_test(sorting_leaves_each_once_with_its_longest_life),
		cmocka_unit_test(there_is_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
