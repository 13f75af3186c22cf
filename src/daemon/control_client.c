/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/control_client.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define IN_FIRST 4096

void control_client_init(
	struct control_client *cl, int fd, const struct control_peer *peer, uint64_t now_ms)
{
	*cl = (struct control_client){.peer = *peer, .fd = fd, .active_ms = now_ms};
}

/* ---- Out ---- */

static bool would_block(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static enum client_next flush(struct control_client *cl, uint64_t now_ms)
{
	ssize_t n = send(cl->fd, cl->out + cl->out_at, cl->out_len - cl->out_at,
		MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0)
		return would_block() ? CLIENT_WRITES : CLIENT_GONE;
	cl->active_ms = now_ms;
	cl->out_at += (size_t)n;
	if (cl->out_at < cl->out_len)
		return CLIENT_WRITES;
	free(cl->out);
	cl->out = NULL;
	return CLIENT_AGAIN;
}

/* Takes a message of varlink.h. */
static enum client_next say(struct control_client *cl, char *message, size_t len, uint64_t now_ms)
{
	if (!message || len > CONTROL_OUT_MAX) {
		free(message);
		return CLIENT_CUT;
	}
	assert(!cl->out);
	cl->out = message;
	cl->out_at = 0;
	cl->out_len = len;
	return flush(cl, now_ms);
}

static void end_stream(struct control_client *cl)
{
	if (cl->stream.done)
		cl->stream.done(cl->stream.state);
	cl->stream = (struct control_stream){.next = NULL};
}

static enum client_next pull(struct control_client *cl, uint64_t now_ms)
{
	bool last = false;
	json_t *item = cl->stream.next(cl->stream.state, &last);
	size_t len = 0;

	if (!item)
		return cl->hung_up ? CLIENT_GONE : CLIENT_WAKES;
	last |= cl->single;
	char *message = varlink_reply(item, !last, &len);
	if (last)
		end_stream(cl);
	return say(cl, message, len, now_ms);
}

/* ---- Calls ---- */

/* Takes answer. */
static enum client_next take_answer(struct control_client *cl, const struct varlink_call *call,
	struct control_answer *answer, uint64_t now_ms)
{
	size_t len = 0;
	char *message;

	if (answer->no_memory || call->oneway) {
		enum client_next next = answer->no_memory ? CLIENT_CUT : CLIENT_AGAIN;
		control_answer_release(answer);
		return next;
	}
	if (answer->stream.next) {
		cl->stream = answer->stream;
		cl->single = !call->more;
		return CLIENT_AGAIN;
	}
	if (answer->error)
		message = varlink_error(answer->error, answer->parameters, &len);
	else
		message = varlink_reply(answer->parameters, false, &len);
	return say(cl, message, len, now_ms);
}

static enum client_next answer_call(
	struct control_client *cl, struct control_service *s, size_t len, uint64_t now_ms)
{
	struct varlink_call call;
	int err = varlink_parse(&call, cl->in + cl->in_at, len);

	cl->in_at += len + 1;
	cl->in_seen = cl->in_at;
	cl->active_ms = now_ms;
	if (err)
		return CLIENT_CUT;
	struct control_answer answer = control_service_answer(s, &call, &cl->peer);
	enum client_next next = take_answer(cl, &call, &answer, now_ms);
	varlink_call_fini(&call);
	return next;
}

/* ---- In ---- */

/* Whether a whole message is there; its length without the NUL. */
static bool find_message(struct control_client *cl, size_t *len)
{
	const char *nul = NULL;

	if (cl->in_seen < cl->in_len)
		nul = memchr(cl->in + cl->in_seen, '\0', cl->in_len - cl->in_seen);
	if (!nul) {
		cl->in_seen = cl->in_len;
		return false;
	}
	*len = (size_t)(nul - (cl->in + cl->in_at));
	return true;
}

/* A client that says nothing keeps no buffer. */
static void drop_in(struct control_client *cl)
{
	free(cl->in);
	cl->in = NULL;
	cl->in_at = cl->in_len = cl->in_seen = cl->in_size = 0;
}

/* Room behind in_len, or false. */
static bool make_room(struct control_client *cl)
{
	if (cl->in_at == cl->in_len)
		drop_in(cl);
	if (cl->in_at != 0) {
		memmove(cl->in, cl->in + cl->in_at, cl->in_len - cl->in_at);
		cl->in_len -= cl->in_at;
		cl->in_seen -= cl->in_at;
		cl->in_at = 0;
	}
	if (cl->in_len < cl->in_size)
		return true;
	size_t size = cl->in_size ? 2 * cl->in_size : IN_FIRST;
	if (size > CONTROL_MESSAGE_MAX)
		return false;
	char *more = realloc(cl->in, size);
	if (!more)
		return false;
	cl->in = more;
	cl->in_size = size;
	return true;
}

static enum client_next receive(struct control_client *cl, uint64_t now_ms)
{
	bool begins = cl->in_at == cl->in_len;

	if (!make_room(cl))
		return CLIENT_CUT;
	ssize_t n = recv(cl->fd, cl->in + cl->in_len, cl->in_size - cl->in_len, MSG_DONTWAIT);
	if (n < 0) {
		if (begins)
			drop_in(cl);
		return would_block() ? CLIENT_READS : CLIENT_GONE;
	}
	if (n == 0)
		cl->in_ended = true;
	/* A message's time runs from its first byte: drop by drop is no progress. */
	if (begins && n > 0)
		cl->active_ms = now_ms;
	cl->in_len += (size_t)n;
	return CLIENT_AGAIN;
}

enum client_next control_client_step(
	struct control_client *cl, struct control_service *s, uint64_t now_ms)
{
	size_t len;

	if (cl->out)
		return flush(cl, now_ms);
	if (cl->stream.next)
		return pull(cl, now_ms);
	if (find_message(cl, &len))
		return answer_call(cl, s, len, now_ms);
	if (cl->in_ended)
		return CLIENT_GONE;
	return receive(cl, now_ms);
}

/* ---- The end ---- */

bool control_client_idle(const struct control_client *cl)
{
	return !cl->out && !cl->stream.next && cl->in_at == cl->in_len;
}

uint64_t control_client_deadline_ms(const struct control_client *cl)
{
	if (control_client_idle(cl))
		return cl->active_ms + CONTROL_SILENCE_MS;
	if (cl->stream.next && !cl->out)
		return cl->single ? cl->active_ms + CONTROL_LATE_MS : UINT64_MAX;
	return cl->active_ms + CONTROL_STALL_MS;
}

void control_client_fini(struct control_client *cl)
{
	if (cl->out)
		flush(cl, cl->active_ms);
	close(cl->fd);
	free(cl->in);
	free(cl->out);
	end_stream(cl);
}
