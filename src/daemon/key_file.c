/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clusterkey.h"
#include "base/hex.h"
#include "daemon/secret.h"

#define DAY_MAX 32

/* ---- The text ---- */

/* Where the next line begins; NULL: that was the last. */
static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end && end[1] ? end + 1 : NULL;
}

/* The key of a line; false when it has none. */
static bool key_of(const char *line, uint8_t key[static CLUSTERKEY_LEN])
{
	char text[256];
	size_t len = strcspn(line, "\n");
	bool found = false;

	if (len >= sizeof(text))
		return false;
	memcpy(text, line, len);
	text[len] = '\0';
	bool right = clusterkey_line(text, key, &found) == NULL;
	sodium_memzero(text, sizeof(text));
	return right && found;
}

/* The line of the key with what stands above it, back to the key before. */
static bool find_block(
	const char *old, const uint8_t key[static CLUSTERKEY_LEN], struct span *block)
{
	const char *begin = old;
	uint8_t found[CLUSTERKEY_LEN];

	for (const char *line = old; line; line = next_line(line)) {
		if (!key_of(line, found))
			continue;
		size_t len = (size_t)(line - begin) + strcspn(line, "\n");
		*block = (struct span){(const uint8_t *)begin, len};
		bool same = sodium_memcmp(found, key, sizeof(found)) == 0;
		sodium_memzero(found, sizeof(found));
		if (same)
			return true;
		begin = next_line(line);
		if (!begin)
			return false;
	}
	return false;
}

static void write_key(FILE *to, const char *old, const struct seal_key *k, const char *day)
{
	char hex[2 * SEAL_KEY_LEN + 1];
	struct span block;

	if (old && find_block(old, k->key, &block)) {
		fprintf(to, "%.*s\n", (int)block.len, (const char *)block.p);
		return;
	}
	hex_encode(k->key, sizeof(k->key), hex);
	fprintf(to, "# dht cluster key %02x, added %s\n%s\n", k->id, day, hex);
	sodium_memzero(hex, sizeof(hex));
}

char *key_file_text(const char *old, const struct seal_keys *keys, const char *day)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	if (!to)
		return NULL;
	for (size_t i = 0; i < keys->count; i++)
		write_key(to, old, &keys->key[i], day);
	bool whole = ferror(to) == 0;
	if (fclose(to) == 0 && whole)
		return text;
	secret_free(text);
	return NULL;
}

/* ---- The file ---- */

static int fail(char reason[static KEY_FILE_REASON], const char *what, const char *path)
{
	snprintf(reason, KEY_FILE_REASON, "cannot %s %.200s: %s", what, path, strerror(errno));
	return -1;
}

/* The mode and owner of the one that it takes the place of. */
static int dress(int fd, const struct stat *like)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return -1;
	if ((st.st_uid != like->st_uid || st.st_gid != like->st_gid) &&
		fchown(fd, like->st_uid, like->st_gid) != 0)
		return -1;
	return fchmod(fd, like->st_mode & 07777);
}

static int write_all(int fd, const char *text)
{
	size_t len = strlen(text);

	while (len > 0) {
		ssize_t n = write(fd, text, len);
		if (n < 0 && errno != EINTR)
			return -1;
		text += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return fsync(fd);
}

/* One that an earlier try left behind is in nobody's use. */
static int create(const char *path)
{
	int how = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = open(path, how, 0600);

	if (fd >= 0 || errno != EEXIST || unlink(path) != 0)
		return fd;
	return open(path, how, 0600);
}

static int replace(const char *path, const struct stat *like, const char *text,
	char reason[static KEY_FILE_REASON])
{
	char fresh[PATH_MAX];

	if (snprintf(fresh, sizeof(fresh), "%s.new", path) >= (int)sizeof(fresh)) {
		errno = ENAMETOOLONG;
		return fail(reason, "write", path);
	}
	int fd = create(fresh);
	if (fd < 0)
		return fail(reason, "write", fresh);
	int err = dress(fd, like) | write_all(fd, text);
	if (err)
		fail(reason, "write", fresh);
	close(fd);
	if (err == 0 && rename(fresh, path) != 0)
		err = fail(reason, "replace", path);
	if (err)
		unlink(fresh);
	return err ? -1 : 0;
}

/* The name is on the disk when its folder is; a folder that cannot be opened is no reason to say
 * that nothing was written. */
static void sync_folder(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash)
		return;
	*slash = '\0';
	int fd = open(path[0] ? path : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

static void format_today(char day[static DAY_MAX])
{
	time_t now = time(NULL);
	struct tm t;

	if (!gmtime_r(&now, &t) || strftime(day, DAY_MAX, "%Y-%m-%d", &t) == 0)
		day[0] = '\0';
}

/* What is there, as it is. NULL with the reason. */
static char *read_old(const char *path, char reason[static KEY_FILE_REASON])
{
	struct faults f = {0};
	char *old = NULL;

	if (secret_read(path, (struct place){.file = path}, NULL, &old, &f) != 0)
		snprintf(reason, KEY_FILE_REASON, "%.290s",
			f.count ? faults_at(&f, 0)->text : "cannot read it");
	faults_fini(&f);
	return old;
}

int key_file_write(
	const char *path, const struct seal_keys *keys, char reason[static KEY_FILE_REASON])
{
	char real[PATH_MAX], day[DAY_MAX];
	struct stat like;

	/* What a link points to is replaced, and not the link. */
	if (!realpath(path, real) || stat(real, &like) != 0)
		return fail(reason, "find", path);
	char *old = read_old(real, reason);
	if (!old)
		return -1;
	format_today(day);
	char *text = key_file_text(old, keys, day);
	errno = ENOMEM;
	int err = text ? replace(real, &like, text, reason) : fail(reason, "write", real);
	secret_free(text);
	secret_free(old);
	if (err == 0)
		sync_folder(real);
	return err;
}
