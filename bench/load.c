/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load: a closed-loop load of GETs (or of anything that is answered one for one).
 *
 *     load IPV4 PORT PID SECONDS MODE HASHES
 *
 * Keeps WINDOW datagrams in flight on each of SOCKETS sockets, in batches, for SECONDS, and prints
 * one line: answers a second, answers for each second of the server's processor time (PID's, all
 * threads), and what was lost. MODE: "get" asks for hashes that are there, "miss" for others,
 * "put" announces HASHES hashes first and does nothing else, "lookup" and "announce" speak the
 * extended messages.
 *
 * Speaks the protocol with bytes of its own, so that it measures any server alike.
 */
#include "config.h"

#include <arpa/inet.h>
#include <endian.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <dirent.h>

#define SOCKETS  4
#define WINDOW   64
#define REQUEST  128
#define HASH_LEN 32

enum mode { GET, MISS, PUT, LOOKUP, ANNOUNCE };
static const char *const modes[] = {"get", "miss", "put", "lookup", "announce"};

struct flow {
	int fd;
	unsigned in_flight;
	uint64_t sent, answered, lost;
	double last_answer;
	struct mmsghdr out[WINDOW], in[WINDOW];
	struct iovec out_iov[WINDOW], in_iov[WINDOW];
	uint8_t out_bytes[WINDOW][REQUEST], in_bytes[WINDOW][1500];
};

static struct flow flows[SOCKETS];
static uint64_t next_hash;

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The processor time of all threads of a process: their schedstat's first number, in ns. */
static double cpu_s(const char *pid)
{
	char path[64];
	double total = 0;
	snprintf(path, sizeof(path), "/proc/%.20s/task", pid);
	DIR *dir = opendir(path);

	for (struct dirent *e; dir && (e = readdir(dir));) {
		char file[sizeof(path) + 300];
		uint64_t ns = 0;
		snprintf(file, sizeof(file), "%s/%s/schedstat", path, e->d_name);
		FILE *f = e->d_name[0] == '.' ? NULL : fopen(file, "r");
		if (f && fscanf(f, "%" SCNu64, &ns) == 1)
			total += (double)ns / 1e9;
		if (f)
			fclose(f);
	}
	if (dir)
		closedir(dir);
	return total;
}

/* The i'th hash: 32 bytes that look random, the same in each run (splitmix64). */
static void put_hash(uint8_t to[static HASH_LEN], uint64_t i)
{
	for (int word = 0; word < HASH_LEN / 8; word++) {
		uint64_t z = i * 4 + (uint64_t)word + UINT64_C(0x9e3779b97f4a7c15);
		z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
		z = htobe64(z ^ z >> 31);
		memcpy(to + 8 * word, &z, 8);
	}
}

static size_t put_header(uint8_t *to, int type, size_t data_len)
{
	to[0] = (uint8_t)type;
	to[1] = (uint8_t)(data_len >> 8);
	to[2] = (uint8_t)data_len;
	return 3 + data_len;
}

/* Writes one request; gives its size. */
static size_t put_request(uint8_t *to, enum mode mode, uint64_t i, uint64_t hashes)
{
	static const uint8_t ip[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 7};
	uint64_t txid = htobe64(i), h = mode == MISS ? hashes + i : i % hashes;

	memset(to, 0, REQUEST);
	memcpy(to + 3, &txid, 8);
	switch (mode) {
	case GET:
	case MISS: put_hash(to + 3, h); return put_header(to, 0, HASH_LEN);
	case PUT:
		memcpy(to + 3, ip, 16);
		put_hash(to + 19, h);
		return put_header(to, 1, 16 + HASH_LEN);
	case LOOKUP: /* TXID, MAX 0, CURSOR 0, one hash */
		to[17] = 1;
		to[18] = HASH_LEN;
		put_hash(to + 19, h);
		return put_header(to, 16, 16 + HASH_LEN);
	case ANNOUNCE: /* TXID, TTL 0, PORT, IP, one hash */
		to[15] = 31;
		memcpy(to + 17, ip, 16);
		to[33] = 1;
		to[34] = HASH_LEN;
		put_hash(to + 35, h);
		return put_header(to, 18, 32 + HASH_LEN);
	}
	return 0;
}

static void send_some(struct flow *f, enum mode mode, uint64_t hashes, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		f->out_iov[i].iov_base = f->out_bytes[i];
		f->out_iov[i].iov_len = put_request(f->out_bytes[i], mode, next_hash++, hashes);
		f->out[i].msg_hdr = (struct msghdr){.msg_iov = &f->out_iov[i], .msg_iovlen = 1};
	}
	int k = sendmmsg(f->fd, f->out, n, 0);
	f->in_flight += k > 0 ? (unsigned)k : 0;
	f->sent += k > 0 ? (unsigned)k : 0;
}

