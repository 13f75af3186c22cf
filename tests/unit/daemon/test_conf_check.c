/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <grp.h>
#include <pwd.h>

#include <sodium.h>

#include "base/err.h"
#include "daemon/conf_check.h"
#include "daemon/secret.h"

#include "folder.h"

/* A setting whose hash has these costs. */
#define HASHED(costs)                                                                              \
	"password = \"$argon2id$v=19$" costs                                                       \
	"$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\";"

static struct folder folder;

static int make_folder(void **state)
{
	(void)state;
	folder_make(&folder);
	return sodium_init() < 0;
}

static int remove_folder(void **state)
{
	(void)state;
	folder_remove(&folder);
	return 0;
}

/* Loads this text as dht.conf; its faults must be these. conf is to be freed. */
static void load(struct conf *conf, const char *text, const char *credentials, const char *want)
{
	char got[8192];
	struct faults f = {0};

	folder_write(&folder, "dht.conf", text, 0600);
	int err = conf_load(conf, folder_path(&folder, "dht.conf"), credentials, &f);
	folder_faults(&folder, &f, got, sizeof(got));
	assert_string_equal(got, want);
	assert_int_equal(err, *want ? DHT_EINVAL : 0);
	faults_fini(&f);
}

static void expect(const char *text, const char *want)
{
	struct conf conf;

	load(&conf, text, NULL, want);
	conf_fini(&conf);
}

struct faulty {
	const char *text, *faults;
};

static void expect_all(const struct faulty *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		expect(cases[i].text, cases[i].faults);
}

static void ports_that_are_alike(void **state)
{
	static const struct faulty cases[] = {
		/* The later one of two is the one to mend. */
		{"listen: { ports: { client_reply = 5;\n client = 5; }; };",
			"@/dht.conf:2: listen.ports.client: 5 is listen.ports.client_reply "
			"already\n"},
		{"tracker: { port = 9;\n };\nlisten: { ports: { peer = 9;\n keepalive = 8470; }; "
		 "};",
			"@/dht.conf:3: listen.ports.peer: 9 is tracker.port already\n"
			"@/dht.conf:4: listen.ports.keepalive: 8470 is listen.ports.client "
			"already\n"},
		/* What nobody has asked for, and is not used, is in nobody's way. */
		{"listen: { ports: { client = 8471; client_reply = 6969; }; };", ""},
		{"listen: { ports: { client = 8471; peer = 8471; }; };",
			"@/dht.conf:1: listen.ports.peer: 8471 is listen.ports.client already\n"},
	};

	(void)state;
	expect_all(cases, COUNT(cases));
}

static void settings_of_the_cluster(void **state)
{
	static const struct faulty cases[] = {
		{"cluster: { replicas = 1; };",
			"@/dht.conf:1: cluster.replicas: 1 is less than cluster.write_quorum, "
			"2\n"},
		{"cluster: { write_quorum = 4; };",
			"@/dht.conf:1: cluster.write_quorum: 4 is more than cluster.replicas, "
			"3\n"},
		{"cluster: { suspect_after = \"10s\"; };",
			"@/dht.conf:1: cluster.suspect_after: \"10s\" is not shorter than "
			"cluster.drop_after, \"10s\"\n"},
		{"cluster: { drop_after = \"2s\"; };",
			"@/dht.conf:1: cluster.drop_after: \"2s\" is not longer than "
			"cluster.suspect_after, \"5s\"\n"},
		{"cluster: { keepalive_interval = \"5s\"; };",
			"@/dht.conf:1: cluster.keepalive_interval: \"5s\" is not shorter than "
			"cluster.suspect_after, \"5s\"\n"},
		{"cluster: { key_file = \"none\"; };",
			"@/dht.conf:1: cluster.key_file: there is no @/none (dhtctl keygen makes "
			"a key, the same for all servers)\n"},
	};

	(void)state;
	expect_all(cases, COUNT(cases));
}

