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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
