/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/cluster_keys.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clusterkey.h"
#include "base/err.h"
#include "daemon/secret.h"

static bool has_id(const struct seal_keys *keys, uint8_t id)
{
	for (size_t i = 0; i < keys->count; i++)
		if (keys->key[i].id == id)
			return true;
	return false;
}

/* One line; NULL or what is wrong. */
static const char *take_line(struct seal_keys *keys, const char *line)
{
	struct seal_key k = {0};
	bool found;
	const char *wrong = clusterkey_line(line, k.key, &found);

	if (wrong || !found)
		return wrong;
	k.id = seal_key_id(k.key);
	if (keys->count == SEAL_KEYS_MAX)
		wrong = "too many keys: at most 8 can be in use";
	else if (has_id(keys, k.id))
		wrong = "the key is there twice, or has the id of another one";
	else
		keys->key[keys->count++] = k;
	sodium_memzero(&k, sizeof(k));
	return wrong;
}

static int parse(
	char *text, const char *file, const char *setting, struct seal_keys *keys, struct faults *f)
{
	struct place at = {.file = file};
	int result = 0;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		at.line++;
		const char *wrong = take_line(keys, line);
		if (!wrong)
			continue;
		faults_add(f, at, setting, "%s", wrong);
		result = DHT_EMALFORMED;
	}
	if (result == 0 && keys->count == 0) {
		faults_add(f, (struct place){.file = file}, setting,
			"there is no key in it (dhtctl keygen makes one)");
		result = DHT_EMALFORMED;
	}
	return result;
}

int cluster_keys_read(const char *file, struct place at, const char *setting,
	struct seal_keys *keys, struct faults *f)
{
	char *text;
	int err = secret_read(file, at, setting, &text, f);

	*keys = (struct seal_keys){0};
	if (err)
		return err;
	size_t size = strlen(text);
	err = parse(text, file, setting, keys, f);
	sodium_memzero(text, size);
	free(text);
	if (err)
		sodium_memzero(keys, sizeof(*keys));
	return err;
}
