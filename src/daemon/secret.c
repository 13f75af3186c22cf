/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/secretfile.h"
#include "daemon/readable.h"

bool secret_is_hash(const char *password)
{
	return strncmp(password, "$argon2", 7) == 0;
}

void secret_free(char *text)
{
	if (text)
		sodium_memzero(text, strlen(text));
	free(text);
}

/* The whole of fd, at most size - 1 bytes, as a string. -1 with errno. */
static ssize_t read_all(int fd, char *to, size_t size)
{
	size_t used = 0;

	for (;;) {
		ssize_t n = read(fd, to + used, size - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		used += (size_t)n;
		if (n == 0)
			break;
		if (used == size) {
			errno = EFBIG;
			return -1;
		}
	}
	to[used] = '\0';
	if (memchr(to, '\0', used)) {
		errno = EILSEQ;
		return -1;
	}
	return (ssize_t)used;
}

/* Opens a file that is fit to hold a secret; -1 after a fault. */
static int open_secret(
	const char *file, struct place at, const char *setting, struct stat *st, struct faults *f)
{
	/* O_NONBLOCK: opening a FIFO must not wait for a writer. */
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char why[READABLE_TEXT_MAX];

	if (fd < 0 || fstat(fd, st) != 0) {
		readable_error(why, file, errno);
		faults_add(f, at, setting, "cannot open %s: %s", file, why);
	} else if (!S_ISREG(st->st_mode)) {
		faults_add(f, at, setting, "%s is not a regular file", file);
	} else if (!secretfile_mode_ok(st->st_mode)) {
		faults_add(f, at, setting,
			"%s has mode %04o: others must not be able to read or change it: "
			"chmod o-rw,g-w %s",
			file, (unsigned)(st->st_mode & 07777), file);
	} else if (st->st_size > SECRET_FILE_MAX) {
		faults_add(f, at, setting, "%s is too big", file);
	} else {
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

int secret_read(
	const char *file, struct place at, const char *setting, char **text, struct faults *f)
{
	struct stat st;
	int fd = open_secret(file, at, setting, &st, f);

	*text = NULL;
	if (fd < 0)
		return DHT_ESYSTEM;
	size_t size = (size_t)st.st_size + 2;
	char *content = malloc(size);
	if (content && read_all(fd, content, size) >= 0) {
		*text = content;
	} else {
		faults_add(f, at, setting, "cannot read %s: %s", file,
			strerror(content ? errno : ENOMEM));
		if (content)
			sodium_memzero(content, size);
		free(content);
	}
	close(fd);
	return *text ? 0 : DHT_ESYSTEM;
}

static bool has_name(const struct auth_key *keys, size_t count, const struct named_key *key)
{
	for (size_t i = 0; i < count; i++)
		if (keys[i].name_len == key->name_len &&
			memcmp(keys[i].name, key->name, key->name_len) == 0)
			return true;
	return false;
}

static void keep_key(struct auth_key *to, const struct named_key *key)
{
	_Static_assert(AUTH_KEY_LEN == NAMED_KEY_LEN && AUTH_NAME_MAX == NAMED_KEY_NAME_MAX,
		"a file's keys are those that requests are signed with");
	to->name_len = key->name_len;
	memcpy(to->name, key->name, key->name_len);
	memcpy(to->key, key->key, sizeof(to->key));
}

/* The keys in text, which is changed, into room for max of them. */
static int parse_keys(char *text, const char *file, const char *setting, struct auth_key *keys,
	size_t max, size_t *count, struct faults *f)
{
	struct place at = {.file = file};
	int result = 0;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		at.line++;
		struct named_key key;
		const char *wrong = secretfile_key(line, &key);
		if (!wrong && key.name_len == 0)
			continue;
		if (!wrong && *count == max)
			wrong = "too many keys";
		if (!wrong && has_name(keys, *count, &key))
			wrong = "the name is there twice";
		if (wrong) {
			faults_add(f, at, setting, "%s", wrong);
			result = DHT_EMALFORMED;
		} else {
			keep_key(&keys[(*count)++], &key);
		}
		sodium_memzero(&key, sizeof(key));
	}
	return result;
}

static size_t count_lines(const char *text)
{
	size_t n = 1;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

int secret_read_keys(const char *file, struct place at, const char *setting, struct auth_key **keys,
	size_t *count, struct faults *f)
{
	char *text;
	int err = secret_read(file, at, setting, &text, f);

	*keys = NULL;
	*count = 0;
	if (err)
		return err;
	size_t size = strlen(text), max = count_lines(text);
	if (max > SECRET_KEYS_MAX)
		max = SECRET_KEYS_MAX;
	*keys = calloc(max, sizeof(**keys));
	if (*keys) {
		err = parse_keys(text, file, setting, *keys, max, count, f);
	} else {
		faults_add(f, at, setting, "%s", err_text(DHT_ENOMEM));
		err = DHT_ENOMEM;
	}
	/* The parser has put NULs into it. */
	sodium_memzero(text, size);
	free(text);
	return err;
}

void secret_keys_free(struct auth_key *keys, size_t count)
{
	if (keys)
		sodium_memzero(keys, count * sizeof(*keys));
	free(keys);
}
