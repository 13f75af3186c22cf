/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/log_ring.h"

#include <pthread.h>
#include <unistd.h>

#include "daemon/clock.h"
#include "daemon/log_text.h"

/* Line n is in lines[n % LOG_RING]. */
static struct {
	pthread_mutex_t lock; /* guards all below */
	uint64_t newest;
	int wake_fd;
	struct log_line lines[LOG_RING];
} ring = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake_fd = -1};

void log_ring_put(enum log_level level, int event, const char *message, const char *fields)
{
	static const uint64_t one = 1;

	pthread_mutex_lock(&ring.lock);
	struct log_line *l = &ring.lines[++ring.newest % LOG_RING];
	l->sequence = ring.newest;
	l->wall_us = clock_wall_us();
	l->level = level;
	l->event = event;
	log_text_copy(l->message, sizeof(l->message), message);
	log_text_copy(l->fields, sizeof(l->fields), fields);
	if (ring.wake_fd >= 0) {
		ssize_t written = write(ring.wake_fd, &one, sizeof(one));
		(void)written; /* it fails only when it was said 2^64 times */
	}
	pthread_mutex_unlock(&ring.lock);
}

/* log_read() with the lock held. */
static bool find(uint64_t *sequence, enum log_level level, struct log_line *out, uint64_t *lost)
{
	uint64_t oldest = ring.newest < LOG_RING ? 1 : ring.newest - LOG_RING + 1;

	if (*sequence > ring.newest)
		*sequence = ring.newest;
	*lost = *sequence + 1 < oldest ? oldest - *sequence - 1 : 0;
	for (uint64_t n = *sequence + 1 + *lost; n <= ring.newest; n++) {
		const struct log_line *l = &ring.lines[n % LOG_RING];
		if (l->level > level)
			continue;
		*out = *l;
		*sequence = n;
		return true;
	}
	*sequence = ring.newest;
	return false;
}

bool log_read(uint64_t *sequence, enum log_level level, struct log_line *out, uint64_t *lost)
{
	pthread_mutex_lock(&ring.lock);
	bool found = find(sequence, level, out, lost);
	pthread_mutex_unlock(&ring.lock);
	return found;
}

uint64_t log_newest(void)
{
	pthread_mutex_lock(&ring.lock);
	uint64_t newest = ring.newest;
	pthread_mutex_unlock(&ring.lock);
	return newest;
}

void log_set_wake(int fd)
{
	pthread_mutex_lock(&ring.lock);
	ring.wake_fd = fd;
	pthread_mutex_unlock(&ring.lock);
}
