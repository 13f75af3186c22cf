/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/err.h"
#include "daemon/conf_diff.h"

#include "own_folder.h"

#define KEY_A "a 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
#define KEY_B "b 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
#define KEY_C "a ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"

static void load(struct conf *conf, const char *text)
{
	struct faults f = {0};

	folder_write(&folder, "dht.conf", text, 0600);
	if (conf_load(conf, folder_path(&folder, "dht.conf"), folder.path, &f) != 0)
		fail_msg("%s", f.v[0].text);
}

/* The changes as lines of "path from to", with the folder's path written as "@". */
static void expect(const struct conf *from, const struct conf *to, const char *want)
{
	struct conf_diff d;
	char line[512];
	struct faults lines = {0};
	char got[4096];

	assert_int_equal(conf_diff(from, to, &d), 0);
	for (size_t i = 0; i < d.count; i++) {
		snprintf(line, sizeof(line), "%s %s", d.changes[i].from, d.changes[i].to);
		faults_add(&lines, (struct place){"x", 0}, d.changes[i].setting->path, "%s", line);
	}
	folder_faults(&folder, &lines, got, sizeof(got));
	assert_string_equal(got, want);
	faults_fini(&lines);
	conf_diff_fini(&d);
}

static void changes(const char *from, const char *to, const char *want)
{
	struct conf a, b;

	load(&a, from);
	load(&b, to);
	expect(&a, &b, want);
	expect(&a, &a, "");
	conf_fini(&a);
	conf_fini(&b);
}

static void values_are_compared(void **state)
{
	(void)state;
	changes("", "", "");
	changes("", "records: { ttl = \"1800s\"; };", "");
	changes("clients: { allow = ( \"::1\" ); };", "clients: { allow = ( \"0::1/128\" ); };",
		"");
	changes("", "records: { ttl = \"5m\"; };\nlisten: { workers = 2; };",
		"x: listen.workers: 0 2\nx: records.ttl: \"30m\" \"5m\"\n");
	/* Of no use yet, so nothing changes. */
	changes("storage: { mode = \"off\"; };", "storage: { mode = \"sync\"; };", "");
}

static void secrets_are_not_shown(void **state)
{
	(void)state;
	changes("", "password = \"one\";", "x: password: \"\" (secret)\n");
	changes("password = \"one\";", "password = \"two\";", "x: password: (secret) (secret)\n");
	changes("password = \"one\";", "password = \"one\";", "");
}

/* Loads the same text before and after a file's content has changed. */
static void content_changes(
	const char *text, const char *file, const char *before, const char *after, const char *want)
{
	struct conf a, b;

	folder_write(&folder, file, before, 0600);
	load(&a, text);
	folder_write(&folder, file, after, 0600);
	load(&b, text);
	expect(&a, &b, want);
	expect(&b, &a, want);
	conf_fini(&a);
	conf_fini(&b);
	assert_int_equal(unlink(folder_path(&folder, file)), 0);
}

static void what_files_contain_counts(void **state)
{
	static const char password[] = "password_file = \"pw\";";
	static const char keys[] = "clients: { keys_file = \"keys\"; };";

	(void)state;
	content_changes(password, "pw", "one", "two", "x: password_file: (secret) (secret)\n");
	content_changes(password, "pw", "one", "one\n", "");
	content_changes(keys, "keys", KEY_A, KEY_B, "x: clients.keys_file: (secret) (secret)\n");
	content_changes(keys, "keys", KEY_A, KEY_C, "x: clients.keys_file: (secret) (secret)\n");
	content_changes(
		keys, "keys", KEY_A, KEY_A KEY_B, "x: clients.keys_file: (secret) (secret)\n");
	content_changes(keys, "keys", KEY_A, "# mine\n" KEY_A, "");
	/* A credential stands in for the setting. */
	content_changes("", "dht.password", "one", "two", "x: password: (secret) (secret)\n");
}

