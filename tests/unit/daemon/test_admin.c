/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/admin.h"
#include "daemon/log.h"
#include "daemon/operate.h"

#include "../unit.h"

/* ---- A daemon that notes what it is asked ---- */

static struct seen {
	uint8_t hash[64];
	size_t hash_len;
	uint32_t cursor;
	int lookups, reloads, dry_runs, shut_downs;
	char asked_by[100];
	bool poor; /* it has no memory */
} seen;

static json_t *named(void *daemon, const char *name)
{
	const struct seen *s = daemon;

	return s->poor ? NULL : json_pack("{s:s}", "asked", name);
}

static json_t *status(void *daemon)
{
	return named(daemon, "status");
}

static json_t *stats(void *daemon)
{
	return named(daemon, "stats");
}

static json_t *peers(void *daemon)
{
	return named(daemon, "peers");
}

static json_t *config(void *daemon)
{
	return named(daemon, "config");
}

static json_t *lookup(void *daemon, struct span hash, uint32_t cursor)
{
	struct seen *s = daemon;

	s->lookups++;
	s->hash_len = hash.len;
	memcpy(s->hash, hash.p, hash.len);
	s->cursor = cursor;
	return named(daemon, "lookup");
}

static json_t *reload(void *daemon, bool dry_run, const char *asked_by)
{
	struct seen *s = daemon;

	s->reloads++;
	s->dry_runs += dry_run;
	snprintf(s->asked_by, sizeof(s->asked_by), "%s", asked_by);
	return named(daemon, "reload");
}

static void shut_down(void *daemon, const char *asked_by)
{
	struct seen *s = daemon;

	s->shut_downs++;
	snprintf(s->asked_by, sizeof(s->asked_by), "%s", asked_by);
}

/* ---- Asking ---- */

static const struct control_method *method_of(const char *name)
{
	for (size_t i = 0; i < admin_interface.method_count; i++)
		if (strcmp(admin_interface.methods[i].name, name) == 0)
			return &admin_interface.methods[i];
	fail_msg("no method %s", name);
	return NULL;
}

/* parameters: JSON. */
static struct control_answer ask(const char *name, const char *parameters)
{
	struct operations o = {
		.daemon = &seen,
		.status = status,
		.stats = stats,
		.peers = peers,
		.config = config,
		.lookup = lookup,
		.reload = reload,
		.shut_down = shut_down,
	};
	struct control_peer peer = {.uid = 1000, .gid = 100, .pid = 77, .may_change = true};
	json_t *object = json_loads(parameters, 0, NULL);
	struct control_call call = {.parameters = object, .peer = &peer};

	assert_non_null(object);
	struct control_answer answer = method_of(name)->run(&o, &call);
	json_decref(object);
	return answer;
}

static int start(void **state)
{
	(void)state;
	seen = (struct seen){.poor = false};
	log_set_level(LOG_LEVEL_ERROR);
	return 0;
}

static void expect(const char *name, const char *parameters, const char *key, const char *want)
{
	struct control_answer a = ask(name, parameters);

	assert_null(a.error);
	assert_false(a.no_memory);
	assert_string_equal(json_string_value(json_object_get(a.parameters, key)), want);
	json_decref(a.parameters);
}

static void expect_invalid(const char *name, const char *parameters, const char *which)
{
	struct control_answer a = ask(name, parameters);

	if (!a.error)
		fail_msg("%s %s was taken", name, parameters);
	assert_string_equal(a.error, "org.varlink.service.InvalidParameter");
	assert_string_equal(json_string_value(json_object_get(a.parameters, "parameter")), which);
	json_decref(a.parameters);
}

static void questions_are_passed_on(void **state)
{
	(void)state;
	expect("GetStatus", "{}", "asked", "status");
	expect("GetStats", "{}", "asked", "stats");
	expect("ListPeers", "{}", "asked", "peers");
	expect("GetConfig", "{}", "asked", "config");
}

static void none_takes_what_it_does_not_know(void **state)
{
	(void)state;
	for (size_t i = 0; i < admin_interface.method_count; i++)
		expect_invalid(admin_interface.methods[i].name, "{\"surprise\":1}", "surprise");
	assert_int_equal(seen.reloads + seen.shut_downs + seen.lookups, 0);
}

static void no_memory_is_told(void **state)
{
	static const char *const names[] = {
		"GetStatus", "GetStats", "ListPeers", "GetConfig", "Reload"};

	(void)state;
	seen.poor = true;
	for (size_t i = 0; i < COUNT(names); i++)
		assert_true(ask(names[i], "{}").no_memory);
}

