/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/dhtctl/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/common/clock.h"

#define LOOK_MS 10

/* 0, or an errno. */
static int spawn(pid_t *pid, char *const *argv, int out_fd, int err_fd)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none;
	int err;

	sigemptyset(&none);
	err = posix_spawn_file_actions_init(&files);
	if (err)
		return err;
	err = posix_spawnattr_init(&attributes);
	if (err) {
		posix_spawn_file_actions_destroy(&files);
		return err;
	}
	err |= posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	err |= posix_spawn_file_actions_adddup2(&files, out_fd, STDOUT_FILENO);
	err |= posix_spawn_file_actions_adddup2(&files, err_fd, STDERR_FILENO);
	err |= posix_spawnattr_setsigmask(&attributes, &none);
	err |= posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	if (err == 0)
		err = posix_spawnp(pid, argv[0], &files, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return err;
}

static int end_of(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : CHILD_SIGNALLED + WTERMSIG(status);
}

static int end_it(pid_t pid, int why)
{
	int status;

	kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return why;
}

int child_run(char *const *argv, int out_fd, int err_fd, int interrupt_fd, uint32_t timeout_ms)
{
	struct pollfd interrupt = {.fd = interrupt_fd, .events = POLLIN};
	uint64_t end = clock_ms() + timeout_ms;
	int status, err;
	pid_t pid;

	err = spawn(&pid, argv, out_fd, err_fd);
	if (err) {
		errno = err;
		return err == ENOENT ? CHILD_MISSING : CHILD_NOT_RUN;
	}
	while (waitpid(pid, &status, WNOHANG) != pid) {
		if (poll(&interrupt, 1, LOOK_MS) > 0)
			return end_it(pid, CHILD_INTERRUPTED);
		if (clock_left_ms(end) == 0)
			return end_it(pid, CHILD_TOO_SLOW);
	}
	return end_of(status);
}
