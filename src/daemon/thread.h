/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * thread: how the daemon starts its threads.
 *
 * Signals are the main thread's, but not those that tell of a fault (SIGABRT, SIGSEGV, SIGBUS,
 * SIGFPE, SIGILL, SIGTRAP, SIGSYS): each thread takes its own, and systemd's SIGABRT for a daemon
 * that hangs ends it whichever thread can still run.
 */
#ifndef DHT_DAEMON_THREAD_H
#define DHT_DAEMON_THREAD_H

#include <pthread.h>

/* The kernel's limit, with the NUL. */
#define THREAD_NAME_MAX 16

/* 0, or -1 with errno. */
int thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg);

/* Names the calling thread, for ps, top and gdb; cut to THREAD_NAME_MAX. */
__attribute__((format(printf, 1, 2))) void thread_name(const char *format, ...);

#endif
