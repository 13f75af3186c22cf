/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * service: a Varlink service that says what a test wrote down, in a thread of its own.
 *
 * It takes one connection after the other. Each message that it receives is kept, and the next step
 * is done; behind the last step it says nothing more.
 */
#ifndef DHT_TESTS_SERVICE_H
#define DHT_TESTS_SERVICE_H

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "scratch.h"

#define SERVICE_CALLS    16
#define SERVICE_CALL_MAX 512

struct step {
	const char *says; /* its messages, each with a NUL; NULL: nothing */
	size_t len;
	bool piecemeal; /* a byte at a time */
	bool closes;
	bool leaves; /* and nobody listens any more */
};

#define SAYS(text)                                                                                 \
	{                                                                                          \
		.says = (text), .len = sizeof(text)                                                \
	}

struct service {
	const struct step *steps;
	size_t count;
	int listener, stop;
	pthread_t thread;
	char calls[SERVICE_CALLS][SERVICE_CALL_MAX];
	size_t call_count; /* read it after service_end() */
};

static inline const char *service_path(void)
{
	return scratch_path("control");
}

/* Whether fd has something, before the test ends it. */
static inline bool service_waits(struct service *s, int fd)
{
	struct pollfd fds[2] = {{.fd = fd, .events = POLLIN}, {.fd = s->stop, .events = POLLIN}};

	return poll(fds, 2, -1) > 0 && !fds[1].revents;
}

/* One message; false when the other side has closed. */
static inline bool service_receive(struct service *s, int fd)
{
	char *call = s->calls[s->call_count % SERVICE_CALLS];

	for (size_t n = 0; n < SERVICE_CALL_MAX; n++) {
		if (!service_waits(s, fd) || read(fd, call + n, 1) != 1)
			return false;
		if (call[n] == '\0') {
			s->call_count++;
			return true;
		}
	}
	return false;
}

static inline void service_say(const struct step *step, int fd)
{
	size_t n = 0, piece = step->piecemeal ? 1 : step->len;

	while (n < step->len) {
		ssize_t sent = send(fd, step->says + n,
			piece < step->len - n ? piece : step->len - n, MSG_NOSIGNAL);

		if (sent < 0)
			return;
		n += (size_t)sent;
	}
}

static inline void *service_run(void *arg)
{
	struct service *s = arg;
	size_t next = 0;

	while (service_waits(s, s->listener)) {
		int fd = accept(s->listener, NULL, NULL);

		while (service_receive(s, fd)) {
			const struct step *step = next < s->count ? &s->steps[next++] : NULL;

			if (step)
				service_say(step, fd);
			if (step && step->leaves)
				unlink(service_path());
			if (step && step->closes)
				break;
		}
		close(fd);
	}
	return NULL;
}

/* On service_path(). Borrows steps. */
static inline void service_start(struct service *s, const struct step *steps, size_t count)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	*s = (struct service){.steps = steps, .count = count};
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", service_path());
	s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	s->stop = eventfd(0, EFD_CLOEXEC);
	unlink(address.sun_path);
	assert_int_equal(bind(s->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(s->listener, 4), 0);
	assert_int_equal(pthread_create(&s->thread, NULL, service_run, s), 0);
}

/* The socket's file stays, with nobody behind it. */
static inline void service_end(struct service *s)
{
	eventfd_write(s->stop, 1);
	pthread_join(s->thread, NULL);
	close(s->listener);
	close(s->stop);
}

#endif
