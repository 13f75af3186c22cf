/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands of dhtctl about its server's cluster. */
#include "command.h"

#define PEER(address, port, state, link, more)                                                     \
	"{\"address\":\"" address "\",\"port\":" port ",\"clientPort\":8470,\"state\":\"" state    \
	"\",\"link\":\"" link "\"," more ",\"keyIds\":[\"3f\"]}"

static void peers_are_rows(void **state)
{
	static const struct step none = SAYS("{\"parameters\":{\"peers\":[],\"wrongKeys\":[]}}");
	static const struct step two = SAYS("{\"parameters\":{\"peers\":[" PEER("192.0.2.7", "8471",
		"alive", "good",
		"\"roundTripMicroseconds\":1250,\"lossPermille\":5,"
		"\"lastHeardMilliseconds\":210,\"clockOffsetMilliseconds\":-1234,"
		"\"zone\":\"e1\",\"version\":\"1.0\"") "," PEER("2001:db8::7", "9000", "dead",
		"none",
		"\"roundTripMicroseconds\":0,\"lossPermille\":1000,"
		"\"lastHeardMilliseconds\":61500,\"clockOffsetMilliseconds\":null,"
		"\"zone\":\"\",\"version\":\"\"") "," PEER("192.0.2.9", "8471", "alive",
		"heardOnly",
		"\"roundTripMicroseconds\":0,\"lossPermille\":0,"
		"\"lastHeardMilliseconds\":null,\"clockOffsetMilliseconds\":61000") "],"
										    "\"wrongKeys\":"
										    "[]}}");

	(void)state;
	assert_table("peers", &none, EXIT_DONE, "", "dhtctl: no other servers\n");
	assert_table("peers", &two, EXIT_DONE,
		"ADDRESS             STATE  LINK       ROUND TRIP     LOSS  LAST HEARD   CLOCK  "
		"ZONE  VERSION\n"
		"192.0.2.7:8471      alive  good          1.25 ms    0.5 %      210 ms  -1.2 s  "
		"e1    1.0\n"
		"[2001:db8::7]:9000  dead   none                -  100.0 %       1m 1s       -  "
		"-     -\n"
		"192.0.2.9:8471      alive  heardOnly           -    0.0 %           -  +1m 1s  "
		"-     -\n",
		"");
	assert_json("peers", &none, EXIT_DONE, "{\n  \"peers\": [],\n  \"wrongKeys\": []\n}\n");
}

static void wrong_keys_are_named(void **state)
{
	static const struct step step = SAYS(
		"{\"parameters\":{\"peers\":[],\"wrongKeys\":["
		"{\"address\":\"192.0.2.1\",\"fault\":\"unknownKey\",\"keyId\":\"3f\","
		"\"lastMilliseconds\":400,\"count\":2,\"expected\":true},"
		"{\"address\":\"192.0.2.2\",\"fault\":\"otherKey\",\"keyId\":\"a1\","
		"\"lastMilliseconds\":2500,\"count\":1},"
		"{\"address\":\"192.0.2.3\",\"fault\":\"inClear\",\"keyId\":null,"
		"\"lastMilliseconds\":0,\"count\":1},"
		"{\"address\":\"192.0.2.4\",\"fault\":\"sealed\",\"keyId\":\"a1\","
		"\"lastMilliseconds\":90000,\"count\":1}]}}");

	(void)state;
	assert_table("peers", &step, EXIT_DONE, "",
		"dhtctl: no other servers\n"
		"dhtctl: wrong key: 192.0.2.1 seals with the key 3f, which this server does not "
		"have (2 datagrams, the last 400 ms ago)\n"
		"dhtctl: wrong key: 192.0.2.2 seals with another key than this server's a1 (1 "
		"datagram, the last 2.5 s ago)\n"
		"dhtctl: wrong key: 192.0.2.3 talks in clear, and this server has a key (1 "
		"datagram, the last 0 ms ago)\n"
		"dhtctl: wrong key: 192.0.2.4 seals with the key a1, and this server has none (1 "
		"datagram, the last 1m 30s ago)\n");
}

static void silent_seeds_are_named(void **state)
{
	static const struct step step = SAYS(
		"{\"parameters\":{\"peers\":[],\"silentSeeds\":["
		"{\"address\":\"192.0.2.1\",\"port\":8471,\"silentSeconds\":300},"
		"{\"address\":\"2001:db8::1\",\"port\":7,\"silentSeconds\":7260}]}}");

	(void)state;
	assert_table("peers", &step, EXIT_DONE, "",
		"dhtctl: no other servers\n"
		"dhtctl: seed 192.0.2.1:8471 has not answered for 5m (does it run, with the same "
		"key?)\n"
		"dhtctl: seed [2001:db8::1]:7 has not answered for 2h 1m (does it run, with the "
		"same key?)\n");
}

