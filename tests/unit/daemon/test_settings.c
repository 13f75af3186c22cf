/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "daemon/settings.h"

#include "../unit.h"

static void every_row_is_complete(void **state)
{
	const struct setting *s;

	(void)state;
	for (size_t i = 0; (s = setting_at(i)); i++) {
		assert_int_equal(setting_index(s), i);
		assert_ptr_equal(setting_find(s->path), s);
		assert_non_null(s->help);
		assert_int_equal(s->help[strlen(s->help) - 1], '.');
		assert_int_equal(!s->initial, s->type == SETTING_GROUP);
		assert_int_equal(!s->words, s->type != SETTING_CHOICE);
		if (s->unused) /* or a reload would ask for a restart that changes nothing */
			assert_true(s->live);
		assert_true(s->offset < sizeof(struct config));
		if (s->type == SETTING_INT || s->type == SETTING_DURATION ||
			s->type == SETTING_STRING || s->type == SETTING_SIZE)
			assert_true(s->min < s->max);
	}
	assert_true(setting_index(setting_at(0)) == 0);
	assert_null(setting_find("listen.nothing"));
}

/* Two rows for one field would overwrite each other. */
static void no_two_rows_share_a_field(void **state)
{
	const struct setting *a, *b;

	(void)state;
	for (size_t i = 0; (a = setting_at(i)); i++)
		for (size_t j = i + 1; (b = setting_at(j)); j++) {
			assert_string_not_equal(a->path, b->path);
			if (a->type != SETTING_GROUP && b->type != SETTING_GROUP)
				assert_int_not_equal(a->offset, b->offset);
		}
}

/* The printers open and close groups in the order of the rows. */
static void groups_come_before_their_members(void **state)
{
	const struct setting *s;
	char group[64];

	(void)state;
	for (size_t i = 0; (s = setting_at(i)); i++) {
		const char *dot = strrchr(s->path, '.');
		if (!dot)
			continue;
		snprintf(group, sizeof(group), "%.*s", (int)(dot - s->path), s->path);
		const struct setting *g = setting_find(group);
		assert_non_null(g);
		assert_int_equal(g->type, SETTING_GROUP);
		assert_true(setting_index(g) < i);
		for (size_t j = setting_index(g) + 1; j < i; j++)
			assert_memory_equal(setting_at(j)->path, g->path, strlen(g->path));
	}
}

static void the_nearest_name_is_found(void **state)
{
	static const struct {
		const char *path, *nearest;
	} cases[] = {
		{"listen.adress", "listen.address"},
		{"records.tll", "records.ttl"},
		{"records.maxttl", "records.max_ttl"},
		{"clients.thirdparty_put", "clients.third_party_put"},
		{"pasword", "password"},
		{"passwordfile", "password_file"},
		{"recordz", "records"},
		{"recordz.ttl", "records.ttl"},
		{"ttl", "records.ttl"},
		{"rate", "clients.rate"},
		{"listen.client", "listen.ports.client"},
		{"level", "log.level"},
		{"colour", NULL},
		{"x", NULL},
		{"", NULL},
		{"records.something.else", NULL},
	};
	char word[1000];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *nearest = setting_nearest(cases[i].path);
		if (cases[i].nearest) {
			assert_non_null(nearest);
			assert_string_equal(nearest, cases[i].nearest);
		} else {
			assert_null(nearest);
		}
	}
	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	assert_null(setting_nearest(word));
}

static void names_and_depths(void **state)
{
	(void)state;
	assert_string_equal(setting_name(setting_find("listen.ports.client")), "client");
	assert_string_equal(setting_name(setting_find("password")), "password");
	assert_int_equal(setting_depth(setting_find("listen.ports.client")), 2);
	assert_int_equal(setting_depth(setting_find("password")), 0);
	for (int type = SETTING_GROUP; type <= SETTING_CHOICE; type++)
		assert_string_not_equal(
			setting_type_name((enum setting_type)type), "something else");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_complete),
		cmocka_unit_test(no_two_rows_share_a_field),
		cmocka_unit_test(groups_come_before_their_members),
		cmocka_unit_test(the_nearest_name_is_found),
		cmocka_unit_test(names_and_depths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
