/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "base/exitcode.h"
#include "scratch.h"
#include "tools/dht/connect.h"

#define KEY "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

#define ANYWHERE "is dhtd running there?"
#define HERE     "is dhtd running, and on this address? dhtctl status"

static void errors_become_an_exit_status(void **state)
{
	static const struct {
		int error, exit;
	} cases[] = {
		{DHT_ERR_UNREACHABLE, EXIT_UNREACHABLE},
		{DHT_ERR_RESOLVE, EXIT_UNREACHABLE},
		{DHT_ERR_SHUTTING_DOWN, EXIT_UNREACHABLE},
		{DHT_ERR_TIMEOUT, EXIT_NO_ANSWER},
		{DHT_ERR_REFUSED, EXIT_NOT_PERMITTED},
		{DHT_ERR_AUTH_NEEDED, EXIT_NOT_PERMITTED},
		{DHT_ERR_AUTH_FAILED, EXIT_NOT_PERMITTED},
		{DHT_ERR_RATE_LIMITED, EXIT_NOT_PERMITTED},
		{DHT_ERR_ARGUMENT, EXIT_USAGE},
		{DHT_ERR_PROTOCOL, EXIT_FAILED},
		{DHT_ERR_MEMORY, EXIT_FAILED},
		{DHT_ERR_SYSTEM, EXIT_FAILED},
		{-999, EXIT_FAILED},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct session s = {0};

		assert_int_equal(connect_status(cases[i].error), cases[i].exit);
		assert_int_equal(connect_fault(&s, cases[i].error), cases[i].exit);
		assert_true(s.console.fault.message[0] != '\0');
	}
}

static void the_server_is_named_with_its_port(void **state)
{
	static const struct {
		const char *server, *message, *hint;
	} cases[] = {
		{NULL, "127.0.0.1:8470 cannot be reached", HERE},
		{"[::1]:7", "[::1]:7 cannot be reached", HERE},
		{"192.0.2.7", "192.0.2.7:8470 cannot be reached", ANYWHERE},
		{"192.0.2.7:1", "192.0.2.7:1 cannot be reached", ANYWHERE},
		{"a,b:7, [::1]:7", "none of a, b:7, [::1]:7 can be reached", ANYWHERE},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct session s = {.settings.server = cases[i].server};

		connect_fault(&s, DHT_ERR_UNREACHABLE);
		assert_string_equal(s.console.fault.message, cases[i].message);
		assert_string_equal(s.console.fault.hint, cases[i].hint);
	}
}

static void silence_is_named_with_its_length(void **state)
{
	struct session s = {.settings.server = "192.0.2.7"};

	(void)state;
	assert_int_equal(connect_silence(&s, 2000), EXIT_NO_ANSWER);
	assert_string_equal(s.console.fault.code, "noAnswer");
	assert_string_equal(s.console.fault.message, "192.0.2.7:8470 did not answer within 2.00 s");
}

static void all_of_several_are_named(void **state)
{
	char many[600];
	struct session s = {.settings.server = "a,b"};

	(void)state;
	connect_fault(&s, DHT_ERR_TIMEOUT);
	assert_string_equal(s.console.fault.message, "none of a, b answers");
	s.console.fault = (struct fault){0};
	connect_fault(&s, DHT_ERR_RESOLVE);
	assert_string_equal(s.console.fault.message, "none of a, b has an address");
	s.console.fault = (struct fault){0};
	connect_silence(&s, 2000);
	assert_string_equal(s.console.fault.message, "none of a, b answered within 2.00 s");
	s = (struct session){.settings.server = memset(many, ',', sizeof(many))};
	many[sizeof(many) - 1] = '\0';
	connect_fault(&s, DHT_ERR_TIMEOUT);
	assert_non_null(strstr(s.console.fault.message, " answers"));
}

static void options_come_from_settings(void **state)
{
	struct session s = {
		.settings = {.server = "a", .timeout_ms = 7, .tries = 8}, .flags.base = true};
	struct dht_options options;
	struct named_key key;

	(void)state;
	assert_int_equal(connect_options(&s, &key, &options), 0);
	assert_string_equal(options.servers, "a");
	assert_int_equal(options.timeout_ms, 7);
	assert_int_equal(options.tries, 8);
	assert_true(options.base_only);
	assert_null(options.key);
	assert_null(options.key_name);
}

static void a_key_is_read(void **state)
{
	struct session s = {0};
	struct dht_options options;
	struct named_key key;

	(void)state;
	s.settings.key_file = scratch_write("key", "lab \t" KEY " \n", 0600);
	assert_int_equal(connect_options(&s, &key, &options), 0);
	assert_string_equal(options.key_name, "lab");
	for (uint8_t i = 0; i < 32; i++)
		assert_int_equal(options.key[i], i);
}

static void what_is_no_key_is_refused(void **state)
{
	static const char *const bad[] = {KEY "\n", "lab\n", "lab " KEY "00\n", "lab 00\n",
		" " KEY "\n", "lab x" KEY "\n", "lab sha256:" KEY "\n"};
	struct dht_options options;
	struct named_key key;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct session s = {0};

		s.settings.key_file = scratch_write("key", bad[i], 0600);
		assert_int_equal(connect_options(&s, &key, &options), EXIT_BAD_CONFIG);
		assert_non_null(strstr(s.console.fault.message, "/key:1: "));
	}
}

/* libdht's limit; what is longer is no key, and not something that a server cannot be asked. */
static void a_name_has_64_bytes_at_most(void **state)
{
	char line[200], name[66];
	struct dht_options options;
	struct named_key key;

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (int cut = 0; cut < 2; cut++) {
		struct session s = {0};
		snprintf(line, sizeof(line), "%s " KEY "\n", name + cut);
		s.settings.key_file = scratch_write("key", line, 0600);
		assert_int_equal(
			connect_options(&s, &key, &options), cut == 0 ? EXIT_BAD_CONFIG : 0);
	}
	assert_string_equal(options.key_name, name + 1);
}

static void an_exposed_key_is_refused(void **state)
{
	struct session s = {0};
	struct dht_options options;
	struct named_key key;

	(void)state;
	s.settings.key_file = scratch_write("key", "lab " KEY "\n", 0644);
	assert_int_equal(connect_options(&s, &key, &options), EXIT_BAD_CONFIG);
	assert_string_equal(s.console.fault.code, "exposedSecret");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_become_an_exit_status),
		cmocka_unit_test(the_server_is_named_with_its_port),
		cmocka_unit_test(silence_is_named_with_its_length),
		cmocka_unit_test(all_of_several_are_named),
		cmocka_unit_test(options_come_from_settings),
		cmocka_unit_test(a_key_is_read),
		cmocka_unit_test(what_is_no_key_is_refused),
		cmocka_unit_test(a_name_has_64_bytes_at_most),
		cmocka_unit_test(an_exposed_key_is_refused),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