#define STATUS(more) "{\"parameters\":{\"health\":\"healthy\",\"members\":3,\"known\":4" more "}}"

static void a_place_in_the_cluster_is_two_lines(void **state)
{
	static const struct step plain = SAYS(
		STATUS(",\"settled\":true,\"leaving\":false,\"drained\":false,"
		       "\"partitions\":{\"owned\":8000,\"partial\":0,\"kept\":0}"));
	static const struct step moving = SAYS(
		STATUS(",\"settled\":false,\"leaving\":true,\"drained\":false,"
		       "\"partitions\":{\"owned\":8000,\"partial\":12,\"kept\":40}"));
	static const struct step drained = SAYS(
		STATUS(",\"settled\":true,\"leaving\":true,\"drained\":true,"
		       "\"partitions\":{\"owned\":0,\"partial\":0,\"kept\":40}"));

	(void)state;
	assert_table("status", &plain, EXIT_DONE,
		"health      healthy\nmembers     3 of 4 alive\npartitions  8000 owned\n", "");
	assert_table("status", &moving, EXIT_DONE,
		"health      healthy\n"
		"members     3 of 4 alive, catching up, draining\n"
		"partitions  8000 owned, 12 to get, 40 kept for others\n",
		"");
	assert_table("status", &drained, EXIT_DONE,
		"health      healthy\nmembers     3 of 4 alive, drained\npartitions  0 owned\n",
		"");
}

#define COUNTS                                                                                     \
	"\"total\":16384,\"replicas\":2,\"own\":{\"none\":1,\"partial\":2,\"complete\":9,"         \
	"\"kept\":3}"
#define SERVERS                                                                                    \
	",\"servers\":[{\"address\":\"192.0.2.1\",\"port\":8471,\"partitions\":8192,"              \
	"\"self\":true},{\"address\":\"192.0.2.2\",\"port\":8471,\"partitions\":5,\"self\":false}" \
	"]"
#define ROW(n, state, owners)                                                                      \
	"{\"partition\":" n ",\"state\":\"" state "\",\"owners\":[" owners "]}"

static void shares_are_rows(void **state)
{
	static const struct step step = SAYS(
		"{\"parameters\":{" COUNTS SERVERS ",\"partitions\":[],\"next\":0}}");

	(void)state;
	assert_table("partitions", &step, EXIT_DONE,
		"SERVER          OWNS   SHARE  HAS\n"
		"192.0.2.1:8471  8192  50.0 %  9 complete, 2 partial, 3 kept for others\n"
		"192.0.2.2:8471     5   0.0 %  -\n",
		"");
}

static void all_partitions_are_fetched(void **state)
{
	static const struct step pages[] = {
		SAYS("{\"parameters\":{" COUNTS ",\"servers\":[],\"partitions\":[" ROW(
			"0", "complete", "\"192.0.2.1:8471\",\"192.0.2.2:8471\"") "],\"next\":1}}"),
		SAYS("{\"parameters\":{" COUNTS
		     ",\"servers\":[],\"partitions\":[" ROW("1", "partial", "") "],\"next\":0}}"),
	};

	(void)state;
	assert_run("partitions --list", false, pages, 2, EXIT_DONE,
		"PARTITION  HERE      OWNERS\n"
		"        0  complete  192.0.2.1:8471 192.0.2.2:8471\n"
		"        1  partial   -\n",
		"");
	assert_run("partitions --list", true, pages, 2, EXIT_DONE,
		"{\n  \"total\": 16384,\n  \"replicas\": 2,\n  \"own\": {\n"
		"    \"none\": 1,\n    \"partial\": 2,\n    \"complete\": 9,\n"
		"    \"kept\": 3\n  },\n  \"servers\": [],\n  \"partitions\": [\n    {\n"
		"      \"partition\": 0,\n      \"state\": \"complete\",\n"
		"      \"owners\": [\n        \"192.0.2.1:8471\",\n"
		"        \"192.0.2.2:8471\"\n      ]\n    },\n    {\n"
		"      \"partition\": 1,\n      \"state\": \"partial\",\n"
		"      \"owners\": []\n    }\n  ]\n}\n",
		"");
}

#define REPLICA(address, more)                                                                     \
	"{\"address\":\"" address "\",\"port\":8471,\"state\":\"alive\"," more "}"
