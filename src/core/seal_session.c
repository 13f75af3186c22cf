/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/seal_session.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/budget.h"
#include "base/hmap.h"
#include "base/keyed.h"
#include "base/link.h"
#include "base/mutant.h"
#include "base/spin.h"
#include "core/seal_skew.h"
#include "core/seal_window.h"

#define CHAINS 4096u
#define SHARDS 16u /* a chain is in one shard: both go by the low bits */
#define VOIDS  4096u

/* A session's, by stream: mostly there are a few, and each is the only one of its chain. */
struct windows {
	struct window *chains[16];
};

#define WINDOW_CHAINS (sizeof(struct windows) / sizeof(struct window *))

struct session {
	struct hmap_node by_start, by_id;
	struct session *next_free;
	uint8_t start[SEAL_START_LEN];
	struct addr id;
	uint64_t floor_us; /* TIME of its proof: what was sent before does not count */
	_Atomic(uint64_t) heard_us;
	struct skew skew;
	struct windows windows;
};

struct shard {
	struct spin lock;
	uint8_t apart[63]; /* locks share no cache line */
};

struct sessions {
	uint8_t secret[KEYED_KEY_LEN];
	struct spin book;
	struct shard shards[SHARDS];
	struct hmap by_start, by_id;
	struct session *free;
	size_t fresh; /* sessions from here on were never in use: their memory is not touched */
	uint64_t challenged_us;  /* when the last challenge was given out */
	uint64_t void_us[VOIDS]; /* what was given out before is void */
	struct budget budget;    /* of windows */
	struct hmap_node *chains[2][CHAINS];
	struct session list[SEAL_SESSIONS];
};

static uint64_t print_start(const struct sessions *ss, const uint8_t start[static SEAL_START_LEN])
{
	return keyed_hash64(ss->secret, start, SEAL_START_LEN);
}

static uint64_t print_id(const struct sessions *ss, const struct addr *id)
{
	uint8_t data[sizeof(id->ip.b) + 2];

	memcpy(data, id->ip.b, sizeof(id->ip.b));
	store_be16(data + sizeof(id->ip.b), id->port);
	return keyed_hash64(ss->secret, data, sizeof(data));
}

static struct spin *lock_of(struct sessions *ss, uint64_t print)
{
	return &ss->shards[print % SHARDS].lock;
}

static uint64_t *void_of(struct sessions *ss, uint64_t print)
{
	return &ss->void_us[print / CHAINS % VOIDS];
}

/* With the book's lock. */
static void void_before(struct sessions *ss, uint64_t print, uint64_t us)
{
	if (us > *void_of(ss, print))
		*void_of(ss, print) = us;
}

struct sessions *sessions_new(const uint8_t secret[static 16])
{
	struct sessions *ss = calloc(1, sizeof(*ss));

	if (!ss)
		return NULL;
	memcpy(ss->secret, secret, sizeof(ss->secret));
	hmap_init(&ss->by_start, ss->chains[0], CHAINS);
	hmap_init(&ss->by_id, ss->chains[1], CHAINS);
	ss->budget.max = SEAL_WINDOWS;
	return ss;
}

static struct window *window_new(struct sessions *ss)
{
	if (!budget_take(&ss->budget, 1))
		return NULL;
	struct window *w = calloc(1, sizeof(*w));
	if (!w)
		budget_give(&ss->budget, 1);
	return w;
}

/* w and all that are behind it. */
static void chain_free(struct sessions *ss, struct window *w)
{
	while (w) {
		struct window *next = w->next;
		free(w);
		budget_give(&ss->budget, 1);
		w = next;
	}
}

static void windows_free(struct sessions *ss, const struct windows *windows)
{
	for (size_t i = 0; i < WINDOW_CHAINS; i++)
		chain_free(ss, windows->chains[i]);
}

void sessions_free(struct sessions *ss)
{
	if (!ss)
		return;
	for (size_t i = 0; i < ss->fresh; i++)
		windows_free(ss, &ss->list[i].windows);
	free(ss);
}

