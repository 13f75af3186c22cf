/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/log_out.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int log_out_open(void)
{
	return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

bool log_out_journal(int fd, const char *path, struct iovec *pieces, size_t count)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	struct msghdr h = {
		.msg_name = &to,
		.msg_namelen = sizeof(to),
		.msg_iov = pieces,
		.msg_iovlen = count,
	};

	strncpy(to.sun_path, path, sizeof(to.sun_path) - 1);
	return sendmsg(fd, &h, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

/* Whether a write to it can wait for somebody who does not read. A socket's is told not to. */
static bool can_stall(int fd)
{
	struct stat st;

	return isatty(fd) || (fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode));
}

int log_out_own(int fd)
{
	char path[32];

	if (!can_stall(fd))
		return fd;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int own = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return own >= 0 ? own : fd;
}

/* A pipe that says that it takes something takes PIPE_BUF bytes. */
static ssize_t write_some(int fd, const char *bytes, size_t len)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	ssize_t n = send(fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n >= 0 || errno != ENOTSOCK)
		return n;
	if (poll(&p, 1, 0) != 1 || !(p.revents & POLLOUT))
		return -1;
	return write(fd, bytes, len < PIPE_BUF ? len : PIPE_BUF);
}

size_t log_out_write(int fd, const char *bytes, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = write_some(fd, bytes + done, len - done);
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	return done;
}
