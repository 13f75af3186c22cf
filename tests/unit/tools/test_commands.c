/* SPDX-License-Identifier: BSD-2-Clause */
/* What the commands of dhtctl make of answers that a service gives from a list. */
#include "command.h"

#define STATUS(health, reasons, members)                                                           \
	"{\"parameters\":{\"health\":\"" health "\",\"reasons\":[" reasons                         \
	"],\"address\":\"127.0.0.1\",\"port\":8470,\"members\":" members                           \
	",\"memoryBytes\":1536,\"uptimeSeconds\":61,\"logLevel\":\"info\",\"configFile\":null,"    \
	"\"processId\":0,\"restartNeeded\":[]}}"

static void status_is_a_sheet(void **state)
{
	static const struct step good = SAYS(STATUS("healthy", "", "1"));
	static const struct step bad = SAYS(STATUS("degraded", "\"full\",\"lost\"", "1"));

	(void)state;
	assert_table("status", &good, EXIT_DONE,
		"health     healthy\n"
		"address    127.0.0.1:8470\n"
		"members    1\n"
		"memory     1.5 KiB\n"
		"uptime     1m 1s\n"
		"log level  info\n"
		"process    0\n",
		"");
	assert_table("status", &bad, EXIT_UNHEALTHY,
		"health     degraded\n"
		"reason     full\n"
		"reason     lost\n"
		"address    127.0.0.1:8470\n"
		"members    1\n"
		"memory     1.5 KiB\n"
		"uptime     1m 1s\n"
		"log level  info\n"
		"process    0\n",
		"");
	assert_json("status", &good, EXIT_DONE,
		"{\n  \"health\": \"healthy\",\n  \"reasons\": [],\n"
		"  \"address\": \"127.0.0.1\",\n  \"port\": 8470,\n  \"members\": 1,\n  "
		"\"memoryBytes\": 1536,\n"
		"  \"uptimeSeconds\": 61,\n  \"logLevel\": \"info\",\n  \"configFile\": null,\n"
		"  \"processId\": 0,\n  \"restartNeeded\": []\n}\n");
}

#define STATS                                                                                      \
	"{\"parameters\":{\"requests\":{\"get\":12,\"put\":0},\"drops\":{\"short\":3},"            \
	"\"records\":5,\"memoryBytes\":2048}}"

static void counters_are_grouped(void **state)
{
	static const struct step step = SAYS(STATS);

	(void)state;
	assert_table("stats", &step, EXIT_DONE,
		"requests  get               12\n"
		"          put                0\n"
		"drops     short              3\n"
		"now       records            5\n"
		"          memoryBytes  2.0 KiB\n",
		"");
	assert_json("stats", &step, EXIT_DONE,
		"{\n  \"requests\": {\n    \"get\": 12,\n    \"put\": 0\n  },\n"
		"  \"drops\": {\n    \"short\": 3\n  },\n  \"records\": 5,\n"
		"  \"memoryBytes\": 2048\n}\n");
}

static void counters_are_watched(void **state)
{
	static const struct step steps[] = {SAYS(STATS), SAYS(STATS), SAYS(STATS)};
	static const char json[] = "{\"requests\":{\"get\":12,\"put\":0},\"drops\":{\"short\":3},"
				   "\"records\":5,\"memoryBytes\":2048}\n";
	char twice[2 * sizeof(json)];

	(void)state;
	assert_run("stats --watch --interval 10ms --count 2", false, steps, 3, EXIT_DONE,
		"requests/s  answers/s    drops/s     hits/s   misses/s    records     memory\n"
		"         0          0          0          0          0          5    2.0 KiB\n"
		"         0          0          0          0          0          5    2.0 KiB\n",
		"");
	snprintf(twice, sizeof(twice), "%s%s", json, json);
	assert_run("stats --watch --interval 10ms --count 2", true, steps, 3, EXIT_DONE, twice, "");
	assert_table("stats --count 2", NULL, EXIT_USAGE, "",
		"dhtctl: --interval and --count are for --watch: add --watch\n");
}