static void receive_some(struct flow *f, double now)
{
	for (unsigned i = 0; i < WINDOW; i++) {
		f->in_iov[i] = (struct iovec){.iov_base = f->in_bytes[i], .iov_len = 1500};
		f->in[i].msg_hdr = (struct msghdr){.msg_iov = &f->in_iov[i], .msg_iovlen = 1};
	}
	int n = recvmmsg(f->fd, f->in, WINDOW, MSG_DONTWAIT, NULL);
	if (n > 0) {
		f->last_answer = now;
		f->answered += (unsigned)n;
		f->in_flight -= (unsigned)n < f->in_flight ? (unsigned)n : f->in_flight;
	} else if (f->in_flight && now - f->last_answer > 0.2) {
		f->lost += f->in_flight;
		f->in_flight = 0;
		f->last_answer = now;
	}
}

static bool open_flows(const char *ip, int port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int buffer = 4 << 20;

	if (inet_pton(AF_INET, ip, &to.sin_addr) != 1)
		return false;
	for (int i = 0; i < SOCKETS; i++) {
		flows[i].fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		setsockopt(flows[i].fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
		if (connect(flows[i].fd, (struct sockaddr *)&to, sizeof(to)) != 0)
			return false;
	}
	return true;
}

static void run(enum mode mode, uint64_t hashes, double until)
{
	struct pollfd p[SOCKETS];

	for (double now = now_s(); now < until; now = now_s()) {
		for (int i = 0; i < SOCKETS; i++) {
			if (flows[i].in_flight <= WINDOW / 2)
				send_some(&flows[i], mode, hashes, WINDOW - flows[i].in_flight);
			p[i] = (struct pollfd){.fd = flows[i].fd, .events = POLLIN};
		}
		if (poll(p, SOCKETS, 50) < 0)
			return;
		for (int i = 0; i < SOCKETS; i++)
			receive_some(&flows[i], now);
	}
}

/* PUT is not answered: a GET behind each batch shows that the server has read it. */
static bool preload(uint64_t hashes)
{
	struct flow *f = &flows[0];

	for (next_hash = 0; next_hash < hashes;) {
		uint64_t left = hashes - next_hash;
		send_some(f, PUT, hashes, left < WINDOW ? (unsigned)left : WINDOW);
		uint8_t ask[REQUEST], answer[1500];
		size_t len = put_request(ask, GET, 0, hashes);
		struct pollfd p = {.fd = f->fd, .events = POLLIN};
		if (send(f->fd, ask, len, 0) < 0 || poll(&p, 1, 2000) != 1 ||
			recv(f->fd, answer, sizeof(answer), 0) < 0)
			return false;
	}
	f->in_flight = 0;
	return true;
}

int main(int argc, char **argv)
{
	enum mode mode = GET;

	if (argc != 7 || !open_flows(argv[1], atoi(argv[2]))) {
		fprintf(stderr, "usage: load IPV4 PORT PID SECONDS MODE HASHES\n");
		return 2;
	}
	for (enum mode m = GET; m <= ANNOUNCE; m++)
		if (strcmp(argv[5], modes[m]) == 0)
			mode = m;
	double seconds = atof(argv[4]);
	uint64_t hashes = strtoull(argv[6], NULL, 10), answered = 0, lost = 0, before = 0;
	if (mode == PUT)
		return preload(hashes) ? 0 : 1;
	run(mode, hashes, now_s() + 0.5); /* warm up */
	for (int i = 0; i < SOCKETS; i++)
		before += flows[i].answered;
	double cpu = cpu_s(argv[3]), start = now_s();
	run(mode, hashes, start + seconds);
	double took = now_s() - start;
	cpu = cpu_s(argv[3]) - cpu;
	for (int i = 0; i < SOCKETS; i++) {
		answered += flows[i].answered;
		lost += flows[i].lost;
	}
	answered -= before;
	printf("{\"mode\": \"%s\", \"answersPerSecond\": %.0f, \"answersPerCpuSecond\": %.0f, "
	       "\"cpuMicrosecondsPerAnswer\": %.3f, \"answered\": %" PRIu64 ", \"lost\": %" PRIu64
	       "}\n",
		modes[mode], (double)answered / took, (double)answered / cpu,
		cpu * 1e6 / (double)answered, answered, lost);
	return 0;
}
