/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replay: runs a fuzz target over files, so that a corpus is a test with any compiler.
 *
 *     replay_msg FILE-OR-DIRECTORY…
 *
 * A directory stands for the files in it, not for those in directories below. Each input lies in
 * an allocation of exactly its size, for the sanitizers.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

static unsigned replayed;

static int replay_stream(FILE *f, size_t size)
{
	uint8_t *data = malloc(size ? size : 1);

	if (!data || fread(data, 1, size, f) != size) {
		free(data);
		return -1;
	}
	LLVMFuzzerTestOneInput(data, size);
	replayed++;
	free(data);
	return 0;
}

static int replay_file(const char *path, size_t size)
{
	FILE *f = fopen(path, "rb");

	if (!f)
		return -1;
	int err = replay_stream(f, size);
	fclose(f);
	return err;
}

static int replay_directory(const char *path)
{
	char file[PATH_MAX];
	DIR *dir = opendir(path);
	const struct dirent *entry;
	struct stat st;
	int err = 0;

	if (!dir)
		return -1;
	while (err == 0 && (entry = readdir(dir))) {
		int len = snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		if (len < 0 || (size_t)len >= sizeof(file) || stat(file, &st) != 0)
			err = -1;
		else if (S_ISREG(st.st_mode))
			err = replay_file(file, (size_t)st.st_size);
	}
	closedir(dir);
	return err;
}

static int replay(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return -1;
	return S_ISDIR(st.st_mode) ? replay_directory(path) : replay_file(path, (size_t)st.st_size);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (replay(argv[i]) != 0) {
			fprintf(stderr, "%s: %s: %s\n", argv[0], argv[i], strerror(errno));
			return 1;
		}
	}
	printf("%u inputs replayed\n", replayed);
	return replayed ? 0 : 1;
}