static void a_hash_is_hexadecimal(void **state)
{
	char longest[200], call[250];

	(void)state;
	expect("Lookup", "{\"hash\":\"00fFaB\"}", "asked", "lookup");
	assert_int_equal(seen.hash_len, 3);
	assert_memory_equal(seen.hash, "\x00\xff\xab", 3);
	assert_int_equal(seen.cursor, 0);
	memset(longest, 'a', sizeof(longest));
	longest[128] = '\0';
	snprintf(call, sizeof(call), "{\"hash\":\"%s\"}", longest);
	expect("Lookup", call, "asked", "lookup");
	assert_int_equal(seen.hash_len, 64);
	snprintf(call, sizeof(call), "{\"hash\":\"%sbb\"}", longest);
	expect_invalid("Lookup", call, "hash");
	expect_invalid("Lookup", "{}", "hash");
	expect_invalid("Lookup", "{\"hash\":\"\"}", "hash");
	expect_invalid("Lookup", "{\"hash\":\"0\"}", "hash");
	expect_invalid("Lookup", "{\"hash\":\"0x00\"}", "hash");
	expect_invalid("Lookup", "{\"hash\":17}", "hash");
	assert_int_equal(seen.lookups, 2);
}

static void a_cursor_has_a_range(void **state)
{
	(void)state;
	expect("Lookup", "{\"hash\":\"ab\",\"cursor\":4294967295}", "asked", "lookup");
	assert_true(seen.cursor == UINT32_MAX);
	expect("Lookup", "{\"hash\":\"ab\",\"cursor\":null}", "asked", "lookup");
	assert_int_equal(seen.cursor, 0);
	expect_invalid("Lookup", "{\"hash\":\"ab\",\"cursor\":4294967296}", "cursor");
	expect_invalid("Lookup", "{\"hash\":\"ab\",\"cursor\":-1}", "cursor");
	expect_invalid("Lookup", "{\"hash\":\"ab\",\"cursor\":\"1\"}", "cursor");
	expect_invalid("Lookup", "{\"hash\":\"ab\",\"cursor\":1.5}", "cursor");
}

static void a_reload_may_be_dry(void **state)
{
	(void)state;
	expect("Reload", "{}", "asked", "reload");
	expect("Reload", "{\"dryRun\":false}", "asked", "reload");
	expect("Reload", "{\"dryRun\":null}", "asked", "reload");
	assert_int_equal(seen.dry_runs, 0);
	expect("Reload", "{\"dryRun\":true}", "asked", "reload");
	assert_int_equal(seen.dry_runs, 1);
	assert_int_equal(seen.reloads, 4);
	assert_string_equal(seen.asked_by, "user 1000 (process 77)");
	expect_invalid("Reload", "{\"dryRun\":1}", "dryRun");
}

static void a_shutdown_says_who_asked(void **state)
{
	struct control_answer a = ask("Shutdown", "{}");

	(void)state;
	assert_null(a.error);
	assert_null(a.parameters);
	assert_int_equal(seen.shut_downs, 1);
	assert_string_equal(seen.asked_by, "user 1000 (process 77)");
}

static void who_changes_is_a_question_of_permission(void **state)
{
	static const char *const changing[] = {"Reload", "Shutdown", "SetLogLevel", "AddKey",
		"UseKey", "RemoveKey", "Drain", "Undrain", "AddPeer", "DropPeer"};
	size_t changes = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(changing); i++)
		assert_int_equal(method_of(changing[i])->access, CONTROL_CHANGE);
	for (size_t i = 0; i < admin_interface.method_count; i++)
		changes += admin_interface.methods[i].access == CONTROL_CHANGE;
	assert_int_equal(changes, COUNT(changing));
	assert_true(method_of("Monitor")->needs_more);
}

/* ---- The log ---- */

static void the_level_changes(void **state)
{
	uint64_t sequence = log_newest(), lost;
	struct log_line line;

	(void)state;
	struct control_answer a = ask("SetLogLevel", "{\"level\":\"warning\"}");
	assert_string_equal(json_string_value(json_object_get(a.parameters, "level")), "warning");
	assert_string_equal(json_string_value(json_object_get(a.parameters, "before")), "error");
	json_decref(a.parameters);
	assert_int_equal(log_get_level(), LOG_LEVEL_WARNING);
	assert_true(log_read(&sequence, LOG_LEVEL_DEBUG, &line, &lost));
	assert_int_equal(line.event, LOG_EVENT_LOG_LEVEL);
	assert_string_equal(
		line.message, "log level warning (was error), asked by user 1000 (process 77)");
	expect("SetLogLevel", "{\"level\":\"error\"}", "before", "warning");
	assert_int_equal(log_get_level(), LOG_LEVEL_ERROR);
	expect_invalid("SetLogLevel", "{\"level\":\"loud\"}", "level");
	expect_invalid("SetLogLevel", "{\"level\":null}", "level");
	expect_invalid("SetLogLevel", "{}", "level");
	assert_int_equal(log_get_level(), LOG_LEVEL_ERROR);
}