static void all_pages_are_fetched(void **state)
{
	static const struct step pages[] = {
		SAYS("{\"parameters\":{\"hash\":\"abcd\",\"total\":2,\"next\":7,\"providers\":["
		     "{\"ip\":\"192.0.2.7\",\"port\":80,\"ttlSeconds\":61,\"version\":\"9\"}]}}"),
		SAYS("{\"parameters\":{\"hash\":\"abcd\",\"total\":1,\"next\":0,\"providers\":["
		     "{\"ip\":\"2001:db8::7\",\"port\":0,\"ttlSeconds\":1,\"version\":\"8\"}]}}"),
	};
	static const struct step none = SAYS(
		"{\"parameters\":{\"hash\":\"abcd\",\"total\":0,\"next\":0,\"providers\":[]}}");

	(void)state;
	assert_run("lookup ABCD", false, pages, 2, EXIT_DONE,
		"PROVIDER      TIME LEFT  VERSION\n"
		"192.0.2.7:80      1m 1s  9\n"
		"2001:db8::7          1s  8\n",
		"");
	assert_run("lookup ABCD", true, pages, 2, EXIT_DONE,
		"{\n  \"hash\": \"abcd\",\n  \"total\": 2,\n  \"providers\": [\n    {\n"
		"      \"ip\": \"192.0.2.7\",\n      \"port\": 80,\n      \"ttlSeconds\": 61,\n"
		"      \"version\": \"9\"\n    },\n    {\n      \"ip\": \"2001:db8::7\",\n"
		"      \"port\": 0,\n      \"ttlSeconds\": 1,\n      \"version\": \"8\"\n    }\n"
		"  ]\n}\n",
		"");
	assert_table("lookup ABCD", &none, EXIT_NOT_FOUND, "", "dhtctl: nobody has abcd\n");
	assert_table("lookup xyz", NULL, EXIT_USAGE, "",
		"dhtctl: 'xyz' is not a hash: hexadecimal of 1 to 64 bytes, sha256:..., or a "
		"magnet link\n");
	assert_table("lookup 00 01", NULL, EXIT_USAGE, "",
		"dhtctl: lookup takes one hash, not 2: dhtctl lookup HASH\n");
}

#define CONFIG                                                                                     \
	"{\"parameters\":{\"file\":\"/etc/dht/dht.conf\",\"settings\":["                           \
	"{\"path\":\"listen.workers\",\"value\":\"0\",\"default\":\"0\",\"file\":null,"            \
	"\"line\":null,\"live\":false},"                                                           \
	"{\"path\":\"records.ttl\",\"value\":\"\\\"1h\\\"\",\"default\":\"\\\"30m\\\"\","          \
	"\"file\":\"/etc/dht/dht.conf\",\"line\":3,\"live\":true}]}}"

