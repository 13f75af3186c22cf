/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/dht/load.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>

#define NS_PER_MS UINT64_C(1000000)
#define GRACE_NS  (2000 * NS_PER_MS)
#define POLL_MS   100

/* One request under way. */
struct slot {
	struct load *load;
	uint64_t started_ns;
	enum load_operation operation;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 * NS_PER_MS + (uint64_t)t.tv_nsec;
}

static void note_error(struct load *load, int error)
{
	if (load->errors++ == 0)
		load->first_error = error;
}

static void start(struct slot *slot);

static void on_done(void *arg, const struct dht_hash *hash, int error, uint8_t status,
	const struct dht_answer *answer)
{
	struct slot *slot = arg;
	struct load *load = slot->load;
	uint64_t now = now_ns();

	(void)hash;
	(void)answer;
	load->in_flight--;
	if (error == 0 && slot->operation == LOAD_PUT && status > DHT_BELOW_QUORUM)
		error = status == DHT_REFUSED ? DHT_ERR_REFUSED : DHT_ERR_PARTIAL;
	if (error)
		note_error(load, error);
	else
		histogram_add(&load->latency_ns[slot->operation], now - slot->started_ns);
	if (now < load->end_ns && error != DHT_ERR_CANCELLED)
		start(slot);
}

static void start(struct slot *slot)
{
	struct load *load = slot->load;
	const struct load_plan *plan = load->plan;
	const struct dht_hash *hash = &plan->hashes[rng_below(&load->rng, plan->hash_count)];
	const struct dht_put_options options = {.ttl_s = plan->ttl_s};
	bool get = rng_below(&load->rng, 100) < plan->get_percent;
	struct dht_request *r;

	slot->operation = get ? LOAD_GET : LOAD_PUT;
	slot->started_ns = now_ns();
	load->in_flight++;
	if (get)
		r = dht_start_get(load->dht, hash, on_done, slot);
	else
		r = dht_start_put(load->dht, hash, &options, on_done, slot);
	if (r)
		return;
	load->in_flight--;
	note_error(load, errno == ENOMEM ? DHT_ERR_MEMORY : DHT_ERR_SYSTEM);
}

static void loop(struct load *load)
{
	struct pollfd fd = {.fd = dht_fd(load->dht), .events = POLLIN};

	while (load->in_flight > 0 && now_ns() < load->end_ns + GRACE_NS) {
		int pause = dht_timeout_ms(load->dht);

		if (pause < 0 || pause > POLL_MS)
			pause = POLL_MS;
		if ((poll(&fd, 1, pause) < 0 && errno != EINTR) || dht_process(load->dht) != 0) {
			note_error(load, DHT_ERR_SYSTEM);
			return;
		}
	}
}

void *load_run(void *arg)
{
	struct load *load = arg;
	struct slot *slots = calloc(load->plan->depth, sizeof(*slots));
	uint64_t begin = now_ns();

	load->end_ns = begin + load->plan->duration_ms * NS_PER_MS;
	for (uint32_t i = 0; slots && i < load->plan->depth; i++) {
		slots[i].load = load;
		start(&slots[i]);
	}
	if (slots)
		loop(load);
	else
		note_error(load, DHT_ERR_MEMORY);
	load->run_ns = now_ns() - begin;
	load->end_ns = 0;
	dht_close(load->dht);
	load->dht = NULL;
	free(slots);
	return NULL;
}
