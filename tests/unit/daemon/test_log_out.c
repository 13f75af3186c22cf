/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <fcntl.h>
#include <limits.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/log_out.h"

#include "own_folder.h"

/* A journal of the test's own. */
static int journal_at(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	strncpy(at.sun_path, path, sizeof(at.sun_path) - 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static bool say(int fd, const char *path, const char *one, const char *two)
{
	char first[100], second[100];
	struct iovec pieces[] = {{first, strlen(one)}, {second, strlen(two)}};

	strcpy(first, one);
	strcpy(second, two);
	return log_out_journal(fd, path, pieces, 2);
}

static void an_entry_is_one_datagram(void **state)
{
	const char *path = folder_path(&folder, "journal");
	int journal = journal_at(path), fd = log_out_open();
	char got[200];

	(void)state;
	assert_true(say(fd, path, "MESSAGE=one", "\nPRIORITY=5\n"));
	ssize_t n = recv(journal, got, sizeof(got), 0);
	assert_int_equal(n, strlen("MESSAGE=one\nPRIORITY=5\n"));
	assert_memory_equal(got, "MESSAGE=one\nPRIORITY=5\n", (size_t)n);
	close(journal);
	/* Nobody has it open, then nobody is there at all. */
	assert_false(say(fd, path, "A=1", "\n"));
	unlink(path);
	assert_false(say(fd, path, "A=1", "\n"));
	close(fd);
}

static void a_journal_that_reads_nothing_is_not_waited_for(void **state)
{
	const char *path = folder_path(&folder, "journal");
	int journal = journal_at(path), fd = log_out_open(), taken = 0;

	(void)state;
	while (taken < 100000 && say(fd, path, "A=1", "\n"))
		taken++;
	assert_in_range(taken, 1, 99999);
	close(fd);
	close(journal);
	unlink(path);
}

static size_t fill(int fd)
{
	static char line[LINE_MAX];
	size_t total = 0, n;

	while ((n = log_out_write(fd, line, sizeof(line))) > 0)
		total += n;
	return total;
}

static void a_full_pipe_is_not_waited_for(void **state)
{
	static char got[1 << 20], line[3 * PIPE_BUF];
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	size_t filled = fill(fds[1]);
	assert_true(filled > 0);
	assert_int_equal(read(fds[0], got, PIPE_BUF), PIPE_BUF);
	assert_int_equal(log_out_write(fds[1], line, sizeof(line)), PIPE_BUF);
	assert_int_equal(read(fds[0], got, sizeof(got)), filled);
	assert_int_equal(log_out_write(fds[1], line, sizeof(line)), sizeof(line));
	close(fds[0]);
	assert_int_equal(log_out_write(fds[1], line, sizeof(line)), 0);
	close(fds[1]);
}

static void a_full_socket_is_not_waited_for(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_true(fill(fds[1]) > 0);
	close(fds[0]);
	assert_int_equal(log_out_write(fds[1], "x", 1), 0);
	close(fds[1]);
}

/* There is room for a part of a line: what is in the way is that one only. */
static void a_terminal_that_nobody_reads_is_not_waited_for(void **state)
{
	int master, terminal;

	(void)state;
	assert_int_equal(openpty(&master, &terminal, NULL, NULL, NULL), 0);
	int own = log_out_own(terminal);
	assert_int_not_equal(own, terminal);
	assert_false(fcntl(terminal, F_GETFL) & O_NONBLOCK);
	alarm(10);
	assert_true(fill(own) > 0);
	alarm(0);
	close(own);
	close(terminal);
	close(master);
}

static void a_shared_pipe_is_not_waited_for(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	int own = log_out_own(fds[1]);
	assert_int_not_equal(own, fds[1]);
	assert_true(fcntl(own, F_GETFL) & O_NONBLOCK);
	assert_false(fcntl(fds[1], F_GETFL) & O_NONBLOCK);
	close(own);
	close(fds[1]);
	close(fds[0]);
}

static void what_never_waits_is_used_as_it_is(void **state)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC), fds[2];

	(void)state;
	assert_int_equal(log_out_own(fd), fd);
	assert_int_equal(log_out_own(-1), -1);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(log_out_own(fds[0]), fds[0]);
	close(fds[0]);
	close(fds[1]);
	close(fd);
}

static void files_take_all(void **state)
{
	static char line[3 * PIPE_BUF];
	const char *path = folder_path(&folder, "file");
	int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);

	(void)state;
	assert_int_equal(log_out_write(fd, line, sizeof(line)), sizeof(line));
	assert_int_equal(lseek(fd, 0, SEEK_END), sizeof(line));
	close(fd);
	unlink(path);
	assert_int_equal(log_out_write(-1, line, 1), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_entry_is_one_datagram),
		TEST(a_journal_that_reads_nothing_is_not_waited_for),
		TEST(a_full_pipe_is_not_waited_for),
		TEST(a_full_socket_is_not_waited_for),
		TEST(a_terminal_that_nobody_reads_is_not_waited_for),
		TEST(a_shared_pipe_is_not_waited_for),
		TEST(what_never_waits_is_used_as_it_is),
		TEST(files_take_all),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