static void another_file_is_a_change_of_its_name(void **state)
{
	(void)state;
	folder_write(&folder, "pw", "one", 0600);
	folder_write(&folder, "pw2", "two", 0600);
	changes("password_file = \"pw\";", "password_file = \"pw2\";",
		"x: password_file: \"@/pw\" \"@/pw2\"\n");
	changes("password_file = \"pw\";", "password = \"one\";",
		"x: password: \"\" (secret)\nx: password_file: \"@/pw\" \"\"\n");
}

#define CLUSTER_A "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
#define CLUSTER_B "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
#define WITH_KEY  "cluster: { key_file = \"key\"; };"

/* Whether what changes from one text to the other, which is this setting alone, takes a restart:
 * then swapping leaves it as it is, and the next time it is a change again. */
static void takes_restart(const char *from, const char *to, const char *path, bool want)
{
	struct conf a, b;
	struct conf_diff d;

	for (int round = 0; round < 2; round++) {
		if (round == 0)
			load(&a, from);
		load(&b, to);
		assert_int_equal(conf_diff(&a, &b, &d), 0);
		assert_int_equal(d.count, want || round == 0 ? 1 : 0);
		for (size_t i = 0; i < d.count; i++) {
			assert_string_equal(d.changes[i].setting->path, path);
			assert_int_equal(d.changes[i].live, !want);
		}
		conf_diff_fini(&d);
		conf_swap_live(&a, &b);
		conf_fini(&b);
	}
	conf_fini(&a);
}

/* Their ids are no secret, and whoever changes keys wants to see which. */
static void cluster_keys_are_told_by_their_ids(void **state)
{
	struct conf one, both;

	(void)state;
	folder_write(&folder, "key", CLUSTER_A, 0600);
	load(&one, WITH_KEY);
	folder_write(&folder, "key", CLUSTER_B CLUSTER_A, 0600);
	load(&both, WITH_KEY);
	expect(&one, &both, "x: cluster.key_file: (key cb) (keys 8e, cb)\n");
	expect(&both, &one, "x: cluster.key_file: (keys 8e, cb) (key cb)\n");
	conf_fini(&both);
	conf_fini(&one);
}

/* Keys may change, but not whether there are any; and who is in no cluster seeks none. */
static void some_live_values_take_a_restart(void **state)
{
	static const char alone[] = "listen: { address = \"192.0.2.1\"; };";
	static const char seeks[] =
		"listen: { address = \"192.0.2.1\"; }; cluster: { key_file = \"key\"; seeds = ( "
		"\"192.0.2.2\" ); };";
	static const char waits[] =
		"listen: { address = \"192.0.2.1\"; }; cluster: { key_file = \"key\"; };";
	struct conf a, b;
	struct conf_diff d;

	(void)state;
	folder_write(&folder, "key", CLUSTER_A, 0600);
	folder_write(&folder, "key2", CLUSTER_B, 0600);
	takes_restart("", WITH_KEY, "cluster.key_file", true);
	takes_restart(WITH_KEY, "", "cluster.key_file", true);
	takes_restart(WITH_KEY, "cluster: { key_file = \"key2\"; };", "cluster.key_file", false);
	takes_restart("", "cluster: { seeds = ( \"127.0.0.9\" ); };", "cluster.seeds", false);
	takes_restart(waits, seeks, "cluster.seeds", false);
	load(&a, alone);
	load(&b, seeks);
	assert_int_equal(conf_diff(&a, &b, &d), 0);
	assert_int_equal(d.count, 2);
	assert_false(d.changes[0].live || d.changes[1].live);
	conf_swap_live(&a, &b);
	assert_int_equal(a.cluster_keys.count + a.c.cluster.seeds.count, 0);
	assert_int_equal(conf_cluster(&a), CONF_CLUSTER_NONE);
	conf_diff_fini(&d);
	conf_fini(&b);
	conf_fini(&a);
}

