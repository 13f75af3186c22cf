/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <signal.h>
#include <string.h>

#include "daemon/thread.h"

#include "../unit.h"

struct seen {
	sigset_t blocked;
	char name[THREAD_NAME_MAX];
};

static void *look(void *arg)
{
	struct seen *seen = arg;

	thread_name("a-very-long-name-%d", 1);
	pthread_getname_np(pthread_self(), seen->name, sizeof(seen->name));
	pthread_sigmask(SIG_SETMASK, NULL, &seen->blocked);
	return NULL;
}

static void faults_are_taken_and_nothing_else(void **state)
{
	static const int faults[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
	static const int others[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGPIPE, SIGALRM};
	sigset_t before, after;
	struct seen seen;
	pthread_t thread;

	(void)state;
	pthread_sigmask(SIG_SETMASK, NULL, &before);
	assert_int_equal(thread_start(&thread, look, &seen), 0);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	pthread_join(thread, NULL);
	for (size_t i = 0; i < COUNT(faults); i++)
		assert_int_equal(sigismember(&seen.blocked, faults[i]), 0);
	for (size_t i = 0; i < COUNT(others); i++)
		assert_int_equal(sigismember(&seen.blocked, others[i]), 1);
	for (int i = 1; i < SIGRTMIN; i++)
		assert_int_equal(sigismember(&before, i), sigismember(&after, i));
	assert_string_equal(seen.name, "a-very-long-nam");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(faults_are_taken_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
