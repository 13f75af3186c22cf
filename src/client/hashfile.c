/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/dht.h"

#define READ_LEN ((size_t)256 * 1024)

/* Gives the bytes read, 0 at the end, -1 with errno. */
static ssize_t read_some(int fd, uint8_t *to, size_t size)
{
	ssize_t n;

	do
		n = read(fd, to, size);
	while (n < 0 && errno == EINTR);
	return n;
}

int dht_hash_fd(int fd, struct dht_hash *out)
{
	crypto_hash_sha256_state state;
	uint8_t *buffer = malloc(READ_LEN);
	ssize_t n;

	if (!buffer)
		return DHT_ERR_MEMORY;
	crypto_hash_sha256_init(&state);
	while ((n = read_some(fd, buffer, READ_LEN)) > 0)
		crypto_hash_sha256_update(&state, buffer, (size_t)n);
	int saved = errno;
	free(buffer);
	errno = saved;
	if (n < 0)
		return DHT_ERR_SYSTEM;
	*out = (struct dht_hash){.len = crypto_hash_sha256_BYTES};
	crypto_hash_sha256_final(&state, out->bytes);
	return 0;
}
