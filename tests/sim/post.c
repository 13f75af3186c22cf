/* SPDX-License-Identifier: BSD-2-Clause */
#include "post.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "chance.h"
#include "fleet.h"
#include "shell.h"

#define QUICK_US 10
#define SLOW_US  200

struct post {
	struct event event;
	struct post *next; /* of its server's, or of those not in use */
	struct node *node;
	bool due; /* its time has come, but the thread stands still */
	struct parcel parcel;
};

static struct post *post_get(struct fleet *f)
{
	struct post *p = f->posts;

	if (p)
		f->posts = p->next;
	else
		p = calloc(1, sizeof(*p));
	assert(p);
	return p;
}

static void post_put(struct fleet *f, struct post *p)
{
	p->next = f->posts;
	f->posts = p;
}

static void take_out(struct node *n, struct post *p)
{
	struct post **at = &n->posted;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	n->posts--;
}

static void hand_over(struct sim *s, struct post *p)
{
	struct node *n = p->node;

	take_out(n, p);
	p->parcel.letter.messages = (struct span){.p = p->parcel.bytes, .len = p->parcel.len};
	shell_take(s, n, &p->parcel);
	post_put(s->fleet, p);
}

static void come(struct sim *s, struct event *e)
{
	struct post *p = (struct post *)e;

	if (p->node->threads[0].stalled)
		p->due = true;
	else
		hand_over(s, p);
}

/* Of a parcel only the bytes that it has. */
static void copy(struct parcel *to, const struct parcel *from)
{
	memcpy(to, from, offsetof(struct parcel, bytes) + from->len);
}

void post_send(struct sim *s, struct node *n, const struct parcel *p)
{
	uint64_t slow_us = plan_has(&s->plan, FAULT_QUEUE) && !s->healed ? s->plan.queue_us
	                                                                 : SLOW_US;
	uint64_t after_us = chance_between(&n->rng, QUICK_US, QUICK_US + slow_us);
	bool lost = chance(&n->rng, s->plan.queue_loss) && plan_has(&s->plan, FAULT_QUEUE) &&
	            !s->healed;

	if (lost || n->posts == FLEET_POSTS || !sim_has_room(s)) {
		sim_count(s, TALLY_OVERFLOW);
		return;
	}
	struct post *post = post_get(s->fleet);
	copy(&post->parcel, p);
	post->node = n;
	post->due = false;
	post->next = n->posted;
	n->posted = post;
	n->posts++;
	post->event.fire = come;
	sim_at(s, &post->event, s->now_us + after_us);
}

/* The one that has waited for the longest, which is the last of the list. */
static struct post *first_due(struct node *n)
{
	struct post *found = NULL;

	for (struct post *p = n->posted; p; p = p->next)
		if (p->due)
			found = p;
	return found;
}

void post_resume(struct sim *s, struct node *n)
{
	struct post *p;

	while ((p = first_due(n)))
		hand_over(s, p);
}

void post_forget(struct sim *s, struct node *n)
{
	while (n->posted) {
		struct post *p = n->posted;
		sim_cancel(s, &p->event);
		take_out(n, p);
		post_put(s->fleet, p);
	}
}

void post_free_all(struct fleet *f)
{
	while (f->posts) {
		struct post *next = f->posts->next;
		free(f->posts);
		f->posts = next;
	}
}
