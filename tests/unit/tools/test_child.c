/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>

#include "scratch.h"
#include "tools/common/clock.h"
#include "tools/dhtctl/child.h"

#define LONG_MS 10000

static char *const nobody[] = {(char *)"dht-no-such-program", NULL};
static char *const sleeps[] = {(char *)"sleep", (char *)"30", NULL};

static int run_shell(const char *script, int out, int err)
{
	char *const argv[] = {(char *)"sh", (char *)"-c", (char *)script, NULL};

	return child_run(argv, out, err, -1, LONG_MS);
}

static void output_goes_to_files(void **state)
{
	int out = open(scratch_path("out"), O_RDWR | O_CREAT, 0600);
	int err = open(scratch_path("err"), O_RDWR | O_CREAT, 0600);
	char text[16] = "";

	(void)state;
	assert_int_equal(run_shell("cat; echo out; echo err >&2; exit 3", out, err), 3);
	assert_int_equal(pread(out, text, sizeof(text), 0), 4);
	assert_memory_equal(text, "out\n", 4);
	assert_int_equal(pread(err, text, sizeof(text), 0), 4);
	assert_memory_equal(text, "err\n", 4);
	close(out);
	close(err);
}

static void ends_are_told_apart(void **state)
{
	int null = open("/dev/null", O_WRONLY);

	(void)state;
	assert_int_equal(child_run(nobody, null, null, -1, LONG_MS), CHILD_MISSING);
	assert_int_equal(run_shell("kill -9 $$", null, null), CHILD_SIGNALLED + SIGKILL);
	assert_int_equal(run_shell("exit 0", null, null), 0);
	close(null);
}

static void nothing_takes_too_long(void **state)
{
	int null = open("/dev/null", O_WRONLY), interrupt = eventfd(1, 0);
	uint64_t start = clock_ms();

	(void)state;
	assert_int_equal(child_run(sleeps, null, null, -1, 50), CHILD_TOO_SLOW);
	assert_int_equal(child_run(sleeps, null, null, interrupt, LONG_MS), CHILD_INTERRUPTED);
	assert_true(clock_ms() - start < LONG_MS);
	close(interrupt);
	close(null);
}

/* What this process blocks is not blocked in the other. */
static void signals_are_as_usual(void **state)
{
	int null = open("/dev/null", O_WRONLY);
	sigset_t set;

	(void)state;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	assert_int_equal(run_shell("kill -TERM $$; exit 0", null, null), CHILD_SIGNALLED + SIGTERM);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	close(null);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_goes_to_files),
		cmocka_unit_test(ends_are_told_apart),
		cmocka_unit_test(nothing_takes_too_long),
		cmocka_unit_test(signals_are_as_usual),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
