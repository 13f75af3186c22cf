/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/dhtctl/varlink_call.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "base/exitcode.h"
#include "base/units.h"
#include "tools/common/clock.h"
#include "tools/dhtctl/admin.h"
#include "tools/dhtctl/varlink_reply.h"

#define IN_START     65536
#define BACKLOG_WAIT 20 /* ms, while too many others wait to be accepted */

/* ---- What went wrong, in words ---- */

struct meaning {
	int error;
	int status;
	const char *code;
	const char *before, *after; /* the socket's path is between */
	const char *hint;
};

#define CANNOT "cannot reach dhtd at "

static const struct meaning meanings[] = {
	{ENOENT, EXIT_UNREACHABLE, "noSocket", CANNOT, ": no such socket",
		"is it the right socket, and does its dhtd run?"},
	{ECONNREFUSED, EXIT_UNREACHABLE, "refused", CANNOT, ": nobody listens there any more",
		"systemctl status dht"},
	{EACCES, EXIT_NOT_PERMITTED, "notPermitted", CANNOT, ": you may not open it",
		"root and the group _dht may: 'adduser YOU _dht' and log in again, or sudo"},
	{ENOTSOCK, EXIT_UNREACHABLE, "notASocket", CANNOT, ": it is not a stream socket",
		"give dhtd's control socket with -s SOCKET"},
	{ENAMETOOLONG, EXIT_USAGE, "usage", CANNOT, ": the path is too long for a socket",
		"at most 107 bytes; a relative path or a link may be shorter"},
	{ETIMEDOUT, EXIT_NO_ANSWER, "noAnswer", "dhtd at ", " did not answer",
		"is it stopped or overloaded? systemctl status dht"},
	{ECONNRESET, EXIT_UNREACHABLE, "closed", "dhtd at ",
		" closed the connection before it answered",
		"is it stopping, are too many others connected, or was it restarted? systemctl "
		"status dht"},
	{EMSGSIZE, EXIT_FAILED, "tooLong", "dhtd at ", " answered more than 16 MiB", ""},
	{EPROTO, EXIT_FAILED, "protocol", "what answers at ", " does not speak Varlink",
		"is it dhtd's control socket?"},
	{EINTR, EXIT_FAILED, "interrupted", "asking dhtd at ", " was interrupted", ""},
};

/* The unit's daemon is at the usual socket; what is at another, somebody else started. */
#define ABSENT_UNIT "is it running? systemctl status dht says"

/* The one of several errors that means the same to a person. */
static int same_as(const char *path, int error)
{
	struct stat st;

	switch (error) {
	case ENOTDIR: return ENOENT;
	case EPERM: return EACCES;
	case EPROTOTYPE: return ENOTSOCK;
	case EPIPE: return ECONNRESET;
	case ECONNREFUSED:
		if (stat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
			return ENOTSOCK;
		return error;
	default: return error;
	}
}

/* Closes the connection and puts errno into words. */
static int give_up(struct varlink *v, struct fault *f)
{
	int error = same_as(v->path, errno);
	char span[UNITS_TEXT_MAX];

	varlink_close(v);
	duration_format(v->wait_ms, span);
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		const struct meaning *m = &meanings[i];
		bool absent_unit = error == ENOENT && strcmp(v->path, ADMIN_SOCKET) == 0;

		if (m->error == error)
			return fault_set(f, m->status, m->code, absent_unit ? ABSENT_UNIT : m->hint,
				"%s%s%s%s%s", m->before, v->path, m->after,
				error == ETIMEDOUT ? " within " : "",
				error == ETIMEDOUT ? span : "");
	}
	return fault_set(f, EXIT_FAILED, "system", NULL, CANNOT "%s: %s", v->path, strerror(error));
}

/* ---- The connection ---- */

void varlink_init(struct varlink *v, const char *path)
{
	*v = (struct varlink){
		.path = path, .fd = -1, .interrupt_fd = -1, .wait_ms = VARLINK_WAIT_MS};
}

void varlink_close(struct varlink *v)
{
	if (v->fd >= 0)
		close(v->fd);
	v->fd = -1;
	free(v->in);
	v->in = NULL;
	v->len = v->size = v->scanned = 0;
	v->streaming = false;
}

/* Until the connection is ready. false with errno: ETIMEDOUT, or EINTR when interrupted. */
static bool wait_ready(struct varlink *v, short events)
{
	struct pollfd fds[2] = {
		{.fd = v->fd, .events = events}, {.fd = v->interrupt_fd, .events = POLLIN}};
	int n;

	do
		n = poll(fds, 2, clock_left_ms(v->end_ms));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return false;
	if (n > 0 && !fds[1].revents)
		return true;
	errno = n > 0 ? EINTR : ETIMEDOUT;
	return false;
}

/* A full backlog cannot be waited for, only tried again. false with errno. */
static bool connect_patiently(struct varlink *v, const struct sockaddr_un *address)
{
	struct pollfd interrupt = {.fd = v->interrupt_fd, .events = POLLIN};

	while (connect(v->fd, (const struct sockaddr *)address, sizeof(*address)) < 0) {
		if (errno != EAGAIN && errno != EINTR)
			return false;
		if (poll(&interrupt, 1, BACKLOG_WAIT) > 0) {
			errno = EINTR;
			return false;
		}
		if (clock_left_ms(v->end_ms) == 0) {
			errno = ETIMEDOUT;
			return false;
		}
	}
	return true;
}