/* More replicas take a restart, and so does a quorum that is reached with them only. */
static void a_quorum_waits_for_its_replicas(void **state)
{
	struct conf a, b;
	struct conf_diff d;

	(void)state;
	takes_restart("", "cluster: { write_quorum = 3; };", "cluster.write_quorum", false);
	takes_restart("", "cluster: { replicas = 5; };", "cluster.replicas", true);
	load(&a, "");
	load(&b, "cluster: { replicas = 5; write_quorum = 4; };");
	assert_int_equal(conf_diff(&a, &b, &d), 0);
	assert_int_equal(d.count, 2);
	assert_false(d.changes[0].live || d.changes[1].live);
	conf_swap_live(&a, &b);
	assert_int_equal(a.c.cluster.replicas, 3);
	assert_int_equal(a.c.cluster.write_quorum, 2);
	conf_diff_fini(&d);
	conf_fini(&b);
	conf_fini(&a);
}

static void live_values_change_sides(void **state)
{
	struct conf running, loaded;

	(void)state;
	folder_write(&folder, "keys", KEY_A KEY_B, 0600);
	assert_int_equal(mkdir(folder_path(&folder, "dht.conf.d"), 0700), 0);
	load(&running, "password = \"one\";\nlisten: { workers = 1; };\n"
		       "clients: { rate = 1; allow = ( \"::1\" ); };");
	folder_write(&folder, "dht.conf.d/x.conf",
		"\n\nclients: { rate = 2; };\ncluster: { name = \"new\"; };", 0600);
	load(&loaded, "password = \"two\";\nlisten: { workers = 2; };\n"
		      "clients: { keys_file = \"keys\"; allow = ( \"::2\", \"::3\" ); };\n");
	conf_swap_live(&running, &loaded);
	assert_string_equal(loaded.password, "one");
	assert_int_equal(loaded.c.clients.allow.count, 1);
	conf_fini(&loaded);

	assert_string_equal(running.password, "two");
	assert_int_equal(running.key_count, 2);
	assert_int_equal(running.c.listen.workers, 1);
	assert_string_equal(running.c.cluster.name, "default");
	assert_int_equal(running.c.clients.rate, 2);
	assert_int_equal(running.c.clients.allow.count, 2);
	assert_string_equal(conf_place(&running, "clients.rate").file,
		folder_path(&folder, "dht.conf.d/x.conf"));
	assert_int_equal(conf_place(&running, "clients.rate").line, 3);
	assert_string_equal(
		conf_place(&running, "clients.keys_file").file, folder_path(&folder, "dht.conf"));
	assert_int_equal(conf_place(&running, "clients.keys_file").line, 3);
	assert_int_equal(conf_place(&running, "cluster.name").line, 0);
	conf_fini(&running);
}

/* Names and values stay whole, however often and whatever is read. */
static void reloads_can_go_on(void **state)
{
	struct conf running, loaded;
	char text[200];

	(void)state;
	assert_int_equal(mkdir(folder_path(&folder, "dht.conf.d"), 0700), 0);
	load(&running, "");
	for (int i = 1; i < 20; i++) {
		snprintf(text, sizeof(text), "dht.conf.d/%d.conf", i / 2);
		folder_write(&folder, text, "clients: { rate = 5; };", 0600);
		snprintf(text, sizeof(text), "records: { ttl = \"%dm\"; };", i);
		load(&loaded, text);
		expect(&running, &running, "");
		conf_swap_live(&running, &loaded);
		conf_fini(&loaded);
		assert_int_equal(running.c.records.ttl_ms, i * 60000);
		assert_string_equal(
			conf_place(&running, "records.ttl").file, folder_path(&folder, "dht.conf"));
	}
	conf_fini(&running);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(values_are_compared),
		TEST(secrets_are_not_shown),
		TEST(what_files_contain_counts),
		TEST(another_file_is_a_change_of_its_name),
		TEST(cluster_keys_are_told_by_their_ids),
		TEST(some_live_values_take_a_restart),
		TEST(a_quorum_waits_for_its_replicas),
		TEST(live_values_change_sides),
		TEST(reloads_can_go_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