static void settings_that_do_not_go_together(void **state)
{
	static const struct faulty cases[] = {
		{"records: { ttl = \"2h\"; max_ttl = \"1h\"; };",
			"@/dht.conf:1: records.ttl: \"2h\" is longer than records.max_ttl, "
			"\"1h\"\n"},
		{"records: { ttl = \"25h\"; };",
			"@/dht.conf:1: records.ttl: \"25h\" is longer than records.max_ttl, "
			"\"24h\"\n"},
		{"records: {\n max_ttl = \"1m\"; };",
			"@/dht.conf:2: records.max_ttl: \"1m\" is shorter than records.ttl, "
			"\"30m\"\n"},
		{"records: { ttl = \"24h\"; };", ""},
		/* One mistake is enough. */
		{"records: { ttl = \"2h\"; max_ttl = 5; };",
			"@/dht.conf:1: records.max_ttl: must be a duration in quotes, such as "
			"\"30s\" or \"24h\", not a whole number\n"},
		{"listen: { ports: { client = 5; client_reply = 5; }; };",
			"@/dht.conf:1: listen.ports.client_reply: 5 is listen.ports.client "
			"already; "
			"0 means the port that was asked\n"},
		{"listen: { client_addresses = ( \"127.0.0.1\" ); };",
			"@/dht.conf:1: listen.client_addresses: 127.0.0.1 is there twice, or is "
			"listen.address\n"},
		{"listen: { client_addresses = ( \"::1\", \"127.0.0.2\", \"0::1\" ); };",
			"@/dht.conf:1: listen.client_addresses: ::1 is there twice, or is "
			"listen.address\n"},
		{"clients: { require_auth = true; };",
			"@/dht.conf:1: clients.require_auth: there is no key in clients.keys_file, "
			"so nobody could announce anything\n"},
		{"password = \"a\";\npassword_file = \"b\";",
			"@/dht.conf:2: password_file: must not be set beside password\n"},
		{"password = \"$argon2id$v=19$broken\";",
			"@/dht.conf:1: password: looks like an Argon2 hash, but is none\n"},
		{HASHED("m=8,t=4294967295,p=1"),
			"@/dht.conf:1: password: the hash costs too much to check: m times t is "
			"above 4194304 (dhtctl hash-password makes one that does not)\n"},
		{HASHED("m=1048577,t=4,p=1"),
			"@/dht.conf:1: password: the hash costs too much to check: m times t is "
			"above 4194304 (dhtctl hash-password makes one that does not)\n"},
		{HASHED("m=1048576,t=4,p=1"), ""},
		{"password_file = \"none\";",
			"@/dht.conf:1: password_file: cannot open @/none: No such file or "
			"directory\n"},
		{"clients: { keys_file = \"none\"; require_auth = true; };",
			"@/dht.conf:1: clients.keys_file: cannot open @/none: No such file or "
			"directory\n"},
	};

	(void)state;
	expect_all(cases, COUNT(cases));
}

static void a_socket_that_is_too_long(void **state)
{
	char text[300], name[109] = "/";
	struct conf conf;

	(void)state;
	memset(name + 1, 'x', 106);
	snprintf(text, sizeof(text), "control: { socket = \"%s\"; };", name);
	load(&conf, text, NULL, "");
	conf_fini(&conf);
	name[107] = 'x';
	snprintf(text, sizeof(text), "control: { socket = \"%s\"; };", name);
	struct faults f = {0};
	folder_write(&folder, "dht.conf", text, 0600);
	assert_int_equal(conf_load(&conf, folder_path(&folder, "dht.conf"), NULL, &f), DHT_EINVAL);
	assert_int_equal(f.count, 1);
	assert_non_null(strstr(f.v[0].message, "is longer than 107 bytes"));
	faults_fini(&f);
	conf_fini(&conf);
}

static void the_password_of_a_file(void **state)
{
	struct conf conf;

	(void)state;
	folder_write(&folder, "pw", "sesame\n", 0640);
	load(&conf, "password_file = \"pw\";", NULL, "");
	assert_string_equal(conf.password, "sesame");
	conf_fini(&conf);

	/* A line's end is no part of the password, whatever it looks like; a space is. */
	folder_write(&folder, "pw", "sesame \r\n\n", 0600);
	load(&conf, "password_file = \"pw\";", NULL, "");
	assert_string_equal(conf.password, "sesame ");
	conf_fini(&conf);
	folder_write(&folder, "pw", "sesame\nopen\n", 0600);
	expect("password_file = \"pw\";",
		"@/dht.conf:1: password_file: @/pw has more than one line\n");

	folder_write(&folder, "pw", "\n", 0600);
	expect("password_file = \"pw\";", "@/dht.conf:1: password_file: the password is empty\n");
	folder_write(&folder, "pw", "sesame", 0604);
	expect("password_file = \"pw\";",
		"@/dht.conf:1: password_file: @/pw has mode 0604: others must not be able to read "
		"or change it: chmod o-rw,g-w @/pw\n");
}

