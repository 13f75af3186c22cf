/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "daemon/value.h"

#include "../unit.h"

static struct place in_a_file(const struct placer *p, const config_setting_t *v)
{
	(void)p;
	(void)v;
	return (struct place){.file = "/etc/dht/x.conf", .line = 1};
}

static const struct placer where = {.of = in_a_file};

/* Stores text as the value of a setting. */
static int store(struct config *c, const char *path, const char *text, struct faults *f)
{
	const struct setting *s = setting_find(path);
	char assignment[2000];
	config_t parsed;

	assert_non_null(s);
	snprintf(assignment, sizeof(assignment), "v = %s;", text);
	config_init(&parsed);
	if (!config_read_string(&parsed, assignment))
		fail_msg("%s: %s", assignment, config_error_text(&parsed));
	int err = value_store(s, config_lookup(&parsed, "v"), &where, c, f);
	config_destroy(&parsed);
	return err;
}

static void set_defaults(struct config *c)
{
	const struct setting *s;

	*c = (struct config){0};
	for (size_t i = 0; (s = setting_at(i)); i++)
		assert_int_equal(value_store_default(s, c), 0);
}

static void fini(struct config *c)
{
	const struct setting *s;

	for (size_t i = 0; (s = setting_at(i)); i++)
		value_fini(s, c);
}

/* The value as it is printed. */
static void expect(const struct config *c, const char *path, const char *want)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	value_print(setting_find(path), c, out);
	fclose(out);
	assert_string_equal(text, want);
	free(text);
}

static void good_values_are_stored(void **state)
{
	static const struct {
		const char *path, *text, *printed;
	} cases[] = {
		{"listen.address", "\"192.0.2.7\"", "\"192.0.2.7\""},
		{"listen.address", "\"::ffff:192.0.2.7\"", "\"192.0.2.7\""},
		{"listen.address", "\"2001:DB8::7\"", "\"2001:db8::7\""},
		{"listen.client_addresses", "( \"0.0.0.0\", \"::\" )", "( \"0.0.0.0\", \"::\" )"},
		{"listen.client_addresses", "[ \"::1\" ]", "( \"::1\" )"},
		{"listen.client_addresses", "[ ]", "()"},
		{"listen.ports.client", "1", "1"},
		{"listen.ports.client", "0xffff", "65535"},
		{"listen.max_datagram", "65507L", "65507"},
		{"password", "\"\"", "\"\""},
		{"password_file", "\"/a/b\"", "\"/a/b\""},
		{"password_file", "\"b\"", "\"/etc/dht/b\""},
		{"password_file", "\"\"", "\"\""},
		{"cluster.name", "\"a\" \"b\"", "\"ab\""},
		{"cluster.name", "\"\\\\ \\\"\"", "\"\\\\ \\\"\""},
		{"records.ttl", "\"1s\"", "\"1s\""},
		{"records.ttl", "\"90m\"", "\"90m\""},
		{"records.ttl", "\"365d\"", "\"365d\""},
		{"records.max_memory", "\"1048576\"", "\"1M\""},
		{"records.max_memory", "\"2049K\"", "\"2049K\""},
		{"records.max_memory", "\"0\"", "\"0\""},
		{"metrics.listen", "\"\"", "\"\""},
		{"metrics.listen", "\"127.0.0.1:9470\"", "\"127.0.0.1:9470\""},
		{"metrics.listen", "\"[::]:9470\"", "\"[::]:9470\""},
		{"cluster.seeds", "()", "()"},
		{"cluster.seeds", "( \"192.0.2.7\", \"a.example:1\", \"[2001:DB8::7]:8471\" )",
			"( \"192.0.2.7\", \"a.example:1\", \"[2001:db8::7]:8471\" )"},
		{"storage.mode", "\"sync\"", "\"sync\""},
		{"records.max_records", "1000000000000L", "1000000000000L"},
		{"clients.allow", "( )", "()"},
		{"clients.allow", "( \"10.0.0.0/8\", \"::1\" )", "( \"10.0.0.0/8\", \"::1/128\" )"},
		{"clients.base_put", "FALSE", "false"},
		{"log.level", "\"error\"", "\"error\""},
	};
	struct config c;
	struct faults f = {0};

	(void)state;
	set_defaults(&c);
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (store(&c, cases[i].path, cases[i].text, &f) != 0)
			fail_msg("%s", f.v[0].text);
		expect(&c, cases[i].path, cases[i].printed);
	}
	fini(&c);
}

struct bad_value {
	const char *path, *text, *what;
};

