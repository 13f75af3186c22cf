/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each allocation fails once: the requester goes on, what could not be done ends so, and nothing
 * is lost. (The linker puts the functions below before the real ones.)
 */
#include <stdlib.h>
#include <string.h>

#include "rig.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

static size_t allocations, failing = SIZE_MAX;

static bool fails(void)
{
	return allocations++ == failing;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return fails() ? NULL : __real_realloc(p, size);
}

/* One of each kind, as far as there is memory. */
static size_t start_all(struct rig *rig, const char *text)
{
	const struct dht_hash h = rig_hash(text);
	size_t started = 0;

	for (unsigned kind = 0; kind < REQUEST_KINDS; kind++) {
		struct request_spec spec = {.kind = kind, .hash = &h, .server = -1};
		if (kind != REQUEST_UNWATCH && kind != REQUEST_LEARN)
			started += requester_start(rig->r, &spec) != NULL;
	}
	return started;
}

static void answer_all(struct rig *rig)
{
	const struct msg pong = {.type = MSG_PONG}, list = {.type = MSG_SERVER_LIST};
	size_t n = rig->count;

	for (size_t i = 0; i < n; i++) {
		const struct rig_sent *s = &rig->sent[i];
		if (s->m.type == MSG_LOOKUP && s->m.lookup.cursor == 0)
			rig_providers(rig, s, 1, 5);
		else if (s->m.type == MSG_LOOKUP)
			rig_providers(rig, s, 2, 0);
		else if (s->m.type == MSG_PING)
			rig_answer(rig, s, &pong);
		else if (s->m.type == MSG_SERVERS)
			rig_answer(rig, s, &list);
		else if (rig_hashes(s) > 0)
			rig_done(rig, s, 0);
		if (s->m.type == MSG_WATCH)
			rig_event(rig, s, 1, 1, 9);
	}
}

/* Everything that a requester does in one life. Gives how many requests did not end well. */
static size_t live(struct rig *rig)
{
	size_t started = start_all(rig, "x"), ended = 0, good = 0;
	struct outcome o;

	for (int i = 0; i < 6; i++) {
		rig_wait(rig, i == 4 ? 31000 : 0);
		answer_all(rig);
		while (requester_take(rig->r, &o)) {
			assert_true(o.error == 0 || o.error == DHT_ERR_MEMORY);
			ended += o.kind == OUTCOME_END;
			good += o.kind == OUTCOME_END && o.error == 0;
			free(o.answer.providers);
		}
	}
	/* The watch goes on, if it was started. */
	assert_true(ended == started || ended + 1 == started);
	/* But for that, its farewell, and what the requester asks for itself. */
	return REQUEST_KINDS - 3 - good;
}

static void every_allocation_may_fail(void **state)
{
	size_t n = 0, bad = 0, runs_with_bad = 0;

	(void)state;
	do {
		struct rig rig;
		rig_init(&rig, 1);
		rig_start(&rig);
		requester_set_learning(rig.r, true);
		allocations = 0;
		failing = n++;
		bad = live(&rig);
		failing = SIZE_MAX;
		runs_with_bad += bad != 0;
		assert_true(bad <= 3);
		rig_stop(&rig);
	} while (allocations >= n);
	assert_int_equal(bad, 0);
	assert_true(n > 20 && runs_with_bad > 10);
}

static void a_requester_needs_memory(void **state)
{
	struct rig rig;
	const uint8_t secret[REQUESTER_SECRET_LEN] = {0};

	(void)state;
	rig_init(&rig, 1);
	rig.config.servers = rig.servers;
	allocations = failing = 0;
	assert_null(requester_new(&rig.config, secret));
	failing = SIZE_MAX;
	rig_stop(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_allocation_may_fail),
		cmocka_unit_test(a_requester_needs_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
