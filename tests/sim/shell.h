/* SPDX-License-Identifier: BSD-2-Clause */
/* shell: the threads and sockets of a server of the fleet. Other files than fleet.c and post.c go
 * through fleet.h. */
#ifndef DHT_TESTS_SIM_SHELL_H
#define DHT_TESTS_SIM_SHELL_H

#include "fleet.h"

/* Before the server's first call, and after its last. */
void shell_start(struct node *n);
void shell_stop(struct sim *s, struct node *n);

/* A thread's deadline may have moved. */
void shell_wake(struct sim *s, struct node *n);

/* Takes p. */
void shell_receive(struct sim *s, struct node *n, struct packet *p);

/* The cluster's thread is given what a lane has passed on. */
void shell_take(struct sim *s, struct node *n, struct parcel *p);

/* The thread goes on, with what waits. */
void shell_resume(struct sim *s, struct thread *t);

/* Sends DECO to all. */
void shell_part(struct sim *s, struct node *n);

#endif