static const char *message_of(const json_t *entry)
{
	return json_string_value(json_object_get(entry, "message"));
}

static void the_newest_lines_are_given(void **state)
{
	(void)state;
	log_debug("one");
	log_debug("two");
	struct control_answer a = ask("GetLog", "{}");
	const json_t *list = json_object_get(a.parameters, "entries");
	size_t n = json_array_size(list);
	assert_true(n >= 2 && n <= LOG_RING);
	assert_string_equal(message_of(json_array_get(list, n - 2)), "one");
	assert_string_equal(message_of(json_array_get(list, n - 1)), "two");
	json_decref(a.parameters);
}

/* A control character takes six bytes in JSON: a full ring of them is more than an answer may
 * have. */
static void the_log_fits_into_an_answer(void **state)
{
	char text[LOG_RING_LINE_MAX], field[LOG_RING_FIELD_MAX - 10];
	struct log_field fields[] = {{"DHT_X", field}, {NULL, NULL}};

	(void)state;
	memset(text, '\x01', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memset(field, '\x01', sizeof(field) - 1);
	field[sizeof(field) - 1] = '\0';
	for (int i = 0; i < LOG_RING; i++)
		log_event(LOG_EVENT_SEND_FAILED, fields, "%s", text);
	log_debug("the last");
	struct control_answer a = ask("GetLog", "{}");
	const json_t *list = json_object_get(a.parameters, "entries");
	size_t n = json_array_size(list);
	assert_true(n > 0);
	assert_string_equal(message_of(json_array_get(list, n - 1)), "the last");
	assert_true(json_dumpb(a.parameters, NULL, 0, JSON_COMPACT) < CONTROL_OUT_MAX - 100);
	json_decref(a.parameters);
}

static json_t *item_of(const struct control_stream *s)
{
	bool last = false;
	json_t *item = s->next(s->state, &last);

	assert_false(last);
	return item;
}

static void expect_item(struct control_stream *s, const char *message, int lost)
{
	json_t *item = item_of(s);

	assert_non_null(item);
	assert_string_equal(message_of(json_object_get(item, "entry")), message);
	assert_int_equal(json_integer_value(json_object_get(item, "lost")), lost);
	json_decref(item);
}

static void a_monitor_shows_what_comes(void **state)
{
	(void)state;
	log_error("before");
	struct control_answer a = ask("Monitor", "{}");
	assert_non_null(a.stream.next);
	assert_null(item_of(&a.stream));
	log_debug("too quiet");
	log_info("one");
	log_warning("two");
	expect_item(&a.stream, "one", 0);
	expect_item(&a.stream, "two", 0);
	assert_null(item_of(&a.stream));
	a.stream.done(a.stream.state);
}

static void a_monitor_has_a_level(void **state)
{
	struct control_answer a = ask("Monitor", "{\"level\":\"warning\"}");

	(void)state;
	log_notice("too quiet");
	log_warning("loud");
	expect_item(&a.stream, "loud", 0);
	a.stream.done(a.stream.state);
	a = ask("Monitor", "{\"level\":\"debug\"}");
	log_debug("quiet");
	expect_item(&a.stream, "quiet", 0);
	a.stream.done(a.stream.state);
	expect_invalid("Monitor", "{\"level\":\"loud\"}", "level");
	expect_invalid("Monitor", "{\"level\":4}", "level");
}

static void a_slow_monitor_is_told_what_it_lost(void **state)
{
	struct control_answer a = ask("Monitor", "{}");

	(void)state;
	for (int i = 0; i < LOG_RING + 10; i++)
		log_debug("too quiet");
	assert_null(item_of(&a.stream));
	for (int i = 0; i < 5; i++)
		log_info("line");
	expect_item(&a.stream, "line", 10);
	expect_item(&a.stream, "line", 0);
	a.stream.done(a.stream.state);
}

/* ---- The description ---- */

/* The method's name when a line begins one. */
static bool method_in(const char *line, char name[static 64])
{
	return sscanf(line, "method %63[A-Za-z0-9](", name) == 1;
}

/* Calls each for every line, with the one before it. */
static void each_line(void (*each)(const char *line, const char *before, void *arg), void *arg)
{
	char line[200] = "", before[200] = "";

	for (const char *p = admin_interface.description; *p;) {
		size_t len = strcspn(p, "\n");
		assert_true(len < sizeof(line));
		memcpy(before, line, sizeof(before));
		memcpy(line, p, len);
		line[len] = '\0';
		each(line, before, arg);
		p += len + (p[len] == '\n');
	}
}

static void check_method_line(const char *line, const char *before, void *arg)
{
	size_t *count = arg;
	char name[64];

	(void)before;
	if (!method_in(line, name))
		return;
	assert_true(*count < admin_interface.method_count);
	assert_string_equal(admin_interface.methods[(*count)++].name, name);
}

static void the_table_is_the_description(void **state)
{
	size_t count = 0;

	(void)state;
	each_line(check_method_line, &count);
	assert_int_equal(count, admin_interface.method_count);
}

static void check_comment(const char *line, const char *before, void *arg)
{
	static const char *const words[] = {"method ", "type ", "error ", "interface "};

	(void)arg;
	for (size_t i = 0; i < COUNT(words); i++)
		if (strncmp(line, words[i], strlen(words[i])) == 0 && before[0] != '#')
			fail_msg("no comment above: %s", line);
}

static void everything_is_documented(void **state)
{
	(void)state;
	each_line(check_comment, NULL);
}

/* A parser of the description language, as small as its grammar: it fails where it is left. */
static const char *at;

static void skip_space(void)
{
	for (;;) {
		at += strspn(at, " \t\n");
		if (*at != '#')
			return;
		at += strcspn(at, "\n");
	}
}

static bool take(const char *word)
{
	skip_space();
	if (strncmp(at, word, strlen(word)) != 0)
		return false;
	at += strlen(word);
	return true;
}

static void need(const char *word)
{
	if (!take(word))
		fail_msg("'%s' is missing before: %.60s", word, at);
}

/* A name as the pattern says (POSIX, anchored at its start). */
static void need_name(const char *pattern)
{
	regmatch_t match;
	regex_t r;

	skip_space();
	assert_int_equal(regcomp(&r, pattern, REG_EXTENDED), 0);
	int err = regexec(&r, at, 1, &match, 0);
	regfree(&r);
	if (err || match.rm_eo == 0)
		fail_msg("a name is missing before: %.60s", at);
	at += match.rm_eo;
}

#define FIELD_NAME "^[A-Za-z](_?[A-Za-z0-9])*"
#define TYPE_NAME  "^[A-Z][A-Za-z0-9]*"
#define INTERFACE  "^[A-Za-z]([-]*[A-Za-z0-9])*(\\.[A-Za-z0-9]([-]*[A-Za-z0-9])*)+"

static void parse_type(void);

/* "(a: type, b: type)", or "(a, b)" for an enumeration. */
static void parse_struct(bool may_be_enum)
{
	need("(");
	if (take(")"))
		return;
	need_name(FIELD_NAME);
	bool is_enum = may_be_enum && !take(":");
	if (!may_be_enum)
		need(":");
	if (!is_enum)
		parse_type();
	while (take(",")) {
		need_name(FIELD_NAME);
		if (is_enum)
			continue;
		need(":");
		parse_type();
	}
	need(")");
}

static void parse_type(void)
{
	static const char *const plain[] = {"bool", "int", "float", "string", "object"};

	if (take("?"))
		assert_int_not_equal(*at, '?');
	while (take("[]") || take("[string]"))
		;
	for (size_t i = 0; i < COUNT(plain); i++)
		if (take(plain[i]))
			return;
	skip_space();
	if (*at == '(')
		parse_struct(true);
	else
		need_name(TYPE_NAME);
}

static void the_description_follows_the_grammar(void **state)
{
	(void)state;
	at = admin_interface.description;
	need("interface");
	need_name(INTERFACE);
	for (skip_space(); *at; skip_space()) {
		if (take("method ")) {
			need_name(TYPE_NAME);
			parse_struct(false);
			need("->");
			parse_struct(false);
		} else if (take("error ")) {
			need_name(TYPE_NAME);
			parse_struct(false);
		} else {
			need("type ");
			need_name(TYPE_NAME);
			parse_struct(true);
		}
	}
}

#define TEST(f) cmocka_unit_test_setup(f, start)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(questions_are_passed_on),
		TEST(none_takes_what_it_does_not_know),
		TEST(no_memory_is_told),
		TEST(a_hash_is_hexadecimal),
		TEST(a_cursor_has_a_range),
		TEST(a_reload_may_be_dry),
		TEST(a_shutdown_says_who_asked),
		TEST(who_changes_is_a_question_of_permission),
		TEST(the_level_changes),
		TEST(the_newest_lines_are_given),
		TEST(the_log_fits_into_an_answer),
		TEST(a_monitor_shows_what_comes),
		TEST(a_monitor_has_a_level),
		TEST(a_slow_monitor_is_told_what_it_lost),
		TEST(the_table_is_the_description),
		TEST(everything_is_documented),
		TEST(the_description_follows_the_grammar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