int varlink_open(struct varlink *v, struct fault *f)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t len = strlen(v->path);

	if (v->fd >= 0)
		return 0;
	v->end_ms = clock_ms() + v->wait_ms;
	if (len >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return give_up(v, f);
	}
	memcpy(address.sun_path, v->path, len);
	v->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (v->fd < 0 || !connect_patiently(v, &address))
		return give_up(v, f);
	return 0;
}

/* ---- Messages ---- */

/* false with errno. */
static bool send_all(struct varlink *v, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = send(v->fd, bytes, len, MSG_NOSIGNAL);

		if (n >= 0) {
			bytes += n;
			len -= (size_t)n;
		} else if (errno == EAGAIN) {
			if (!wait_ready(v, POLLOUT))
				return false;
		} else if (errno != EINTR) {
			return false;
		}
	}
	return true;
}

/* Takes parameters. NULL without memory. */
static char *call_text(const char *method, json_t *parameters, bool more)
{
	json_t *call = json_pack("{s:s}", "method", method);
	char *text = NULL;
	int err = 0;

	if (more)
		err |= json_object_set_new(call, "more", json_true());
	if (parameters)
		err |= json_object_set_new(call, "parameters", parameters);
	if (err == 0)
		text = json_dumps(call, JSON_COMPACT);
	json_decref(call);
	return text;
}

static int send_call(
	struct varlink *v, const char *method, json_t *parameters, bool more, struct fault *f)
{
	char *text = call_text(method, parameters, more);
	bool sent = false;

	if (!text)
		return fault_set(f, EXIT_FAILED, "memory", NULL, "no memory");
	if (varlink_open(v, f) == 0) {
		v->method = method;
		v->end_ms = clock_ms() + v->wait_ms;
		errno = EPROTO; /* for an answer that came before it was asked for */
		sent = v->len == 0 && send_all(v, text, strlen(text) + 1);
		if (!sent)
			give_up(v, f);
	}
	free(text);
	return sent ? 0 : f->status;
}

/* Room for at least one byte more. false with errno. */
static bool make_room(struct varlink *v)
{
	size_t size = v->size > 0 ? v->size * 2 : IN_START;
	char *in;

	if (v->len < v->size)
		return true;
	if (v->len > VARLINK_REPLY_MAX) {
		errno = EMSGSIZE;
		return false;
	}
	if (size > VARLINK_REPLY_MAX + 1)
		size = VARLINK_REPLY_MAX + 1;
	in = realloc(v->in, size);
	if (!in)
		return false;
	v->in = in;
	v->size = size;
	return true;
}

/* false with errno. */
static bool receive_some(struct varlink *v)
{
	ssize_t n;

	if (!make_room(v) || !wait_ready(v, POLLIN))
		return false;
	n = recv(v->fd, v->in + v->len, v->size - v->len, 0);
	if (n > 0)
		v->len += (size_t)n;
	else if (n == 0)
		errno = ECONNRESET;
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* The whole message's length, without its NUL; it is at in[0]. -1 with errno. */
static ssize_t receive_message(struct varlink *v)
{
	for (;;) {
		size_t fresh = v->len - v->scanned;
		char *end = fresh > 0 ? memchr(v->in + v->scanned, '\0', fresh) : NULL;

		if (end)
			return end - v->in;
		v->scanned = v->len;
		if (!receive_some(v))
			return -1;
	}
}

/* Receives a reply. false with errno. */
static bool take_reply(struct varlink *v, bool more, struct varlink_reply *r)
{
	ssize_t n = receive_message(v);
	size_t used = (size_t)n + 1;
	int err;

	if (n < 0)
		return false;
	err = varlink_reply_parse(r, v->in, (size_t)n, more);
	memmove(v->in, v->in + used, v->len - used);
	v->len -= used;
	v->scanned = 0;
	errno = err == DHT_ENOMEM ? ENOMEM : EPROTO;
	return err == 0;
}

/* The reply's parameters; NULL with the fault when it is an error. Takes r. */
static json_t *unpack(struct varlink *v, struct varlink_reply *r, struct fault *f)
{
	json_t *parameters = json_incref(r->parameters);

	v->streaming = r->continues;
	if (r->error) {
		varlink_reply_fault(r, v->method, f);
		json_decref(parameters);
		parameters = NULL;
	}
	varlink_reply_fini(r);
	return parameters;
}

json_t *varlink_call(struct varlink *v, const char *method, json_t *parameters, struct fault *f)
{
	struct varlink_reply r;

	if (send_call(v, method, parameters, false, f) != 0)
		return NULL;
	if (!take_reply(v, false, &r)) {
		give_up(v, f);
		return NULL;
	}
	return unpack(v, &r, f);
}

int varlink_start(struct varlink *v, const char *method, json_t *parameters, struct fault *f)
{
	if (send_call(v, method, parameters, true, f) != 0)
		return f->status;
	v->end_ms = CLOCK_NEVER;
	v->streaming = true;
	return 0;
}

json_t *varlink_next(struct varlink *v, struct fault *f)
{
	struct varlink_reply r;

	if (!v->streaming)
		return NULL;
	if (take_reply(v, true, &r))
		return unpack(v, &r, f);
	if (errno != EINTR)
		give_up(v, f);
	return NULL;
}

bool varlink_wait_closed(struct varlink *v)
{
	char byte;

	v->end_ms = clock_ms() + v->wait_ms;
	while (wait_ready(v, POLLIN)) {
		ssize_t n = recv(v->fd, &byte, 1, 0);

		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return true;
	}
	return false;
}
