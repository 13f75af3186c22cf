/* SPDX-License-Identifier: BSD-2-Clause */
#include "responder.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../unit.h"

#define HEAD 11 /* type, length, transaction id */

struct answer {
	uint8_t bytes[16384];
	size_t len;
};

static int bound_socket(unsigned i, struct sockaddr_in *at)
{
	socklen_t len = sizeof(*at);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), large = 1 << 22;

	*at = (struct sockaddr_in){.sin_family = AF_INET};
	at->sin_addr.s_addr = htonl(0x7f080001 + i);
	assert_true(fd >= 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &large, sizeof(large));
	assert_int_equal(bind(fd, (struct sockaddr *)at, sizeof(*at)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)at, &len), 0);
	return fd;
}

static void text_of(const struct sockaddr_in *at, char address[static 32])
{
	snprintf(address, 32, "%s:%u", inet_ntoa(at->sin_addr), ntohs(at->sin_port));
}

void responder_nobody(char address[static 32], unsigned i)
{
	struct sockaddr_in at;

	close(bound_socket(i, &at));
	text_of(&at, address);
}

void responder_expect(struct responder *r, uint8_t type, unsigned count)
{
	for (int i = 0; i < 5000 && r->received[type] < count; i++)
		usleep(1000);
	assert_int_equal(r->received[type], count);
}

/* ---- Answers ---- */

static void add(struct answer *a, const void *bytes, size_t len)
{
	memcpy(a->bytes + a->len, bytes, len);
	a->len += len;
}

static void add_number(struct answer *a, uint64_t value, size_t bytes)
{
	while (bytes-- > 0) {
		uint8_t byte = (uint8_t)(value >> 8 * bytes);
		add(a, &byte, 1);
	}
}

static void add_provider(struct answer *a, uint8_t last, uint16_t port)
{
	const uint8_t ip[16] = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = last};

	add(a, ip, sizeof(ip));
	if (port) {
		add_number(a, port, 2);
		add_number(a, 60, 4);
	}
}

static void add_address(struct answer *a, const struct sockaddr_in *at)
{
	const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	add(a, mapped, sizeof(mapped));
	add(a, &at->sin_addr, 4);
	add(a, &at->sin_port, 2);
}

/* The header, with the transaction id of the request unless it is a base message. */
static void begin(struct answer *a, uint8_t type, const uint8_t *request)
{
	a->len = 0;
	add_number(a, type, 1);
	add_number(a, 0, 2);
	if (type >= 16)
		add(a, request + 3, 8);
}

static void finish(struct responder *r, const struct sockaddr_in *to, struct answer *a)
{
	int fd = r->reply_apart ? r->reply_fd : r->fd;

	a->bytes[1] = (uint8_t)((a->len - 3) >> 8);
	a->bytes[2] = (uint8_t)(a->len - 3);
	(void)sendto(fd, a->bytes, a->len, 0, (const struct sockaddr *)to, sizeof(*to));
}

/* The hashes of a request start behind what is fixed of it: COUNT, then each behind its length. */
static void on_lookup(struct responder *r, const struct sockaddr_in *from, const uint8_t *q)
{
	struct answer a;
	const uint8_t *hash = q + HEAD + 7;

	begin(&a, 17, q);
	for (uint8_t i = 0; i < q[HEAD + 6]; i++, hash += 1 + hash[0]) {
		bool there = hash[1] % 2 == 0;
		add_number(&a, i, 1);
		add_number(&a, there, 4);
		add_number(&a, 0, 4);
		add_number(&a, there, 2);
		if (there)
			add_provider(&a, 1, 8000);
	}
	finish(r, from, &a);
}

static void on_change(
	struct responder *r, const struct sockaddr_in *from, const uint8_t *q, size_t fixed)
{
	struct answer a;
	const uint8_t *hash = q + HEAD + fixed + 1;

	begin(&a, 20, q);
	add_number(&a, 77, 4);
	add(&a, q + HEAD + fixed, 1);
	for (uint8_t i = 0; i < q[HEAD + fixed]; i++, hash += 1 + hash[0])
		add_number(&a, q[0] == 22 ? 0 : hash[2], 1);
	finish(r, from, &a);
}

