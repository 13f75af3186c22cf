/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "tools/dhtctl/interrupt.h"

static void a_signal_is_something_to_poll(void **state)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct pollfd fd = {.fd = interrupt_open(), .events = POLLIN};

	(void)state;
	assert_true(fd.fd >= 0);
	assert_int_equal(poll(&fd, 1, 0), 0);
	for (size_t i = 0; i < COUNT(signals); i++) {
		char info[1024];

		raise(signals[i]);
		assert_int_equal(poll(&fd, 1, 0), 1);
		assert_true(read(fd.fd, info, sizeof(info)) > 0);
	}
	close(fd.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_signal_is_something_to_poll)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