#define EXPLAINED(replicas)                                                                        \
	"{\"parameters\":{\"hash\":\"abcd\",\"partition\":5,\"replicas\":[" replicas "]}}"
#define HAS                                                                                        \
	REPLICA("192.0.2.1", "\"self\":true,\"owner\":true,\"answered\":true,\"complete\":true,"   \
			     "\"providers\":2,"                                                    \
			     "\"version\":\"018f\",\"ttlSeconds\":61")
#define SILENT                                                                                     \
	REPLICA("192.0.2.2",                                                                       \
		"\"self\":false,\"owner\":true,\"answered\":false,\"complete\":false,"             \
		"\"providers\":0,\"version\":null,\"ttlSeconds\":0")
#define NEXT                                                                                       \
	REPLICA("192.0.2.3",                                                                       \
		"\"self\":false,\"owner\":false,\"answered\":true,\"complete\":false,"             \
		"\"providers\":0,\"version\":null,\"ttlSeconds\":0")

static void a_hash_is_explained(void **state)
{
	static const struct step all = SAYS(EXPLAINED(HAS "," NEXT));
	static const struct step some = SAYS(EXPLAINED(HAS "," SILENT));
	static const struct step none = SAYS(EXPLAINED(NEXT));
	static const struct step busy = SAYS(
		"{\"error\":\"org.dht.Control.Refused\",\"parameters\":{"
		"\"reason\":\"8 questions are being asked already\",\"hint\":\"try again\"}}");
	static const char note[] = "dhtctl: abcd is in partition 5\n";

	(void)state;
	assert_table("explain ABCD", &all, EXIT_DONE,
		"SERVER          ROLE   STATE  HAS      PROVIDERS  VERSION  TIME LEFT\n"
		"192.0.2.1:8471  owner  alive  all              2  018f         1m 1s\n"
		"192.0.2.3:8471  next   alive  nothing          0  -                -\n",
		note);
	assert_table("explain abcd", &some, EXIT_PARTIAL,
		"SERVER          ROLE   STATE  HAS        PROVIDERS  VERSION  TIME LEFT\n"
		"192.0.2.1:8471  owner  alive  all                2  018f         1m 1s\n"
		"192.0.2.2:8471  owner  alive  no answer          -  -                -\n",
		note);
	assert_table("explain abcd", &none, EXIT_NOT_FOUND,
		"SERVER          ROLE  STATE  HAS      PROVIDERS  VERSION  TIME LEFT\n"
		"192.0.2.3:8471  next  alive  nothing          0  -                -\n",
		note);
	assert_table("explain abcd", &busy, EXIT_FAILED, "",
		"dhtctl: 8 questions are being asked already: try again\n");
	assert_table("explain", NULL, EXIT_USAGE, "",
		"dhtctl: explain takes one hash, not 0: dhtctl explain HASH\n");
	assert_table("explain xyz", NULL, EXIT_USAGE, "",
		"dhtctl: 'xyz' is not a hash: hexadecimal of 1 to 64 bytes, sha256:..., or a "
		"magnet link\n");
}

#define KEYS                                                                                       \
	"\"keys\":[{\"id\":\"3f\",\"here\":true,\"seals\":true,\"held\":3,\"sealing\":2,"          \
	"\"members\":3},{\"id\":\"a1\",\"here\":true,\"seals\":false,\"held\":2,\"sealing\":1,"    \
	"\"members\":3},{\"id\":\"b2\",\"here\":false,\"seals\":false,\"held\":1,"                 \
	"\"sealing\":0,\"members\":3}]"
#define TABLE                                                                                      \
	"KEY  THIS SERVER  HELD BY  SEALS ON\n"                                                    \
	"3f   seals         3 of 3    2 of 3\n"                                                    \
	"a1   opens         2 of 3    1 of 3\n"                                                    \
	"b2   not here      1 of 3    0 of 3\n"
#define KEY "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static void keys_are_rows(void **state)
{
	static const struct step some = SAYS("{\"parameters\":{" KEYS "}}");
	static const struct step none = SAYS("{\"parameters\":{\"keys\":[]}}");

	(void)state;
	assert_table("keys", &some, EXIT_DONE, TABLE, "");
	assert_table("keys list", &some, EXIT_DONE, TABLE, "");
	assert_table("keys", &none, EXIT_DONE, "", "dhtctl: no keys: the servers talk in clear\n");
	assert_json("keys", &none, EXIT_DONE, "{\n  \"keys\": []\n}\n");
}