static void on_watch(struct responder *r, const struct sockaddr_in *from, const uint8_t *q)
{
	struct answer a;
	bool stop = q[HEAD] + q[HEAD + 1] + q[HEAD + 2] + q[HEAD + 3] == 0;

	on_change(r, from, q, 4);
	if (stop || q[HEAD + 7] == 9)
		return;
	begin(&a, 23, q);
	add_number(&a, 1, 4);
	add_number(&a, 1, 1);
	add(&a, q + HEAD + 5, 1u + q[HEAD + 5]);
	add_provider(&a, 2, 9);
	finish(r, from, &a);
}

static void on_ping(struct responder *r, const struct sockaddr_in *from, const uint8_t *q)
{
	struct answer a;

	begin(&a, 27, q);
	add_number(&a, 2, 1);
	add_number(&a, 3, 2);
	add_number(&a, 4000, 4);
	add(&a, "responder", 9);
	finish(r, from, &a);
}

static void on_servers(struct responder *r, const struct sockaddr_in *from, const uint8_t *q)
{
	struct answer a;

	begin(&a, 29, q);
	add_number(&a, 2, 2);
	for (uint8_t i = 1; i <= 2; i++) {
		const struct responder *one = i == 1 ? r : r->knows;
		if (r->knows) {
			add_address(&a, &one->at);
		} else {
			add_provider(&a, i, 0);
			add_number(&a, 8470, 2);
		}
	}
	finish(r, from, &a);
}

static void on_base(struct responder *r, const struct sockaddr_in *from, const uint8_t *q)
{
	struct answer a;

	if (q[0] == 0 && from->sin_port != r->last_port) {
		r->last_port = from->sin_port;
		r->ports++;
	}
	if (q[0] == 2 && q[4] == 9)
		return;
	begin(&a, 3, q);
	if (q[0] == 2)
		add_provider(&a, 3, 0);
	else if (q[3] % 2 == 0)
		add_provider(&a, 1, 0);
	finish(r, from, &a);
}

static void handle(
	struct responder *r, const struct sockaddr_in *from, const uint8_t *q, size_t len)
{
	if (len < 3 || q[0] >= 32)
		return;
	r->received[q[0]]++;
	if (len > r->biggest)
		r->biggest = (unsigned)len;
	if (r->silent)
		return;
	switch (q[0]) {
	case 0:
	case 2: on_base(r, from, q); break;
	case 4:
		if (len == 9 && memcmp(q + 3, "sesame", 6) == 0 &&
			!atomic_exchange(&r->deaf, false)) {
			close(r->fd);
			r->fd = -1;
		}
		break;
	case 16: on_lookup(r, from, q); break;
	case 18: on_change(r, from, q, 22); break;
	case 19: on_change(r, from, q, 18); break;
	case 22: on_watch(r, from, q); break;
	case 26: on_ping(r, from, q); break;
	case 28: on_servers(r, from, q); break;
	default: break;
	}
}

/* ---- The thread ---- */

static void *run(void *arg)
{
	struct responder *r = arg;
	struct pollfd fds[2] = {
		{.fd = r->fd, .events = POLLIN}, {.fd = r->stop_fd, .events = POLLIN}};

	while (fds[0].fd >= 0 && poll(fds, 2, -1) > 0 && !fds[1].revents) {
		uint8_t bytes[65536];
		struct sockaddr_in from;
		socklen_t from_len = sizeof(from);
		ssize_t len = recvfrom(r->fd, bytes, sizeof(bytes), MSG_DONTWAIT,
			(struct sockaddr *)&from, &from_len);
		if (len >= 0)
			handle(r, &from, bytes, (size_t)len);
		fds[0].fd = r->fd;
	}
	return NULL;
}

void responder_start(struct responder *r, unsigned i)
{
	struct sockaddr_in apart;

	memset(r, 0, sizeof(*r));
	r->fd = bound_socket(i, &r->at);
	r->reply_fd = bound_socket(i, &apart);
	text_of(&r->at, r->address);
	r->stop_fd = eventfd(0, EFD_CLOEXEC);
	assert_true(r->stop_fd >= 0);
	assert_int_equal(pthread_create(&r->thread, NULL, run, r), 0);
}

void responder_stop(struct responder *r)
{
	const uint64_t one = 1;

	assert_int_equal(write(r->stop_fd, &one, sizeof(one)), sizeof(one));
	pthread_join(r->thread, NULL);
	if (r->fd >= 0)
		close(r->fd);
	close(r->reply_fd);
	close(r->stop_fd);
}
