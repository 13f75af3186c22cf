/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "daemon/member_news.h"

#include "../unit.h"

static struct member_news news;
static char told[200];

static int start(void **state)
{
	(void)state;
	told[0] = '\0';
	return member_news_init(&news);
}

static int stop(void **state)
{
	(void)state;
	member_news_fini(&news);
	return 0;
}

/* "J1 " for 'server 1 has joined'. */
static void note(void *owner, enum member_event event, const struct addr *id)
{
	static const char letters[] = "JSDRTLUG";
	size_t len = strlen(told);

	assert_ptr_equal(owner, &news);
	snprintf(told + len, sizeof(told) - len, "%c%d ", letters[event], id->ip.b[15]);
}

/* "1A2D": server 1 is alive, 2 is dead; a 'B' is alive too, as another start. */
static void look(const char *members, const char *want)
{
	static const char letters[] = "ASLDB";
	static const uint8_t states[] = {
		PEER_ALIVE, PEER_SUSPECT, PEER_LEAVING, PEER_DEAD, PEER_ALIVE};
	struct member_info all[9];
	size_t n = 0;

	for (; *members; members += 2, n++) {
		char what = members[1];
		all[n] = (struct member_info){.speaks = true};
		all[n].id = (struct addr){{{[15] = (uint8_t)(members[0] - '0')}}, 8471};
		all[n].state = states[strchr(letters, what) - letters];
		all[n].start = what == 'B' ? 8 : 7;
	}
	told[0] = '\0';
	member_news_look(&news, all, n, note, &news);
	assert_string_equal(told, want);
}

static void members_come_and_go(void **state)
{
	(void)state;
	look("", "");
	look("2A5A", "J2 J5 ");
	look("2A5A", "");
	look("1A2A4A5A9A", "J1 J4 J9 ");
	look("2A9A", "G1 G4 G5 ");
	look("", "G2 G9 ");
}

static void members_change(void **state)
{
	(void)state;
	look("1A2A", "J1 J2 ");
	look("1S2A", "S1 ");
	look("1A2S", "R1 S2 ");
	look("1A2D", "D2 ");
	look("1D2A", "D1 R2 ");
	look("1B2L", "T1 L2 ");
	look("1B2S", "S2 ");
	look("1A2L", "T1 R2 ");
	look("1A2A", "U2 ");
	look("1A2A", "");
}

/* Somebody tells of the dead: nothing has happened to them now. */
static void the_dead_are_no_news(void **state)
{
	(void)state;
	look("1D2S", "J2 ");
	look("2S", "");
	look("1D2S", "");
	look("1A2S", "R1 ");
}

/* Suspected and restarted between two looks, or suspected as another start. */
static void what_is_missed_is_left_out(void **state)
{
	struct member_info other = {.state = PEER_SUSPECT, .start = 9};

	(void)state;
	look("1A", "J1 ");
	look("1B", "T1 ");
	other.id = (struct addr){{{[15] = 1}}, 8471};
	told[0] = '\0';
	member_news_look(&news, &other, 1, note, &news);
	assert_string_equal(told, "S1 ");
}

/* Two on one address are two. */
static void ports_count(void **state)
{
	struct member_info two[2] = {
		{.id = {{{[15] = 1}}, 100}, .state = PEER_ALIVE},
		{.id = {{{[15] = 1}}, 200}, .state = PEER_ALIVE},
	};

	(void)state;
	member_news_look(&news, two, 2, note, &news);
	assert_string_equal(told, "J1 J1 ");
	told[0] = '\0';
	member_news_look(&news, two + 1, 1, note, &news);
	assert_string_equal(told, "G1 ");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(members_come_and_go),
		TEST(members_change),
		TEST(the_dead_are_no_news),
		TEST(what_is_missed_is_left_out),
		TEST(ports_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
