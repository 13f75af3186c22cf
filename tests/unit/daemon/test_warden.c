/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <poll.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/secret.h"
#include "daemon/warden.h"

#include "../unit.h"

static int right_fd;

static int open_fd(void **state)
{
	(void)state;
	right_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	log_set_level(LOG_LEVEL_ERROR);
	return right_fd < 0 || sodium_init() < 0;
}

static int close_fd(void **state)
{
	(void)state;
	return close(right_fd);
}

/* Each try is a second after the one before, by this clock. */
static uint64_t now_ms;

static bool try_at(struct warden *w, const char *password, uint64_t ms)
{
	struct span s = {.p = (const uint8_t *)password, .len = strlen(password)};
	struct addr from = {.port = 1};

	return warden_try(w, s, &from, ms);
}

static void sleep_ms(unsigned ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

	nanosleep(&t, NULL);
}

/* One that is in time is refused only at the moment when the warden has its hand in the mailbox. */
static void try(struct warden *w, const char *password)
{
	now_ms += WARDEN_INTERVAL_MS;
	for (int i = 0; i < 5000; i++) {
		if (try_at(w, password, now_ms))
			return;
		sleep_ms(1);
	}
	fail_msg("never taken");
}

/* Whether the fd says so within some time. */
static bool is_right(int timeout_ms)
{
	struct pollfd p = {.fd = right_fd, .events = POLLIN};

	return poll(&p, 1, timeout_ms) == 1;
}

static uint64_t wrong_ones(const struct warden *w)
{
	return stats_get(warden_stats(w), STATS_DROP_EXIT_WRONG);
}

/* A wrong one is over when it is counted. */
static void try_wrong(struct warden *w, const char *password)
{
	uint64_t before = wrong_ones(w);

	try(w, password);
	while (wrong_ones(w) == before)
		sleep_ms(1);
}

static void without_a_password_all_are_refused(void **state)
{
	struct warden *w = warden_start(NULL, right_fd);

	(void)state;
	assert_non_null(w);
	assert_false(try_at(w, "", 0));
	assert_false(try_at(w, "sesame", 5000));
	assert_int_equal(wrong_ones(w), 0);
	warden_stop(w);
	assert_false(is_right(0));
	warden_stop(NULL);
}

/* The newest line of this event, which is the only one since. */
static void expect_told(uint64_t since, enum log_event event, const char *message)
{
	struct log_line l;
	uint64_t lost;

	while (!log_read(&since, LOG_LEVEL_INFO, &l, &lost))
		sleep_ms(1);
	assert_int_equal(l.event, event);
	assert_string_equal(l.message, message);
	assert_string_equal(l.fields, "DHT_REMOTE=[::]:1\n");
	assert_false(log_read(&since, LOG_LEVEL_INFO, &l, &lost));
}

/* Anybody can cause it: once a second. */
static void that_none_is_set_is_told(void **state)
{
	struct warden *w = warden_start(NULL, right_fd);
	uint64_t since = log_newest();

	(void)state;
	for (uint64_t ms = 0; ms < WARDEN_INTERVAL_MS; ms += 10)
		assert_false(try_at(w, "sesame", 100000 + ms));
	expect_told(since, LOG_EVENT_EXIT_UNSET,
		"EXIT from [::]:1 refused: no password is set (dht.conf: password_file)");
	warden_stop(w);
}

static void right_and_wrong_are_told(void **state)
{
	struct warden *w = warden_start("sesame", right_fd);
	uint64_t since = log_newest();

	(void)state;
	try(w, "wrong");
	expect_told(since, LOG_EVENT_EXIT_WRONG, "EXIT with a wrong password from [::]:1");
	since = log_newest();
	try(w, "sesame");
	expect_told(since, LOG_EVENT_EXIT_ASKED, "EXIT from [::]:1");
	warden_stop(w);
}

static void the_password_can_change(void **state)
{
	struct warden *w = warden_start(NULL, right_fd);
	char hash[crypto_pwhash_STRBYTES];

	(void)state;
	assert_int_equal(crypto_pwhash_str(hash, "third", 5, crypto_pwhash_OPSLIMIT_MIN,
				 crypto_pwhash_MEMLIMIT_MIN),
		0);
	warden_set_password(w, "first");
	try_wrong(w, "");
	warden_set_password(w, "second");
	try_wrong(w, "first");
	warden_set_password(w, hash);
	try_wrong(w, "second");
	try_wrong(w, hash);
	assert_false(is_right(0));
	warden_set_password(w, NULL);
	now_ms += WARDEN_INTERVAL_MS;
	assert_false(try_at(w, "third", now_ms));
	warden_set_password(w, hash);
	try(w, "third");
	assert_true(is_right(5000));
	warden_stop(w);
}

