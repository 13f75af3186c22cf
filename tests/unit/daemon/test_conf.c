/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/err.h"
#include "daemon/conf.h"

#include "own_folder.h"

/* Loads dht.conf in the folder, whose faults must be these. */
static void expect_faults(const char *want)
{
	char got[8192];
	struct faults f = {0};
	struct conf conf;

	int err = conf_load(&conf, folder_path(&folder, "dht.conf"), NULL, &f);
	folder_faults(&folder, &f, got, sizeof(got));
	assert_string_equal(got, want);
	assert_int_equal(err, *want ? DHT_EINVAL : 0);
	conf_fini(&conf);
	faults_fini(&f);
}

static void each_fault_has_its_line(void **state)
{
	static const struct {
		const char *text, *faults;
	} cases[] = {
		{"", ""},
		{"listen: { };", ""},
		{"listen: { address = \"127.0.0.300\"; };",
			"@/dht.conf:1: listen.address: \"127.0.0.300\" is not an IP address\n"},
		{"listen: { address = \"0.0.0.0\"; };",
			"@/dht.conf:1: listen.address: \"0.0.0.0\" is not the address of one "
			"host: it belongs into listen.client_addresses\n"},
		{"listen: {\n address = 5;\n};",
			"@/dht.conf:2: listen.address: must be an address in quotes, not a whole "
			"number\n"},
		{"listen = 5;", "@/dht.conf:1: listen: must be a group, such as listen: { };\n"},
		{"listen: { ports = ( 1 ); };",
			"@/dht.conf:1: listen.ports: must be a group, such as ports: { };\n"},
		{"records: { ttl = \"30\"; };",
			"@/dht.conf:1: records.ttl: \"30\" has no unit: \"30s\"?\n"},
		{"colour = \"blue\";", "@/dht.conf:1: colour: unknown setting\n"},
		{"\nrecords: { tll = \"1m\"; };",
			"@/dht.conf:2: records.tll: unknown setting (did you mean records.ttl?)\n"},
		{"Records: { };", "@/dht.conf:1: Records: unknown setting (did you mean "
				  "records?)\n"},
		{"recordz: { ttl = 1; x = 2; };",
			"@/dht.conf:1: recordz: unknown setting (did you mean records?)\n"},
		{"records: { max_memory = \"64K\"; };",
			"@/dht.conf:1: records.max_memory: \"64K\" is out of range (\"0\", or "
			"\"1M\" to \"1048576T\")\n"},
		{"clients: { rate = 99999999999999999999; };",
			"@/dht.conf:1: clients.rate: the number is too large (0 to "
			"1000000000)\n"},
		{"listen: { ports: { client = 4294975766; }; };",
			"@/dht.conf:1: listen.ports.client: 4294975766 is out of range (1 to "
			"65535)\n"},
		{"clients: {\n allow = ( \"10.0.0.1/8\",\n  5,\n  \"x\" );\n};",
			"@/dht.conf:2: clients.allow: \"10.0.0.1/8\" has bits set behind its "
			"prefix: 10.0.0.0/8, or 10.0.0.1 alone?\n"
			"@/dht.conf:3: clients.allow: element 2 must be a string in quotes, not a "
			"whole number\n"
			"@/dht.conf:4: clients.allow: \"x\" is not an IP address or prefix: names "
			"are not looked up here: write the address\n"},
		{"log: { level = \"loud\"; };",
			"@/dht.conf:1: log.level: \"loud\" is not one of error, warning, notice, "
			"info, debug\n"},
		{"@include \"none.conf\"\nclients: { rate = true; };",
			"@/dht.conf:1: cannot include @/none.conf: No such file or directory\n"
			"@/dht.conf:2: clients.rate: must be a whole number, not true or false\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		folder_write(&folder, "dht.conf", cases[i].text, 0600);
		expect_faults(cases[i].faults);
	}
}

static void a_syntax_error_hides_what_it_causes(void **state)
{
	static const struct {
		const char *text, *faults;
	} cases[] = {
		{"a = ;", "@/dht.conf:1: syntax error near ';': the value is missing\n"},
		{"log: {", "@/dht.conf:1: syntax error at the end of the file: a '}' is missing, "
			   "for the '{' of line 1\n"},
		/* What stands behind a syntax error, or because of it, is not told. */
		{"listen: {\n address = \"x\";\nlog: { };\n",
			"@/dht.conf:3: syntax error at the end of the file: a '}' is missing, for "
			"the '{' of line 1\n"},
		{"clients: { require_auth = true; };\nlog: { level = \"loud\"; }; a = ;",
			"@/dht.conf:2: syntax error near ';': the value is missing\n"},
		/* An unclosed quote: the rest of the file is read as it was meant. */
		{"records: {\n ttl = \"1m;\n max_ttl = 5;\n};",
			"@/dht.conf:2: a string goes on over the end of the line: a quote is "
			"missing\n"
			"@/dht.conf:3: records.max_ttl: must be a duration in quotes, such as "
			"\"30s\" or \"24h\", not a whole number\n"},
		{"records: { ttl = \"1m\";\n ttl = \"2m\"; };",
			"@/dht.conf:2: records.ttl: is set twice in this file (first on line "
			"1)\n"},
		{"clients: { allow = (\n \"::1,\n \"::2\" ); rate = -1;",
			"@/dht.conf:2: a string goes on over the end of the line: a quote is "
			"missing\n"
			"@/dht.conf:3: clients.rate: -1 is out of range (0 to 1000000000)\n"},
		{"clients: { rate = -1; };\na = ;",
			"@/dht.conf:1: clients.rate: -1 is out of range (0 to 1000000000)\n"
			"@/dht.conf:2: syntax error near ';': the value is missing\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		folder_write(&folder, "dht.conf", cases[i].text, 0600);
		expect_faults(cases[i].faults);
	}
}

/* In the order of reading, whatever found them. */
static void faults_are_in_order(void **state)
{
	(void)state;
	assert_int_equal(mkdir(folder_path(&folder, "dht.conf.d"), 0700), 0);
	folder_write(&folder, "dht.conf.d/20-b.conf", "b = 1;\nc = ;", 0600);
	folder_write(&folder, "dht.conf.d/10-c.conf", "c = 1;", 0600);
	folder_write(&folder, "a.conf", "a = 1;", 0600);
	folder_write(&folder, "dht.conf", "x = 1;\n@include \"a.conf\"\ny = 1;", 0600);
	expect_faults("@/dht.conf:1: x: unknown setting\n"
		      "@/dht.conf:3: y: unknown setting\n"
		      "@/a.conf:1: a: unknown setting\n"
		      "@/dht.conf.d/10-c.conf:1: c: unknown setting\n"
		      "@/dht.conf.d/20-b.conf:1: b: unknown setting\n"
		      "@/dht.conf.d/20-b.conf:2: syntax error near ';': the value is missing\n");
	folder_write(&folder, "dht.conf",
		"records: { ttl = \"48h\"; };\nlisten: { ports = { client = 5;\n peer = 5; }; };\n",
		0600);
	unlink(folder_path(&folder, "dht.conf.d/20-b.conf"));
	unlink(folder_path(&folder, "dht.conf.d/10-c.conf"));
	expect_faults("@/dht.conf:1: records.ttl: \"48h\" is longer than records.max_ttl, \"24h\"\n"
		      "@/dht.conf:3: listen.ports.peer: 5 is listen.ports.client already\n");
}

static void a_file_that_is_not_there(void **state)
{
	struct faults f = {0};
	struct conf conf;

	(void)state;
	assert_int_equal(conf_load(&conf, "/nowhere/x.conf", NULL, &f), DHT_EINVAL);
	assert_int_equal(f.count, 1);
	assert_string_equal(f.v[0].text, "/nowhere/x.conf: cannot open: No such file or directory");
	faults_fini(&f);
	conf_fini(&conf);
	assert_int_equal(conf_load(&conf, folder.path, NULL, &f), DHT_EINVAL);
	assert_non_null(strstr(f.v[0].text, ": is a folder"));
	faults_fini(&f);
	conf_fini(&conf);
}

static void values_and_their_places(void **state)
{
	struct faults f = {0};
	struct conf conf;

	(void)state;
	folder_write(&folder, "dht.conf",
		"listen: { workers = 0x10; client_addresses = [ \"::\", \"0.0.0.0\" ]; };\n"
		"@include \"more.conf\"\n"
		"records: { max_records = 5000000000; max_memory = \"64M\"; };\n",
		0644);
	folder_write(&folder, "more.conf", "\nlog: { level = \"debug\"; };\n", 0644);
	const char *file = folder_path(&folder, "dht.conf");
	assert_int_equal(conf_load(&conf, file, NULL, &f), 0);
	assert_int_equal(conf.c.listen.workers, 16);
	assert_int_equal(conf.c.listen.client_port, 8470);
	assert_int_equal(conf.c.listen.client_addresses.count, 2);
	assert_int_equal(conf.c.records.max_records, 5000000000);
	assert_int_equal(conf.c.records.max_memory, 64 << 20);
	assert_int_equal(conf.c.records.ttl_ms, 1800000);
	assert_int_equal(conf.c.log.level, 4);
	assert_null(conf.password);

	struct place at = conf_place(&conf, "records.max_records");
	assert_string_equal(at.file, file);
	assert_int_equal(at.line, 3);
	at = conf_place(&conf, "log.level");
	assert_string_equal(at.file, folder_path(&folder, "more.conf"));
	assert_int_equal(at.line, 2);
	at = conf_place(&conf, "clients.rate");
	assert_string_equal(at.file, file);
	assert_int_equal(at.line, 0);
	conf_fini(&conf);
}

static void fragments_are_read_in_order(void **state)
{
	struct faults f = {0};
	struct conf conf;

	(void)state;
	folder_write(&folder, "dht.conf", "records: { ttl = \"1m\"; want_ttl = \"9m\"; };", 0644);
	assert_int_equal(mkdir(folder_path(&folder, "dht.conf.d"), 0755), 0);
	folder_write(&folder, "dht.conf.d/20-c.conf", "records: { ttl = \"3m\"; };", 0644);
	folder_write(&folder, "dht.conf.d/10-b.conf", "records: { ttl = \"2m\"; };", 0644);
	folder_write(&folder, "dht.conf.d/30-d.txt", "nonsense", 0644);
	folder_write(&folder, "dht.conf.d/.40-e.conf", "nonsense", 0644);
	folder_write(&folder, "dht.conf.d/.conf", "nonsense", 0644);
	assert_int_equal(conf_load(&conf, folder_path(&folder, "dht.conf"), NULL, &f), 0);
	assert_int_equal(conf.c.records.ttl_ms, 180000);
	assert_int_equal(conf.c.records.want_ttl_ms, 540000);
	assert_string_equal(conf_place(&conf, "records.ttl").file,
		folder_path(&folder, "dht.conf.d/20-c.conf"));
	conf_fini(&conf);

	/* A fault that a later file mends is a fault all the same. */
	folder_write(&folder, "dht.conf.d/10-b.conf", "records: { ttl = 2; };", 0644);
	expect_faults("@/dht.conf.d/10-b.conf:1: records.ttl: must be a duration in quotes, such "
		      "as \"30s\" or \"24h\", not a whole number\n");
}

/* A name that is relative when the daemon starts means the same when it reads it again. */
static void a_relative_name_is_made_absolute(void **state)
{
	struct faults f = {0};
	struct conf conf;
	char cwd[4096];

	(void)state;
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	folder_write(&folder, "dht.conf", "clients: { keys_file = \"keys\"; };", 0600);
	folder_write(&folder, "keys", "", 0600);
	assert_int_equal(chdir(folder.path), 0);
	int err = conf_load(&conf, "dht.conf", NULL, &f);
	assert_int_equal(chdir(cwd), 0);
	assert_int_equal(err, 0);
	assert_string_equal(conf.main_file, folder_path(&folder, "dht.conf"));
	assert_string_equal(conf.c.clients.keys_file, folder_path(&folder, "keys"));
	struct conf again;
	assert_int_equal(conf_load(&again, conf.main_file, NULL, &f), 0);
	assert_string_equal(again.c.clients.keys_file, conf.c.clients.keys_file);
	conf_fini(&again);
	conf_fini(&conf);
}

/* As another user where the test runs as root, who can read everything. */
static void a_folder_that_cannot_be_read(void **state)
{
	bool is_root = geteuid() == 0;

	(void)state;
	folder_write(&folder, "dht.conf", "", 0644);
	folder_write(&folder, "dht.conf.d", "", 0644);
	expect_faults("@/dht.conf.d: cannot read: Not a directory\n");
	assert_int_equal(unlink(folder_path(&folder, "dht.conf.d")), 0);
	assert_int_equal(mkdir(folder_path(&folder, "dht.conf.d"), 0), 0);
	assert_int_equal(chmod(folder.path, 0755), 0);
	if (is_root)
		assert_int_equal(seteuid(65534), 0);
	char got[1024];
	struct faults f = {0};
	struct conf conf;
	int err = conf_load(&conf, folder_path(&folder, "dht.conf"), NULL, &f);
	if (is_root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(err, DHT_EINVAL);
	folder_faults(&folder, &f, got, sizeof(got));
	assert_non_null(strstr(got, "@/dht.conf.d: cannot read: Permission denied: the server runs "
				    "as "));
	assert_non_null(strstr(got, " @/dht.conf.d && chmod 750 @/dht.conf.d\n"));
	faults_fini(&f);
	conf_fini(&conf);
}

static void collect(const char *path, const char *line, void *user)
{
	char *text = user;

	strcat(text, path);
	strcat(text, "|");
	strcat(text, strrchr(line, '/'));
	strcat(text, "\n");
}

static void what_is_not_used_is_noted(void **state)
{
	struct faults f = {0};
	struct conf conf;
	char text[2000] = "";

	(void)state;
	folder_write(&folder, "dht.conf",
		"cluster: { name = \"x\"; replicas = 3; };\nstorage: { mode = \"sync\"; };\n"
		"tracker: { enabled = true; interval = \"1800s\"; };\n"
		"metrics: { listen = \"\"; };\nrecords: { ttl = \"1m\"; };\n",
		0600);
	assert_int_equal(conf_load(&conf, folder_path(&folder, "dht.conf"), NULL, &f), 0);
	assert_int_equal(conf_each_unused(&conf, collect, text), 0);
	assert_string_equal(text,
		"storage.mode|/dht.conf:2: storage.mode: this version does not use it yet\n"
		"tracker.enabled|/dht.conf:3: tracker.enabled: this version does not use it "
		"yet\n");
	conf_fini(&conf);
}

static void a_plain_password_must_not_be_read_by_others(void **state)
{
	static const char text[] = "password = \"sesame\";\n";

	(void)state;
	folder_write(&folder, "dht.conf", text, 0600);
	expect_faults("");
	folder_write(&folder, "dht.conf", text, 0640);
	expect_faults("");
	folder_write(&folder, "dht.conf", text, 0644);
	expect_faults("@/dht.conf:1: password: is in plain text in a file of mode 0644: others "
		      "must not be able to read or change it: chmod o-rw,g-w @/dht.conf\n");
	folder_write(&folder, "dht.conf", "@include \"hidden.conf\"\n", 0644);
	folder_write(&folder, "hidden.conf", text, 0600);
	expect_faults("");
	folder_write(&folder, "hidden.conf", text, 0604);
	expect_faults("@/hidden.conf:1: password: is in plain text in a file of mode 0604: others "
		      "must not be able to read or change it: chmod o-rw,g-w @/hidden.conf\n");
	folder_write(&folder, "dht.conf", "password = \"\";\n", 0644);
	expect_faults("");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_fault_has_its_line),
		TEST(a_syntax_error_hides_what_it_causes),
		TEST(faults_are_in_order),
		TEST(a_file_that_is_not_there),
		TEST(values_and_their_places),
		TEST(fragments_are_read_in_order),
		TEST(a_relative_name_is_made_absolute),
		TEST(a_folder_that_cannot_be_read),
		TEST(what_is_not_used_is_noted),
		TEST(a_plain_password_must_not_be_read_by_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
