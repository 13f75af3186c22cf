/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

/* Oldest first. */
static struct {
	char text[NOTIFY_KEPT][NOTIFY_MAX];
	size_t count;
} kept;

/* A path, or a name in the abstract space that begins with '@'. False for anything else. */
static bool address_of(const char *name, struct sockaddr_un *to, socklen_t *len)
{
	size_t n = strlen(name);

	if ((name[0] != '/' && name[0] != '@') || n < 2 || n >= sizeof(to->sun_path))
		return false;
	*to = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(to->sun_path, name, n);
	if (name[0] == '@')
		to->sun_path[0] = '\0';
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	return true;
}

static bool is_passing(int why)
{
	switch (why) {
	case EAGAIN:
	case EINTR:
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM: return true;
	default: return false;
	}
}

/* False when it can be tried again; who is not there is told nothing. */
static bool tell(const char *text)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to;
	socklen_t len;

	if (!name)
		return true;
	if (!address_of(name, &to, &len)) {
		/* A kind that libsystemd may know. */
		sd_notify(false, text);
		return true;
	}
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return !is_passing(errno);
	ssize_t n = sendto(fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL,
		(const struct sockaddr *)&to, len);
	bool done = n >= 0 || !is_passing(errno);
	close(fd);
	return done;
}

static void forget_oldest(void)
{
	memmove(kept.text[0], kept.text[1], (NOTIFY_KEPT - 1) * sizeof(kept.text[0]));
	kept.count--;
}

/* Whether nothing is left that was kept. */
static bool tell_kept(void)
{
	while (kept.count > 0 && tell(kept.text[0]))
		forget_oldest();
	return kept.count == 0;
}

void notify_state(const char *format, ...)
{
	va_list args;

	if (kept.count == NOTIFY_KEPT)
		forget_oldest();
	va_start(args, format);
	vsnprintf(kept.text[kept.count++], NOTIFY_MAX, format, args);
	va_end(args);
	tell_kept();
}

void notify_passing(const char *format, ...)
{
	char text[NOTIFY_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (tell_kept())
		tell(text);
}
