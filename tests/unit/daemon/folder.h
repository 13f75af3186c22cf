/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * folder: a folder of a test's own, with files in it, gone when the test ends.
 */
#ifndef DHT_TESTS_DAEMON_FOLDER_H
#define DHT_TESTS_DAEMON_FOLDER_H

#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/faults.h"

#include "../unit.h"

#define FOLDER_PATH_MAX 256

struct folder {
	char path[FOLDER_PATH_MAX];
};

static inline void folder_make(struct folder *f)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(f->path, sizeof(f->path), "%s/dht-test-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(f->path));
}

static inline int folder_unlink(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void folder_remove(const struct folder *f)
{
	assert_int_equal(nftw(f->path, folder_unlink, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* The path of a name in the folder; valid until the fourth call after this one. */
static inline const char *folder_path(const struct folder *f, const char *name)
{
	static char paths[4][2 * FOLDER_PATH_MAX];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", f->path, name);
	return path;
}

static inline const char *folder_write_bytes(
	const struct folder *f, const char *name, const void *bytes, size_t len, mode_t mode)
{
	const char *path = folder_path(f, name);
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	assert_int_equal(fwrite(bytes, 1, len, out), len);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(chmod(path, mode), 0);
	return path;
}

static inline const char *folder_write(
	const struct folder *f, const char *name, const char *text, mode_t mode)
{
	return folder_write_bytes(f, name, text, strlen(text), mode);
}

/* The faults' lines, each with a newline, with the folder's path written as "@". */
static inline void folder_faults(
	const struct folder *f, const struct faults *faults, char *to, size_t size)
{
	size_t used = 0, path_len = strlen(f->path);

	for (size_t i = 0; i < faults->count; i++) {
		for (const char *p = faults->v[i].text; *p;) {
			bool is_path = strncmp(p, f->path, path_len) == 0;
			assert_true(used + 2 < size);
			to[used++] = is_path ? '@' : *p;
			p += is_path ? path_len : 1;
		}
		to[used++] = '\n';
	}
	to[used] = '\0';
}

#endif