static void keys_are_changed(void **state)
{
	static const struct step kept = SAYS(
		"{\"parameters\":{" KEYS ",\"id\":\"a1\",\"persistent\":true,\"problem\":null}}");
	static const struct step lost = SAYS(
		"{\"parameters\":{" KEYS ",\"id\":\"a1\",\"persistent\":false,"
		"\"problem\":\"cannot write\"}}");
	static const struct step early = SAYS(
		"{\"error\":\"org.dht.Control.Refused\",\"parameters\":{"
		"\"reason\":\"x does not have it\",\"hint\":\"add it there\"}}");
	static const struct step unknown = SAYS(
		"{\"error\":\"org.dht.Control.NotFound\",\"parameters\":{"
		"\"reason\":\"no key b2\",\"hint\":null}}");

	(void)state;
	assert_table("keys use a1", &kept, EXIT_DONE, TABLE, "");
	assert_table("keys remove a1", &lost, EXIT_DONE, TABLE,
		"dhtctl: warning: this is lost with the next start or reload: cannot write: change "
		"the keys of cluster.key_file yourself, the first seals\n");
	assert_table("keys use a1", &early, EXIT_FAILED, "",
		"dhtctl: x does not have it: add it there\n");
	assert_table("keys remove b2", &unknown, EXIT_NOT_FOUND, "", "dhtctl: no key b2\n");
	assert_table("keys use", NULL, EXIT_USAGE, "",
		"dhtctl: keys use takes the id of a key: dhtctl keys lists them\n");
	assert_table("keys use 3fx", NULL, EXIT_USAGE, "",
		"dhtctl: '3fx' is not a key's id: dhtctl keys lists them\n");
	assert_table("keys use zz", NULL, EXIT_USAGE, "",
		"dhtctl: 'zz' is not a key's id: dhtctl keys lists them\n");
	assert_table("keys use 3f a1", NULL, EXIT_USAGE, "",
		"dhtctl: 'a1' is one too many: this command takes options only\n");
	assert_table("keys change", NULL, EXIT_USAGE, "",
		"dhtctl: 'change' is nothing that keys can do: list, add, use ID or remove ID\n");
	assert_table("keys --key-file x", NULL, EXIT_USAGE, "",
		"dhtctl: --key-file is for add only: dhtctl keys add\n");
}

/* A run of keys add with this file's content; gives what the service was asked. */
static const char *add_key(struct run *r, const char *content)
{
	static const struct step kept = SAYS(
		"{\"parameters\":{" KEYS ",\"id\":\"a1\",\"persistent\":true,\"problem\":null}}");
	char line[200];

	*r = (struct run){0};
	snprintf(line, sizeof(line), "keys add --key-file %s", scratch_write("key", content, 0600));
	service_start(&r->service, &kept, 1);
	run_line(r, line, false);
	service_end(&r->service);
	return r->service.calls[0];
}

static void a_key_comes_from_a_file(void **state)
{
	struct run r;

	(void)state;
	assert_string_equal(add_key(&r, "# dht cluster key a1\n" KEY "\n"),
		"{\"method\":\"org.dht.Control.AddKey\",\"parameters\":{\"key\":\"" KEY "\"}}");
	assert_int_equal(r.status, EXIT_DONE);
	assert_string_equal(r.out, TABLE);
	free(r.out);
	free(r.err);
	add_key(&r, "secret\n");
	assert_int_equal(r.status, EXIT_FAILED);
	assert_int_equal(r.service.call_count, 0);
	assert_non_null(strstr(r.err, "a key is 64 hexadecimal digits"));
	assert_null(strstr(r.err, "secret"));
	free(r.out);
	free(r.err);
	assert_table("keys add " KEY, NULL, EXIT_USAGE, "",
		"dhtctl: a key is never an argument: others see those: it comes from --key-file or "
		"standard input\n");
}

#define DRAINED(drained, owned, kept)                                                              \
	"{\"parameters\":{\"drained\":" drained ",\"partitions\":{\"owned\":" owned                \
	",\"partial\":0,\"kept\":" kept "}}}"