/* With the shard's lock. */
static struct session *find_start(
	const struct sessions *ss, const uint8_t start[static SEAL_START_LEN], uint64_t print)
{
	for (struct hmap_node *n = hmap_first(&ss->by_start, print); n; n = hmap_next(n)) {
		struct session *x = container_of(n, struct session, by_start);
		if (memcmp(x->start, start, SEAL_START_LEN) == 0)
			return x;
	}
	return NULL;
}

/* With the book's lock. */
static struct session *find_id(const struct sessions *ss, const struct addr *id, uint64_t print)
{
	for (struct hmap_node *n = hmap_first(&ss->by_id, print); n; n = hmap_next(n)) {
		struct session *x = container_of(n, struct session, by_id);
		if (addr_equal(&x->id, id))
			return x;
	}
	return NULL;
}

/* Gives the stream a window from *spare when it has none. */
static struct window *window_of(struct session *x, uint16_t stream, struct window **spare)
{
	struct window **chain = &x->windows.chains[stream % WINDOW_CHAINS], *w = *chain;

	while (w && w->stream != stream)
		w = w->next;
	if (!w && *spare) {
		w = *spare;
		*spare = NULL;
		w->stream = stream;
		w->next = *chain;
		*chain = w;
	}
	return w;
}

/* With the shard's lock. SEAL_FULL: the stream has no window, and there is no spare one. */
static enum seal_reason admit(
	struct session *x, const struct now *now, struct letter *l, struct window **spare)
{
	if (!ip_equal(&x->id.ip, &l->from.ip) && !MUTANT(25))
		return SEAL_WRONG_ADDRESS;
	if (l->time_us < x->floor_us)
		return SEAL_REPLAYED;
	struct window *w = window_of(x, l->stream, spare);
	if (!w)
		return SEAL_FULL;
	if (!window_take(w, l->count))
		return SEAL_REPLAYED;
	atomic_store_explicit(&x->heard_us, now->mono_us, memory_order_relaxed);
	l->known = true;
	l->id = x->id;
	l->sent_us = skew_ours(&x->skew, now->mono_us, l->time_us);
	if (MUTANT(5))
		l->sent_us = now->mono_us;
	return SEAL_OPENED;
}

static enum seal_reason try_admit(
	struct sessions *ss, const struct now *now, struct letter *l, struct window **spare)
{
	uint64_t print = print_start(ss, l->start16);
	enum seal_reason reason = SEAL_OPENED;

	spin_lock(lock_of(ss, print));
	struct session *x = find_start(ss, l->start16, print);
	if (x)
		reason = admit(x, now, l, spare);
	spin_unlock(lock_of(ss, print));
	return reason;
}

enum seal_reason sessions_admit(struct sessions *ss, const struct now *now, struct letter *l)
{
	struct window *spare = NULL;

	l->known = false;
	if (l->stream >= SEAL_STREAMS)
		return SEAL_FULL;
	if (l->count == 0)
		return SEAL_REPLAYED;
	enum seal_reason reason = try_admit(ss, now, l, &spare);
	if (reason == SEAL_FULL && (spare = window_new(ss)) != NULL)
		reason = try_admit(ss, now, l, &spare);
	chain_free(ss, spare);
	return reason;
}

void sessions_challenged(struct sessions *ss, uint64_t now_us)
{
	spin_lock(&ss->book);
	if (now_us > ss->challenged_us)
		ss->challenged_us = now_us;
	spin_unlock(&ss->book);
}

/* With the book's lock. Gives its windows, to be freed without. */
static struct windows end(struct sessions *ss, struct session *x)
{
	struct spin *lock = lock_of(ss, x->by_start.print);

	spin_lock(lock);
	hmap_remove(&ss->by_start, &x->by_start);
	struct windows windows = x->windows;
	x->windows = (struct windows){0};
	spin_unlock(lock);
	hmap_remove(&ss->by_id, &x->by_id);
	void_before(ss, x->by_id.print, ss->challenged_us + 1);
	x->next_free = ss->free;
	ss->free = x;
	return windows;
}

/* With the book's lock, when all are in use. */
static struct session *least_heard(struct sessions *ss)
{
	struct session *least = &ss->list[0];

