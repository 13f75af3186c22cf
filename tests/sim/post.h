/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * post: what a server's lanes pass on to its cluster's thread.
 *
 * Each parcel takes a moment, in any order, or is lost: by chance where the plan says so, or when
 * FLEET_POSTS of a server wait already.
 */
#ifndef DHT_TESTS_SIM_POST_H
#define DHT_TESTS_SIM_POST_H

#include "core/server.h"

#include "sim.h"

struct fleet;
struct node;

/* Copies p. */
void post_send(struct sim *s, struct node *n, const struct parcel *p);

/* Its cluster's thread goes on. */
void post_resume(struct sim *s, struct node *n);

/* Its server ends. */
void post_forget(struct sim *s, struct node *n);

/* Frees those that are not in use, which are all when no server is up. */
void post_free_all(struct fleet *f);

#endif