static void a_look_ends_with_the_password_that_it_began_with(void **state)
{
	struct warden *w = NULL;
	char hash[crypto_pwhash_STRBYTES];

	(void)state;
	assert_int_equal(crypto_pwhash_str(hash, "sesame", 6, crypto_pwhash_OPSLIMIT_MODERATE,
				 crypto_pwhash_MEMLIMIT_INTERACTIVE),
		0);
	w = warden_start(hash, right_fd);
	try(w, "sesame");
	for (int ms = 0; ms < 20000 && beat_excused_until(warden_beat(w)) == 0; ms++)
		sleep_ms(1);
	warden_set_password(w, NULL);
	assert_true(is_right(20000));
	warden_stop(w);
}

/* Also when nothing happens; and while it looks it says how long that may take. */
static void it_gives_signs_of_life(void **state)
{
	struct warden *w = warden_start(NULL, right_fd);
	const struct beat *beat = warden_beat(w);
	uint64_t before = beat_count(beat);

	(void)state;
	for (int ms = 0; ms < 20000 && beat_count(beat) < before + 2; ms++)
		sleep_ms(1);
	assert_true(beat_count(beat) >= before + 2);
	assert_int_equal(beat_excused_until(beat), 0);
	warden_stop(w);
}

static void an_excuse_ends(void **state)
{
	struct warden *w = warden_start("sesame", right_fd);
	const struct beat *beat = warden_beat(w);

	(void)state;
	try_wrong(w, "wrong");
	uint64_t before = beat_count(beat);
	for (int ms = 0; ms < 20000 && beat_count(beat) == before; ms++)
		sleep_ms(1);
	assert_int_equal(beat_excused_until(beat), 0);
	warden_stop(w);
}

static void the_right_one_is_told(void **state)
{
	struct warden *w = warden_start("sesame", right_fd);

	(void)state;
	try(w, "sesame");
	assert_true(is_right(5000));
	assert_int_equal(wrong_ones(w), 0);
	assert_int_equal(stats_get(warden_stats(w), STATS_REQUEST_EXIT), 1);
	warden_stop(w);
}

static void wrong_ones_are_counted(void **state)
{
	static const char *const wrong[] = {
		"", "s", "sesam", "Sesame", "sesame ", "sesame\n", "$argon2id$"};
	static const uint8_t longest[SECRET_PASSWORD_MAX + 1] = "sesame";
	struct warden *w = warden_start("sesame", right_fd);

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++)
		try_wrong(w, wrong[i]);
	for (size_t len = 0; len <= sizeof(longest); len++) {
		struct span s = {.p = longest, .len = len};
		if (len == strlen("sesame"))
			continue;
		uint64_t before = wrong_ones(w);
		now_ms += WARDEN_INTERVAL_MS;
		while (!warden_try(w, s, &(struct addr){.port = 1}, now_ms))
			sleep_ms(1);
		while (wrong_ones(w) == before)
			sleep_ms(1);
	}
	assert_false(is_right(0));
	warden_stop(w);
}

static void there_is_one_try_a_second(void **state)
{
	struct warden *w = warden_start("sesame", right_fd);
	int taken = 0;

	(void)state;
	for (uint64_t ms = 0; ms < 3000; ms += 10) {
		taken += try_at(w, "wrong", now_ms + ms);
		sleep_ms(1);
	}
	assert_int_equal(taken, 3);
	warden_stop(w);
}

static void a_hash_is_checked(void **state)
{
	char hash[crypto_pwhash_STRBYTES];

	(void)state;
	assert_int_equal(crypto_pwhash_str(hash, "sesame", 6, crypto_pwhash_OPSLIMIT_MIN,
				 crypto_pwhash_MEMLIMIT_MIN),
		0);
	struct warden *w = warden_start(hash, right_fd);
	try_wrong(w, hash);
	try(w, "sesame");
	assert_true(is_right(5000));
	warden_stop(w);
}

/* While one is looked at another may wait, but not a third. */
static void the_mailbox_holds_one(void **state)
{
	char hash[crypto_pwhash_STRBYTES];
	int taken = 0;

	(void)state;
	assert_int_equal(crypto_pwhash_str(hash, "sesame", 6, crypto_pwhash_OPSLIMIT_MODERATE,
				 crypto_pwhash_MEMLIMIT_MIN),
		0);
	struct warden *w = warden_start(hash, right_fd);
	for (int i = 0; i < 1000 && wrong_ones(w) == 0; i++)
		taken += try_at(w, "wrong", now_ms += WARDEN_INTERVAL_MS);
	assert_in_range(taken, 1, 2 + wrong_ones(w));
	warden_stop(w);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_fd, close_fd)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_a_password_all_are_refused),
		TEST(the_right_one_is_told),
		TEST(wrong_ones_are_counted),
		TEST(there_is_one_try_a_second),
		TEST(a_hash_is_checked),
		TEST(the_mailbox_holds_one),
		TEST(that_none_is_set_is_told),
		TEST(right_and_wrong_are_told),
		TEST(the_password_can_change),
		TEST(a_look_ends_with_the_password_that_it_began_with),
		TEST(it_gives_signs_of_life),
		TEST(an_excuse_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