static void a_password_that_is_too_long(void **state)
{
	char text[SECRET_PASSWORD_MAX + 2];
	struct conf conf;

	(void)state;
	memset(text, 'x', sizeof(text));
	folder_write_bytes(&folder, "pw", text, SECRET_PASSWORD_MAX, 0600);
	load(&conf, "password_file = \"pw\";", NULL, "");
	assert_int_equal(strlen(conf.password), SECRET_PASSWORD_MAX);
	conf_fini(&conf);
	folder_write_bytes(&folder, "pw", text, SECRET_PASSWORD_MAX + 1, 0600);
	expect("password_file = \"pw\";",
		"@/dht.conf:1: password_file: the password is longer than 512 bytes\n");
}

static void a_hash_is_taken_as_one(void **state)
{
	char hash[crypto_pwhash_STRBYTES], text[300];
	struct conf conf;

	(void)state;
	assert_int_equal(crypto_pwhash_str(hash, "sesame", 6, crypto_pwhash_OPSLIMIT_MIN,
				 crypto_pwhash_MEMLIMIT_MIN),
		0);
	snprintf(text, sizeof(text), "password = \"%s\";", hash);
	load(&conf, text, NULL, "");
	assert_true(secret_is_hash(conf.password));
	conf_fini(&conf);
}

static void the_credential_comes_last(void **state)
{
	struct conf conf;

	(void)state;
	load(&conf, "", folder.path, "");
	assert_null(conf.password);
	conf_fini(&conf);
	folder_write(&folder, "dht.password", "open\n", 0400);
	load(&conf, "", folder.path, "");
	assert_string_equal(conf.password, "open");
	conf_fini(&conf);
	load(&conf, "password = \"sesame\";", folder.path, "");
	assert_string_equal(conf.password, "sesame");
	conf_fini(&conf);
	folder_write(&folder, "dht.password", "", 0400);
	load(&conf, "", folder.path, "dhtd: dht.password: the password is empty\n");
	conf_fini(&conf);
}

static void keys_are_read(void **state)
{
	struct conf conf;

	(void)state;
	folder_write(&folder, "keys",
		"alice 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n", 0600);
	load(&conf, "clients: { keys_file = \"keys\"; require_auth = true; };", NULL, "");
	assert_int_equal(conf.key_count, 1);
	assert_int_equal(conf.keys[0].key[31], 31);
	conf_fini(&conf);
	folder_write(&folder, "keys", "# nobody\n", 0600);
	expect("clients: { keys_file = \"keys\"; require_auth = true; };",
		"@/dht.conf:1: clients.require_auth: there is no key in clients.keys_file, so "
		"nobody could announce anything\n");
	expect("clients: { keys_file = \"keys\"; };", "");
}

/* What root checks, another one has to read. */
static void the_services_user_can_read(void **state)
{
	const struct passwd *nobody = getpwnam("nobody");
	struct faults f = {0};
	struct conf conf;
	char got[2048], want[1024];

	(void)state;
	if (!nobody || nobody->pw_uid == getuid())
		skip();
	const struct group *g = getgrgid(nobody->pw_gid);
	assert_int_equal(chmod(folder.path, 0755), 0);
	folder_write(&folder, "hidden", "x\n", 0600);
	load(&conf, "password_file = \"hidden\";", NULL, "");
	assert_int_equal(chmod(folder_path(&folder, "dht.conf"), 0644), 0);
	assert_int_equal(conf_check_reader(&conf, "no such user", &f), 0);
	assert_int_equal(conf_check_reader(&conf, "nobody", &f), DHT_EINVAL);
	folder_faults(&folder, &f, got, sizeof(got));
	snprintf(want, sizeof(want),
		"@/hidden: the server's user nobody cannot read it: chown root:%s @/hidden && "
		"chmod 640 @/hidden\n",
		g ? g->gr_name : "");
	if (g)
		assert_string_equal(got, want);
	faults_fini(&f);
	/* Nor may the folder of the drop-ins be closed. */
	assert_int_equal(mkdir(folder_path(&folder, "dht.conf.d"), 0700), 0);
	assert_int_equal(conf_check_reader(&conf, "nobody", &f), DHT_EINVAL);
	assert_int_equal(f.count, 2);
	assert_non_null(strstr(f.v[0].text, "dht.conf.d: the server's user nobody cannot"));
	faults_fini(&f);
	conf_fini(&conf);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(settings_that_do_not_go_together),
		TEST(ports_that_are_alike),
		TEST(settings_of_the_cluster),
		TEST(a_socket_that_is_too_long),
		TEST(the_password_of_a_file),
		TEST(a_password_that_is_too_long),
		TEST(a_hash_is_taken_as_one),
		TEST(the_credential_comes_last),
		TEST(keys_are_read),
		TEST(the_services_user_can_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