static void settings_have_a_place(void **state)
{
	static const struct step step = SAYS(CONFIG);
	static const char head[] = "SETTING      CHANGES BY  FROM                 VALUE\n",
			  ttl[] = "records.ttl  reload      /etc/dht/dht.conf:3  \"1h\"\n";
	static const struct step uses = SAYS(
		"{\"parameters\":{\"settings\":["
		"{\"path\":\"a\",\"value\":\"1\",\"live\":true,\"used\":true},"
		"{\"path\":\"b\",\"value\":\"2\",\"live\":true,\"used\":false}]}}");
	char table[256];

	(void)state;
	assert_table("config", &uses, EXIT_DONE,
		"SETTING  CHANGES BY  FROM     VALUE\n"
		"a        reload      default  1\n"
		"b        not used    default  2\n",
		"");
	assert_table("config", &step, EXIT_DONE,
		"SETTING         CHANGES BY  FROM                 VALUE\n"
		"listen.workers  restart     default              0\n"
		"records.ttl     reload      /etc/dht/dht.conf:3  \"1h\"\n",
		"");
	snprintf(table, sizeof(table), "%s%s", head, ttl);
	assert_table("config --changed", &step, EXIT_DONE, table, "");
	assert_table("config --changed listen", &step, EXIT_DONE, "",
		"dhtctl: everything is at its default\n");
	assert_table("config records", &step, EXIT_DONE, table, "");
	assert_table("config records.ttl", &step, EXIT_DONE, table, "");
	assert_table("config records.tl", &step, EXIT_USAGE, "",
		"dhtctl: 'records.tl' is not a setting: did you mean records.ttl?\n");
	assert_table("config record", &step, EXIT_USAGE, "",
		"dhtctl: 'record' is not a setting: did you mean records?\n");
	assert_table("config recrods", &step, EXIT_USAGE, "",
		"dhtctl: 'recrods' is not a setting: did you mean records?\n");
	assert_table("config nothing", &step, EXIT_USAGE, "",
		"dhtctl: 'nothing' is not a setting: dhtctl config lists them\n");
	assert_json("config listen", &step, EXIT_DONE,
		"{\n  \"file\": \"/etc/dht/dht.conf\",\n  \"settings\": [\n    {\n"
		"      \"path\": \"listen.workers\",\n      \"value\": \"0\",\n"
		"      \"default\": \"0\",\n      \"file\": null,\n      \"line\": null,\n"
		"      \"live\": false\n    }\n  ]\n}\n");
}

#define RELOAD(outcome, applied, restart, rejected)                                                \
	"{\"parameters\":{\"outcome\":\"" outcome "\",\"applied\":[" applied                       \
	"],\"needsRestart\":[" restart "],\"rejected\":[" rejected "]}}"
#define TTL "{\"path\":\"records.ttl\",\"from\":\"\\\"30m\\\"\",\"to\":\"\\\"1h\\\"\"}"

static void reloads_tell_what_came_of_them(void **state)
{
	static const struct step applied = SAYS(RELOAD("applied", TTL, "", ""));
	static const struct step restart = SAYS(RELOAD("needsRestart", TTL,
		"{\"path\":\"listen.workers\",\"from\":\"0\",\"to\":\"2\"}", ""));
	static const struct step unchanged = SAYS(RELOAD("unchanged", "", "", ""));
	static const struct step warned = SAYS(
		"{\"parameters\":{\"outcome\":\"applied\",\"applied\":[" TTL
		"],\"needsRestart\":[],\"rejected\":[],\"warnings\":[\"a key\",\"another\"]}}");
	static const struct step rejected = SAYS(RELOAD("rejected", "", "",
		"{\"file\":\"/x\",\"line\":7,\"setting\":\"records.ttl\",\"message\":\"bad\"},"
		"{\"file\":\"/x\",\"line\":null,\"setting\":null,\"message\":\"worse\"},"
		"{\"message\":\"worst\"}"));
	static const struct step denied = SAYS(
		"{\"error\":\"org.varlink.service.PermissionDenied\"}");

	(void)state;
	assert_table(
		"reload", &applied, EXIT_DONE, "applied: records.ttl: \"30m\" -> \"1h\"\n", "");
	assert_table("reload", &restart, EXIT_DONE,
		"applied: records.ttl: \"30m\" -> \"1h\"\n"
		"needs a restart: listen.workers: 0 -> 2\n",
		"");
	assert_table("reload --dry-run", &restart, EXIT_DONE,
		"would apply: records.ttl: \"30m\" -> \"1h\"\n"
		"would need a restart: listen.workers: 0 -> 2\n",
		"");
	assert_table("reload", &unchanged, EXIT_DONE, "nothing to change\n", "");
	assert_table("reload", &warned, EXIT_DONE, "applied: records.ttl: \"30m\" -> \"1h\"\n",
		"dhtctl: warning: a key\ndhtctl: warning: another\n");
	assert_table("reload", &rejected, EXIT_BAD_CONFIG, "",
		"dhtctl: /x:7: records.ttl: bad\n"
		"dhtctl: /x: worse\n"
		"dhtctl: worst\n"
		"dhtctl: the configuration is rejected, nothing has changed: mend it and reload "
		"again; dhtd --check looks without a server\n");
	assert_table("reload --quiet", &restart, EXIT_DONE, "", "");
	assert_table("reload -q", &rejected, EXIT_BAD_CONFIG, "", "");
	assert_json("reload -q", &rejected, EXIT_BAD_CONFIG, "");
	assert_table("reload -q", &denied, EXIT_NOT_PERMITTED, "", "");
	assert_table("reload -q now", NULL, EXIT_USAGE, "",
		"dhtctl: 'now' is one too many: this command takes options only\n");
	assert_json("reload", &unchanged, EXIT_DONE,
		"{\n  \"outcome\": \"unchanged\",\n  \"applied\": [],\n"
		"  \"needsRestart\": [],\n  \"rejected\": []\n}\n");
	assert_json("reload", &rejected, EXIT_BAD_CONFIG,
		"{\n  \"outcome\": \"rejected\",\n  \"applied\": [],\n  \"needsRestart\": [],\n"
		"  \"rejected\": [\n    {\n      \"file\": \"/x\",\n      \"line\": 7,\n"
		"      \"setting\": \"records.ttl\",\n      \"message\": \"bad\"\n    },\n"
		"    {\n      \"file\": \"/x\",\n      \"line\": null,\n"
		"      \"setting\": null,\n      \"message\": \"worse\"\n    },\n    {\n"
		"      \"message\": \"worst\"\n    }\n  ]\n}\n");
}

