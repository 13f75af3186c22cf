/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/err.h"
#include "daemon/conf.h"

#include "own_folder.h"

/* What conf_print_initial() writes; the caller frees it. */
static char *initial_text(void)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	conf_print_initial(out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static char *printed(const struct conf *conf)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(conf_print(conf, out), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void load(struct conf *conf, const char *text)
{
	struct faults f = {0};

	folder_write(&folder, "dht.conf", text, 0600);
	if (conf_load(conf, folder_path(&folder, "dht.conf"), NULL, &f) != 0)
		fail_msg("%s", f.v[0].text);
}

/* The value of each setting as text, one a line: what two configurations are compared by. */
static char *values_of(const char *print)
{
	char *copy = strdup(print), *to = copy;

	assert_non_null(copy);
	for (const char *p = print; *p; p++) {
		if (p[0] == ' ' && p[1] == ' ' && p[2] == '#')
			p += strcspn(p, "\n");
		*to++ = *p;
	}
	*to = '\0';
	return copy;
}

/* What etc/dht.conf has, as a string; an empty one when nobody says where it is. */
static void read_installed(char *to, size_t size)
{
	const char *source = getenv("SRCDIR");
	char path[1024];

	to[0] = '\0';
	if (!source)
		return;
	snprintf(path, sizeof(path), "%s/etc/dht.conf", source);
	FILE *in = fopen(path, "r");
	assert_non_null(in);
	size_t len = fread(to, 1, size - 1, in);
	fclose(in);
	to[len] = '\0';
}

/* When it is not, `mkconf file > etc/dht.conf` makes it anew. */
static void the_installed_file_is_this_table(void **state)
{
	char installed[16384];

	(void)state;
	read_installed(installed, sizeof(installed));
	if (installed[0] == '\0')
		skip();
	char *text = initial_text();
	assert_string_equal(installed, text);
	free(text);
}

static void nothing_is_set_in_it(void **state)
{
	char *text = initial_text();
	struct conf conf;

	(void)state;
	load(&conf, text);
	for (size_t i = 0; i < SETTINGS_MAX; i++)
		assert_null(conf.from[i].file);
	conf_fini(&conf);
	free(text);
}

/* Taking away each '#' that has no space behind it sets everything to what it is anyway. */
static void it_shows_the_defaults(void **state)
{
	char *text = initial_text(), *to = text;
	const struct setting *s;
	struct conf conf, empty;

	(void)state;
	for (const char *p = text; *p; p++)
		if (p[0] != '#' || p[1] == ' ' || p[1] == '\n')
			*to++ = *p;
	*to = '\0';
	load(&conf, text);
	for (size_t i = 0; (s = setting_at(i)); i++)
		assert_int_equal(!conf.from[i].file, s->type == SETTING_GROUP);
	load(&empty, "");
	char *a = printed(&conf), *b = printed(&empty);
	char *a_values = values_of(a), *b_values = values_of(b);
	assert_string_equal(a_values, b_values);
	free(a_values);
	free(b_values);
	free(a);
	free(b);
	conf_fini(&conf);
	conf_fini(&empty);
	free(text);
}

static void its_lines_are_short(void **state)
{
	char *text = initial_text();

	(void)state;
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		size_t column = 0;
		for (const char *p = line; *p; p++)
			column = *p == '\t' ? (column / 8 + 1) * 8 : column + 1;
		assert_true(column <= 100);
		assert_int_not_equal(line[strlen(line) - 1], ' ');
	}
	free(text);
}

static void what_is_printed_can_be_read_again(void **state)
{
	struct conf first, second;

	(void)state;
	load(&first, "listen: { address = \"::1\"; workers = 3; client_addresses = ( \"::\", "
		     "\"0.0.0.0\" ); "
		     "};\n"
		     "cluster: { name = \"a \\\"quoted\\\", back\\\\slashed name\"; };\n"
		     "records: { max_records = 5000000000; max_memory = \"3M\"; ttl = \"90s\"; };\n"
		     "clients: { allow = (); rate = 7; base_put = false; };\n"
		     "log: { level = \"warning\"; };\n");
	char *a = printed(&first);
	load(&second, a);
	char *b = printed(&second);
	char *a_values = values_of(a), *b_values = values_of(b);
	assert_string_equal(a_values, b_values);
	assert_string_equal(second.c.cluster.name, "a \"quoted\", back\\slashed name");
	assert_int_equal(second.c.records.max_records, 5000000000);
	free(a_values);
	free(b_values);
	free(a);
	free(b);
	conf_fini(&first);
	conf_fini(&second);
}

/* No line break in the value, and none but spaces before it. */
static void a_long_value_has_a_line_of_its_own(void **state)
{
	char file[201], want[300];
	struct conf conf;

	(void)state;
	memset(file, 'x', sizeof(file) - 1);
	file[sizeof(file) - 1] = '\0';
	load(&conf, "");
	free(conf.c.clients.keys_file);
	conf.c.clients.keys_file = strdup(file);
	char *print = printed(&conf);
	snprintf(want, sizeof(want), "\tkeys_file = \n\t\t\"%s\";  # default\n", file);
	assert_non_null(strstr(print, want));
	free(print);
	conf_fini(&conf);
}

static void what_is_not_used_is_marked(void **state)
{
	struct conf conf;
	char want[600];

	(void)state;
	load(&conf, "storage: { mode = \"sync\"; };");
	char *text = printed(&conf);
	snprintf(want, sizeof(want), "\tmode = \"sync\";  # %s:1; not used yet\n",
		folder_path(&folder, "dht.conf"));
	assert_non_null(strstr(text, want));
	assert_non_null(strstr(text, "\tinterval = \"1s\";  # default; not used yet\n"));
	assert_non_null(strstr(text, "\trate = 0;  # default\n"));
	free(text);
	conf_fini(&conf);
	text = initial_text();
	assert_non_null(strstr(text, "Not used yet.\n#\tinterval = \"1s\";\n"));
	free(text);
}

static void places_are_shown_and_secrets_are_not(void **state)
{
	struct conf conf;
	char want[600];

	(void)state;
	load(&conf, "password = \"sesame\";\n\nlog: { level = \"debug\"; };\n");
	char *text = printed(&conf);
	assert_null(strstr(text, "sesame"));
	snprintf(want, sizeof(want), "# password is set, and not shown  # %s:1\n",
		folder_path(&folder, "dht.conf"));
	assert_non_null(strstr(text, want));
	snprintf(want, sizeof(want), "level = \"debug\";  # %s:3\n",
		folder_path(&folder, "dht.conf"));
	assert_non_null(strstr(text, want));
	assert_non_null(strstr(text, "rate = 0;  # default\n"));
	free(text);
	conf_fini(&conf);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_installed_file_is_this_table),
		TEST(nothing_is_set_in_it),
		TEST(it_shows_the_defaults),
		TEST(its_lines_are_short),
		TEST(what_is_printed_can_be_read_again),
		TEST(a_long_value_has_a_line_of_its_own),
		TEST(what_is_not_used_is_marked),
		TEST(places_are_shown_and_secrets_are_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