	for (size_t i = 1; i < SEAL_SESSIONS; i++)
		if (atomic_load_explicit(&ss->list[i].heard_us, memory_order_relaxed) <
			atomic_load_explicit(&least->heard_us, memory_order_relaxed))
			least = &ss->list[i];
	return least;
}

/* With the book's lock. One that is in no map; an older start of id's makes room for it, or when
 * all are in use the least heard does, and *ended are its windows. */
static struct session *take_session(
	struct sessions *ss, const struct addr *id, uint64_t print, struct windows *ended)
{
	struct session *older = find_id(ss, id, print), *x;

	if (older)
		*ended = end(ss, older);
	else if (!ss->free && ss->fresh == SEAL_SESSIONS)
		*ended = end(ss, least_heard(ss));
	if (!ss->free)
		return &ss->list[ss->fresh++];
	x = ss->free;
	ss->free = x->next_free;
	return x;
}

/* With the book's lock: sessions_add() for a start that has none. */
static struct windows add(struct sessions *ss, const struct now *now, struct letter *l,
	const struct addr *id, uint64_t asked_us, struct window **spare)
{
	uint64_t by_id = print_id(ss, id), by_start = print_start(ss, l->start16);
	struct windows ended = {0};
	struct session *x = take_session(ss, id, by_id, &ended);

	memcpy(x->start, l->start16, sizeof(x->start));
	x->id = *id;
	x->floor_us = MUTANT(15) ? 0 : l->time_us;
	skew_init(&x->skew, now->mono_us, &(struct skew_sample){asked_us, l->time_us});
	void_before(ss, by_id, asked_us);
	hmap_add(&ss->by_id, &x->by_id, by_id);
	spin_lock(lock_of(ss, by_start));
	enum seal_reason reason = admit(x, now, l, spare);
	assert(reason == SEAL_OPENED);
	hmap_add(&ss->by_start, &x->by_start, by_start);
	spin_unlock(lock_of(ss, by_start));
	return ended;
}

static bool has_session(struct sessions *ss, const uint8_t start[static SEAL_START_LEN])
{
	uint64_t print = print_start(ss, start);

	spin_lock(lock_of(ss, print));
	bool has = find_start(ss, start, print) != NULL;
	spin_unlock(lock_of(ss, print));
	return has;
}

bool sessions_add(struct sessions *ss, const struct now *now, struct letter *l,
	const struct addr *id, uint64_t asked_us)
{
	struct window *spare = window_new(ss);
	struct windows ended = {0};

	assert(!l->known && l->stream < SEAL_STREAMS && l->count != 0);
	if (!spare)
		return false;
	spin_lock(&ss->book);
	bool there = has_session(ss, l->start16);
	if (!there && asked_us >= *void_of(ss, print_id(ss, id)))
		ended = add(ss, now, l, id, asked_us, &spare);
	spin_unlock(&ss->book);
	chain_free(ss, spare);
	windows_free(ss, &ended);
	if (there) /* another thread was faster: this letter is one like any other then */
		return sessions_admit(ss, now, l) == SEAL_OPENED && l->known;
	return l->known;
}

void sessions_sample(
	struct sessions *ss, const struct now *now, const struct letter *l, uint64_t asked_us)
{
	uint64_t print = print_start(ss, l->start16);

	spin_lock(lock_of(ss, print));
	struct session *x = find_start(ss, l->start16, print);
	if (x)
		skew_learn(&x->skew, now->mono_us, &(struct skew_sample){asked_us, l->time_us});
	spin_unlock(lock_of(ss, print));
}

bool sessions_find(struct sessions *ss, const struct addr *id, uint64_t *start)
{
	spin_lock(&ss->book);
	const struct session *x = find_id(ss, id, print_id(ss, id));
	if (x)
		*start = load_be64(x->start);
	spin_unlock(&ss->book);
	return x != NULL;
}

void sessions_forget(struct sessions *ss, const struct addr *id)
{
	struct windows ended = {0};

	spin_lock(&ss->book);
	struct session *x = find_id(ss, id, print_id(ss, id));
	if (x)
		ended = end(ss, x);
	spin_unlock(&ss->book);
	windows_free(ss, &ended);
}