static void the_end_is_seen(void **state)
{
	static const struct step steps[] = {SAYS(STATUS("healthy", "", "1")),
		{.says = "{}", .len = 3, .closes = true, .leaves = true}};
	(void)state;
	assert_run("shutdown", false, steps, 2, EXIT_DONE, "stopped  yes\n", "");
	assert_run("shutdown", true, steps, 2, EXIT_DONE, "{\n  \"stopped\": true\n}\n", "");
}

static void waiting_ends(void **state)
{
	static const struct step steps[] = {SAYS(STATUS("healthy", "", "1")),
		SAYS(STATUS("healthy", "", "2")), SAYS(STATUS("healthy", "", "3"))};
	static const struct step few[] = {SAYS(STATUS("healthy", "", "2")),
		SAYS(STATUS("healthy", "", "2")), SAYS(STATUS("healthy", "", "2")),
		SAYS(STATUS("healthy", "", "2"))};
	static const struct step denied = SAYS(
		"{\"error\":\"org.varlink.service.PermissionDenied\"}");
	struct run r = {0};

	(void)state;
	assert_table("wait", &denied, EXIT_NOT_PERMITTED, "",
		"dhtctl: dhtd does not let you do this (GetStatus): root and the group of "
		"control.admin_group (_dht) may: 'adduser YOU _dht' and log in again, or sudo\n");
	assert_run("wait", false, steps, 1, EXIT_DONE, "members  1\n", "");
	assert_run("wait --members 3", true, steps, 3, EXIT_DONE, "{\n  \"members\": 3\n}\n", "");
	assert_run("wait --members 3 --timeout 60ms", false, few, COUNT(few), EXIT_NO_ANSWER, "",
		"dhtctl: after 60ms: 2 of 3 members are there: dhtctl status and peers say more\n");
	run_line(&r, "wait --timeout 60ms", false);
	assert_int_equal(r.status, EXIT_NO_ANSWER);
	assert_non_null(strstr(r.err, "after 60ms: cannot reach dhtd at "));
	free(r.out);
	free(r.err);
}