/* Each of them is a fault and changes nothing. */
static void expect_faults(const struct bad_value *cases, size_t count)
{
	struct config c, before;

	set_defaults(&c);
	before = c;
	for (size_t i = 0; i < count; i++) {
		struct faults f = {0};
		char want[FAULT_TEXT_MAX];
		assert_int_equal(store(&c, cases[i].path, cases[i].text, &f), DHT_EINVAL);
		snprintf(want, sizeof(want), "/etc/dht/x.conf:1: %s: %s", cases[i].path,
			cases[i].what);
		assert_int_equal(f.count, 1);
		assert_string_equal(f.v[0].text, want);
		faults_fini(&f);
		assert_memory_equal(&c, &before, sizeof(c));
	}
	fini(&c);
}

static void bad_values_leave_what_was_there(void **state)
{
	static const struct bad_value cases[] = {
		{"listen.address", "\"\"", "\"\" is not an IP address"},
		{"listen.address", "\"localhost\"",
			"\"localhost\" is not an IP address: names are not looked up here: write "
			"the address"},
		{"listen.address", "\"127.0.0.1:8470\"",
			"\"127.0.0.1:8470\" is not an IP address: the port is listen.ports.client"},
		{"listen.address", "\"::\"",
			"\"::\" is not the address of one host: it belongs into "
			"listen.client_addresses"},
		{"listen.address", "\"224.0.0.1\"", "\"224.0.0.1\" is not the address of one host"},
		{"listen.address", "( \"::1\" )", "must be an address in quotes, not a list"},
		{"listen.client_addresses", "\"::\"",
			"must be a list of addresses, such as ( \"192.0.2.7\", \"::1\" ), not a "
			"string"},
		{"listen.client_addresses", "( \"ff02::1\" )",
			"\"ff02::1\" is neither one host's address nor a wildcard"},
		{"listen.client_addresses", "( ( \"::1\" ) )",
			"element 1 must be a string in quotes, not a list"},
		{"listen.ports.client", "0", "0 is out of range (1 to 65535)"},
		{"listen.ports.client", "65536", "65536 is out of range (1 to 65535)"},
		{"listen.ports.client", "-1", "-1 is out of range (1 to 65535)"},
		{"listen.ports.client", "8470.0", "must be a whole number, not a fraction"},
		{"listen.ports.client", "\"8470\"", "must be a whole number, not a string"},
		{"listen.ports.client", "{ }", "must be a whole number, not a group"},
		{"listen.max_datagram", "547", "547 is out of range (548 to 65507)"},
		{"cluster.name", "\"\"", "has 0 bytes, must have 1 to 64"},
		{"cluster.name", "\"\\xff\"", "must be UTF-8 without control characters"},
		{"cluster.name", "\"a\\n\"", "must be UTF-8 without control characters"},
		{"password_file", "\"a\\n\"", "must not have control characters"},
		{"records.ttl", "\"\"",
			"\"\" is not a duration in quotes, such as \"30s\" or \"24h\""},
		{"records.ttl", "\"30\"", "\"30\" has no unit: \"30s\"?"},
		{"records.ttl", "\"30w\"", "\"30w\" has no unit that is known (ms, s, m, h, d)"},
		{"records.ttl", "\"0\"", "\"0\" is out of range (\"1s\" to \"365d\")"},
		{"records.ttl", "\"999ms\"", "\"999ms\" is out of range (\"1s\" to \"365d\")"},
		{"records.ttl", "\"366d\"", "\"366d\" is out of range (\"1s\" to \"365d\")"},
		{"records.ttl", "\"99999999999999999999d\"",
			"\"99999999999999999999d\" is out of range (\"1s\" to \"365d\")"},
		{"records.max_memory", "64",
			"must be a size in quotes, such as \"64M\", not a whole number"},
		{"records.max_memory", "\"64MB\"", "\"64MB\" is not known: write \"64M\""},
		{"records.max_memory", "\"64X\"", "\"64X\" has no unit that is known (K, M, G, T)"},
		{"clients.rate", "99999999999999999999L",
			"the number is too large (0 to 1000000000)"},
		{"listen.client_addresses", "( \"192.0.2.7\" \"192.0.2.8\" )",
			"\"192.0.2.7192.0.2.8\" is not an IP address: is a comma missing?"},
		{"records.max_memory", "\"9999999T\"",
			"\"9999999T\" is out of range (\"0\", or \"1M\" to \"1048576T\")"},
		{"records.max_memory", "\"1023K\"",
			"\"1023K\" is out of range (\"0\", or \"1M\" to \"1048576T\")"},
		{"clients.allow", "( \"10.0.0.1/8\" )",
			"\"10.0.0.1/8\" has bits set behind its prefix: 10.0.0.0/8, or 10.0.0.1 "
			"alone?"},
		{"clients.allow", "( \"10.0.0.0/33\" )",
			"\"10.0.0.0/33\" is not an IP address or prefix"},
		{"clients.base_put", "1", "must be true or false, not a whole number"},
		{"log.level", "\"\"", "\"\" is not one of error, warning, notice, info, debug"},
		{"log.level", "3", "must be a string in quotes, not a whole number"},
	};

	(void)state;
	expect_faults(cases, COUNT(cases));
}

