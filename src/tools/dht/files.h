/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * files: the SHA-256 of many files, as fast as the machine can.
 *
 * Paths are collected first, then hashed by one thread for each CPU, each taking the next path from
 * a counter. The order of the result is the order of collection; a folder's is sorted by name.
 */
#ifndef DHT_TOOLS_DHT_FILES_H
#define DHT_TOOLS_DHT_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "client/dht.h"
#include "tools/common/fault.h"

#define FILES_MAX (1 << 24)

struct file {
	char *path;
	int error; /* 0, or the errno that kept it from being read */
	bool walked;
	struct dht_hash hash; /* when error is 0, after files_hash() */
};

struct files {
	struct file *items;
	size_t count, capacity;
};

/* Copies path; "-" is standard input. 0, or the fault's status. */
int files_add(struct files *f, const char *path, struct fault *fault);

/* Adds each regular file below dir, not following symbolic links. What can't be read is added with
 * its error, and so is a dir that is none. 0, or the fault's status. */
int files_walk(struct files *f, const char *dir, struct fault *fault);

/* Reads them all; progress may be NULL and is called from this thread. */
void files_hash(struct files *f, dht_progress *progress, void *arg);

void files_free(struct files *f);

#endif