static void levels_are_shown_and_set(void **state)
{
	static const struct step shown = SAYS(STATUS("healthy", "", "1"));
	static const struct step set = SAYS(
		"{\"parameters\":{\"level\":\"debug\",\"before\":\"info\"}}");
	static const struct step refused = SAYS(
		"{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":{"
		"\"parameter\":\"level\"}}");

	(void)state;
	assert_table("log-level", &shown, EXIT_DONE, "level  info\n", "");
	assert_json("log-level", &shown, EXIT_DONE, "{\n  \"level\": \"info\"\n}\n");
	assert_table("log-level debug", &set, EXIT_DONE, "level   debug\nbefore  info\n", "");
	assert_table("log-level loud", &refused, EXIT_USAGE, "",
		"dhtctl: 'loud' is not a value for LEVEL: one of error, warning, notice, info, "
		"debug\n");
}

#define ENTRY(number, more)                                                                        \
	"{\"parameters\":{\"entry\":{\"sequence\":" number ",\"time\":\"2026-01-31T00:00:00Z\","   \
	"\"level\":\"info\",\"message\":\"a\\nb\"" more "},\"lost\":" number                       \
	"},\"continues\":true}"

static void lines_are_followed(void **state)
{
	static const struct step steps[] = {SAYS(STATUS("healthy", "", "1")),
		SAYS(ENTRY("0", ",\"event\":\"ready\",\"fields\":{\"DHT_A\":\"1\"}") "\0" ENTRY(
			"2", ""))};

	(void)state;
	assert_run("monitor --count 2", false, steps, 2, EXIT_DONE,
		"2026-01-31T00:00:00Z info a?b\n2026-01-31T00:00:00Z info a?b\n",
		"dhtctl: 2 lines are left out here\n");
	assert_run("monitor --level info --count 2", true, steps, 2, EXIT_DONE,
		"{\"sequence\":0,\"time\":\"2026-01-31T00:00:00Z\",\"level\":\"info\","
		"\"message\":\"a\\nb\",\"event\":\"ready\",\"fields\":{\"DHT_A\":\"1\"},"
		"\"lost\":0}\n"
		"{\"sequence\":2,\"time\":\"2026-01-31T00:00:00Z\",\"level\":\"info\","
		"\"message\":\"a\\nb\",\"event\":null,\"fields\":{},\"lost\":2}\n",
		"");
}

/* Whatever an answer is made of, nothing but a wrong table comes of it. */
static void other_shapes_do_no_harm(void **state)
{
	static const struct step odd[] = {SAYS("{}"),
		SAYS("{\"parameters\":{\"peers\":7,\"keys\":7,\"replicas\":-1,\"servers\":{},"
		     "\"partitions\":\"x\",\"wrongKeys\":1,\"settings\":{},\"requests\":[1],"
		     "\"health\":[],"
		     "\"outcome\":null,\"providers\":[1,{}],\"entry\":1,\"records\":-1}}"),
		SAYS("{\"parameters\":{\"peers\":[1,null,[]],\"keys\":[1,{}],\"replicas\":[1,{}],"
		     "\"servers\":[1,{}],\"wrongKeys\":[1,{}],\"persistent\":false,\"settings\":[1,"
		     "\"x\"],\"applied\":[1]"
		     ","
		     "\"outcome\":\"rejected\",\"rejected\":[1],\"providers\":{}}}")};
	static const char *const lines[] = {"status", "peers", "stats", "lookup 00", "config",
		"reload", "log-level", "log-level info", "partitions", "explain 00", "keys",
		"keys use 3f", "undrain", "add-peer x", "drop-peer x", "drain --timeout 1ms"};

	(void)state;
	for (size_t i = 0; i < COUNT(lines) * COUNT(odd) * 2; i++) {
		struct run r = {0};

		service_start(&r.service, &odd[i / 2 % COUNT(odd)], 1);
		run_line(&r, lines[i / 2 / COUNT(odd)], i % 2);
		service_end(&r.service);
		free(r.out);
		free(r.err);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_is_a_sheet),
		cmocka_unit_test(counters_are_grouped),
		cmocka_unit_test(counters_are_watched),
		cmocka_unit_test(all_pages_are_fetched),
		cmocka_unit_test(settings_have_a_place),
		cmocka_unit_test(reloads_tell_what_came_of_them),
		cmocka_unit_test(the_end_is_seen),
		cmocka_unit_test(waiting_ends),
		cmocka_unit_test(levels_are_shown_and_set),
		cmocka_unit_test(lines_are_followed),
		cmocka_unit_test(other_shapes_do_no_harm),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
