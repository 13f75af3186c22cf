/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * faults: what is wrong with a configuration, all of it.
 *
 * A reader of a configuration never stops at the first mistake: it adds a line here and goes on, so
 * that who mends the file sees everything at once. A line reads
 *
 *     FILE:LINE: setting: what is wrong
 *
 * with the parts left out that are not known, and "dhtd" for a file where there is none. At most
 * FAULTS_MAX lines are kept; what is beyond is only counted.
 */
#ifndef DHT_DAEMON_FAULTS_H
#define DHT_DAEMON_FAULTS_H

#include <stddef.h>

#define FAULTS_MAX     200
#define FAULT_TEXT_MAX 512

/* Where something was written. file NULL: nowhere, it is a default. line 0: in the whole file. */
struct place {
	const char *file;
	unsigned line;
};

/* One of them: the line as a whole, and its parts for programs. */
struct one_fault {
	char *text;    /* "FILE:LINE: setting: message" */
	char *file;    /* NULL: not known */
	unsigned line; /* 0: not known */
	char *setting; /* NULL: not known */
	char *message;
};

/* All zero is an empty list. */
struct faults {
	struct one_fault v[FAULTS_MAX];
	size_t count;
	size_t untold; /* beyond FAULTS_MAX, or no memory */
};

/* setting may be NULL. Borrows all of it. Texts longer than FAULT_TEXT_MAX are cut. */
__attribute__((format(printf, 4, 5))) void faults_add(
	struct faults *f, struct place at, const char *setting, const char *format, ...);

/* Puts those from the first-th on into the order of their files, and of their lines in each. rank
 * says where a file comes, which is NULL where it is not known; those of one place stay as they
 * are. */
void faults_sort(struct faults *f, size_t first,
	unsigned (*rank)(const char *file, const void *user), const void *user);

size_t faults_count(const struct faults *f);

/* The i-th that is kept, 0 to f->count - 1. */
const struct one_fault *faults_at(const struct faults *f, size_t i);

/* Calls show for each line, and for a last one that says how many are not shown. */
void faults_each(const struct faults *f, void (*show)(const char *line));

void faults_fini(struct faults *f);

#endif