static void draining_is_waited_for(void **state)
{
	static const struct step steps[] = {SAYS(DRAINED("false", "9", "0")),
		SAYS(DRAINED("false", "0", "9")), SAYS(DRAINED("true", "0", "0"))};
	static const struct step at_once = SAYS(DRAINED("true", "0", "0"));
	static const struct step never[] = {SAYS(DRAINED("false", "9", "0")),
		SAYS(DRAINED("false", "1", "8")), SAYS(DRAINED("false", "1", "8"))};
	static const struct step not_drained = SAYS(
		"{\"parameters\":{\"drained\":false,\"partitions\":{},\"changed\":false}}");
	static const struct step alone = SAYS(
		"{\"error\":\"org.dht.Control.Refused\",\"parameters\":{"
		"\"reason\":\"there is nobody\"}}");

	(void)state;
	assert_run("drain", false, steps, 3, EXIT_DONE, "drained  yes\n", "");
	assert_json("drain", &at_once, EXIT_DONE,
		"{\n  \"drained\": true,\n  \"partitions\": {\n    \"owned\": 0,\n"
		"    \"kept\": 0\n  }\n}\n");
	assert_run("drain --timeout 50ms", false, never, 3, EXIT_NO_ANSWER, "",
		"dhtctl: after 50ms: 9 partitions are not with others yet: it goes on: dhtctl "
		"status shows how far, dhtctl undrain takes it back\n");
	assert_table("drain", &alone, EXIT_FAILED, "", "dhtctl: there is nobody\n");
	assert_table("undrain", &steps[0], EXIT_DONE, "",
		"dhtctl: it gets its share again: dhtctl status shows how far\n");
	assert_table("undrain", &not_drained, EXIT_DONE, "",
		"dhtctl: it is not being drained: there is nothing to take back\n");
	assert_json("undrain", &at_once, EXIT_DONE,
		"{\n  \"drained\": true,\n  \"partitions\": {\n    \"owned\": 0,\n"
		"    \"partial\": 0,\n    \"kept\": 0\n  }\n}\n");
}

static void peers_are_added_and_dropped(void **state)
{
	static const struct step added = SAYS("{\"parameters\":{\"address\":\"a:1\"}}");
	static const struct step alive = SAYS(
		"{\"parameters\":{\"address\":\"a:1\",\"member\":\"alive\"}}");
	static const struct step dead = SAYS(
		"{\"parameters\":{\"address\":\"a:1\",\"member\":\"dead\"}}");
	static const struct step gone = SAYS(
		"{\"parameters\":{\"address\":\"a:1\",\"forgotten\":true}}");
	static const struct step stays = SAYS(
		"{\"parameters\":{\"address\":\"a:1\",\"forgotten\":false}}");

	static const struct step wrong = SAYS("{\"error\":\"org.varlink.service.InvalidParameter\","
					      "\"parameters\":{\"parameter\":\"address\"}}");

	(void)state;
	assert_table("add-peer a", &added, EXIT_DONE, "",
		"dhtctl: it is asked to join: dhtctl peers shows it when it has\n");
	assert_table(
		"add-peer a", &alive, EXIT_DONE, "", "dhtctl: it is a member already (alive)\n");
	assert_table("add-peer a", &dead, EXIT_DONE, "",
		"dhtctl: it is a member already, and dead: it is tried again now\n");
	assert_json("add-peer a", &added, EXIT_DONE, "{\n  \"address\": \"a:1\"\n}\n");
	assert_table("drop-peer a", &gone, EXIT_DONE, "", "dhtctl: all servers forget it\n");
	assert_table("drop-peer a", &stays, EXIT_DONE, "",
		"dhtctl: it is not dead: it has to answer for itself, and stays if it does\n");
	assert_table("add-peer b", &wrong, EXIT_USAGE, "",
		"dhtctl: 'b' is not the address of a server: IP, IPV4:PORT or [IPV6]:PORT\n");
	assert_table("drop-peer b", &wrong, EXIT_USAGE, "",
		"dhtctl: 'b' is not the address of a server: IP, IPV4:PORT or [IPV6]:PORT\n");
	assert_table("add-peer", NULL, EXIT_USAGE, "",
		"dhtctl: add-peer takes one address, not 0: dhtctl add-peer ADDRESS\n");
	assert_table("drop-peer a b", NULL, EXIT_USAGE, "",
		"dhtctl: drop-peer takes one address, not 2: dhtctl drop-peer ADDRESS\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(peers_are_rows),
		cmocka_unit_test(wrong_keys_are_named),
		cmocka_unit_test(silent_seeds_are_named),
		cmocka_unit_test(a_place_in_the_cluster_is_two_lines),
		cmocka_unit_test(shares_are_rows),
		cmocka_unit_test(all_partitions_are_fetched),
		cmocka_unit_test(a_hash_is_explained),
		cmocka_unit_test(keys_are_rows),
		cmocka_unit_test(keys_are_changed),
		cmocka_unit_test(a_key_comes_from_a_file),
		cmocka_unit_test(draining_is_waited_for),
		cmocka_unit_test(peers_are_added_and_dropped),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
