/* SPDX-License-Identifier: BSD-2-Clause */
/* handle: what is behind a struct dht, for the files that make up libdht's face. */
#ifndef DHT_CLIENT_HANDLE_H
#define DHT_CLIENT_HANDLE_H

#include "base/link.h"
#include "client/dht.h"
#include "client/requester.h"
#include "client/resolve.h"
#include "client/sockets.h"

struct dht_request;

/* Called for each outcome of a request. After OUTCOME_END the request is the callee's again. */
typedef void request_outcome(struct dht_request *q, const struct outcome *o);

struct dht_request {
	struct link link;        /* in dht.started, those of dht_start_…() */
	struct request *request; /* the requester's */
	request_outcome *outcome;
	dht_done *done;
	dht_event *event;
	void *arg;
};

struct dht {
	struct requester *requester;
	struct resolved servers[REQUESTER_SERVERS_MAX];
	size_t server_count;
	uint32_t changes; /* of the requester's servers that servers has */
	struct sockets sockets;
	bool base_only;
	bool closing;
	dht_progress *progress;
	void *progress_arg;
	struct link started;
};

/* Starts q, the caller's, whose outcomes go to q->outcome; spec->user is set here.
 * DHT_ERR_MEMORY. */
int handle_start(struct dht *d, struct dht_request *q, struct request_spec *spec);

uint64_t handle_now_us(void);

/* Waits for at most wait_us, or until dht_process() has something to do, and calls it. */
int handle_wait(struct dht *d, uint64_t wait_us);

/* Whether n hashes have a length that they can have. */
bool handle_hashes_ok(const struct dht_hash *hashes, size_t n);

#endif