static void bad_places_of_servers(void **state)
{
	static const struct bad_value cases[] = {
		{"metrics.listen", "\"127.0.0.1\"",
			"\"127.0.0.1\" is not an address with a port, such as "
			"\"127.0.0.1:9470\""},
		{"metrics.listen", "\"127.0.0.1:0\"",
			"\"127.0.0.1:0\" is not an address with a port, such as "
			"\"127.0.0.1:9470\""},
		{"metrics.listen", "\"224.0.0.1:9470\"",
			"\"224.0.0.1:9470\" is neither one host's address nor a wildcard"},
		{"metrics.listen", "9470",
			"must be an address with a port in quotes, or \"\", not a whole number"},
		{"cluster.seeds", "( \"a.example:0\" )",
			"\"a.example:0\" is not a server: \"HOST\", \"HOST:PORT\" or "
			"\"[IPV6]:PORT\""},
		{"cluster.seeds", "( \"0.0.0.0\" )", "\"0.0.0.0\" is not the address of one host"},
		{"cluster.seeds", "\"a.example\"",
			"must be a list of servers, such as ( \"192.0.2.7\", \"[::1]:8471\" ), "
			"not a string"},
	};

	(void)state;
	expect_faults(cases, COUNT(cases));
}

static void a_list_has_a_limit(void **state)
{
	char text[2000] = "( \"::1\"";
	struct faults f = {0};
	struct config c;

	(void)state;
	set_defaults(&c);
	for (int i = 0; i < 63; i++)
		strcat(text, ", \"::1\"");
	strcat(text, " )");
	assert_int_equal(store(&c, "listen.client_addresses", text, &f), DHT_EINVAL);
	assert_string_equal(f.v[0].text, "/etc/dht/x.conf:1: listen.client_addresses: has 64 "
					 "elements, at most 63 are possible");
	faults_fini(&f);
	fini(&c);
}

static void two_values_are_compared_and_exchanged(void **state)
{
	static const struct {
		const char *path, *text;
	} cases[] = {
		{"listen.address", "\"192.0.2.7\""},
		{"listen.client_addresses", "( \"::1\" )"},
		{"listen.ports.client", "1"},
		{"password", "\"sesame\""},
		{"password_file", "\"/a\""},
		{"cluster.seeds", "( \"a\" )"},
		{"records.ttl", "\"2s\""},
		{"records.max_memory", "\"3M\""},
		{"clients.allow", "( \"::1\" )"},
		{"clients.base_put", "false"},
		{"metrics.listen", "\"127.0.0.1:1\""},
		{"log.level", "\"error\""},
	};
	struct config a, b;
	struct faults f = {0};

	(void)state;
	set_defaults(&a);
	set_defaults(&b);
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct setting *s = setting_find(cases[i].path);
		assert_true(value_equal(s, &a, &b));
		assert_int_equal(store(&a, cases[i].path, cases[i].text, &f), 0);
		assert_false(value_equal(s, &a, &b));
		value_swap(s, &a, &b);
		assert_false(value_equal(s, &a, &b));
		if (!s->secret)
			expect(&b, cases[i].path,
				s->type == SETTING_PREFIXES ? "( \"::1/128\" )" : cases[i].text);
		assert_int_equal(store(&a, cases[i].path, cases[i].text, &f), 0);
		assert_true(value_equal(s, &a, &b));
	}
	fini(&a);
	fini(&b);
}

static void secrets_are_no_text(void **state)
{
	const struct setting *s = setting_find("password");
	struct faults f = {0};
	struct config c;

	(void)state;
	set_defaults(&c);
	char *text = value_text(s, &c);
	assert_string_equal(text, "\"\"");
	free(text);
	assert_int_equal(store(&c, "password", "\"sesame\"", &f), 0);
	text = value_text(s, &c);
	assert_string_equal(text, "(secret)");
	free(text);
	text = value_text(setting_find("records.ttl"), &c);
	assert_string_equal(text, "\"30m\"");
	free(text);
	assert_int_equal(value_number(setting_find("records.ttl"), &c), 1800000);
	fini(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_values_are_stored),
		cmocka_unit_test(bad_values_leave_what_was_there),
		cmocka_unit_test(bad_places_of_servers),
		cmocka_unit_test(a_list_has_a_limit),
		cmocka_unit_test(two_values_are_compared_and_exchanged),
		cmocka_unit_test(secrets_are_no_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
