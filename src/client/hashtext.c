/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hashes as people write them: hexadecimal, with the function's name before it, or in a magnet
 * link (BEP 9: urn:btih:, 40 hexadecimal or 32 base32 digits; BEP 52: urn:btmh:, a multihash, of
 * which SHA-256 is taken).
 */
#include <string.h>
#include <strings.h>

#include "base/hex.h"
#include "client/dht.h"

#define SHA1_LEN   20
#define SHA256_LEN 32
#define MD5_LEN    16
#define BASE32_LEN 32  /* digits of a SHA-1 */
#define TOPIC_MAX  192 /* longer than any topic that is a hash */

/* Exactly want bytes of hexadecimal, or any length for 0. */
static int parse_hex(const char *text, size_t want, struct dht_hash *out)
{
	struct dht_hash h = {0};
	int len = hex_decode(text, strlen(text), h.bytes, sizeof(h.bytes));

	if (len < 1 || (want != 0 && (size_t)len != want))
		return DHT_ERR_ARGUMENT;
	h.len = (uint8_t)len;
	*out = h;
	return 0;
}

/* RFC 4648's alphabet in either case; -1 for another character. */
static int base32_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a';
	if (c >= '2' && c <= '7')
		return c - '2' + 26;
	return -1;
}

/* 32 digits of five bits are 20 bytes, with nothing left over. */
static int parse_base32(const char *text, struct dht_hash *out)
{
	struct dht_hash h = {.len = SHA1_LEN};
	uint32_t bits = 0;
	size_t have = 0, used = 0;

	for (size_t i = 0; i < BASE32_LEN; i++) {
		int digit = base32_digit(text[i]);
		if (digit < 0)
			return DHT_ERR_ARGUMENT;
		bits = bits << 5 | (uint32_t)digit;
		have += 5;
		if (have >= 8) {
			have -= 8;
			h.bytes[used++] = (uint8_t)(bits >> have);
		}
	}
	*out = h;
	return 0;
}

static int parse_btih(const char *text, struct dht_hash *out)
{
	return strlen(text) == BASE32_LEN ? parse_base32(text, out)
	                                  : parse_hex(text, SHA1_LEN, out);
}

static int parse_hex_any(const char *text, struct dht_hash *out)
{
	return parse_hex(text, 0, out);
}

static int parse_sha256(const char *text, struct dht_hash *out)
{
	return parse_hex(text, SHA256_LEN, out);
}

static int parse_sha1(const char *text, struct dht_hash *out)
{
	return parse_hex(text, SHA1_LEN, out);
}

static int parse_md5(const char *text, struct dht_hash *out)
{
	return parse_hex(text, MD5_LEN, out);
}

/* The value of a magnet link's xt, its percent signs decoded, as far as it fits. */
static void copy_topic(const char *from, size_t len, char to[static TOPIC_MAX])
{
	size_t used = 0;

	for (size_t i = 0; i < len && used < TOPIC_MAX - 1; i++) {
		uint8_t byte;
		if (from[i] == '%' && len - i > 2 && hex_decode(from + i + 1, 2, &byte, 1) == 1) {
			to[used++] = (char)byte;
			i += 2;
		} else {
			to[used++] = from[i];
		}
	}
	to[used] = '\0';
}

static int parse_topic(const char *topic, struct dht_hash *out);

/* "?xt=…&dn=…&xt.1=…": the first topic that is a hash. */
static int parse_magnet(const char *text, struct dht_hash *out)
{
	char topic[TOPIC_MAX];

	while (*text == '?' || *text == '&') {
		size_t len = strcspn(++text, "&");
		size_t name = strcspn(text, "=&");
		if (name < len &&
			(strncasecmp(text, "xt=", 3) == 0 || strncasecmp(text, "xt.", 3) == 0)) {
			copy_topic(text + name + 1, len - name - 1, topic);
			if (parse_topic(topic, out) == 0)
				return 0;
		}
		text += len;
	}
	return DHT_ERR_ARGUMENT;
}

struct form {
	const char *prefix;
	int (*parse)(const char *rest, struct dht_hash *out);
};

static int parse_forms(const struct form *forms, size_t n, const char *text, struct dht_hash *out)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(forms[i].prefix);
		if (strncasecmp(text, forms[i].prefix, len) == 0)
			return forms[i].parse(text + len, out);
	}
	return DHT_ERR_ARGUMENT;
}

static int parse_topic(const char *topic, struct dht_hash *out)
{
	static const struct form topics[] = {
		{"urn:btih:", parse_btih},
		{"urn:btmh:1220", parse_sha256},
	};

	return parse_forms(topics, sizeof(topics) / sizeof(topics[0]), topic, out);
}

int dht_hash_parse(const char *text, struct dht_hash *out)
{
	static const struct form forms[] = {
		{"sha256:", parse_sha256},
		{"sha1:", parse_sha1},
		{"md5:", parse_md5},
		{"magnet:", parse_magnet},
		{"urn:btih:", parse_btih},
		{"urn:btmh:1220", parse_sha256},
		{"", parse_hex_any},
	};

	if (!text || !out)
		return DHT_ERR_ARGUMENT;
	return parse_forms(forms, sizeof(forms) / sizeof(forms[0]), text, out);
}

void dht_hash_format(const struct dht_hash *h, char *text)
{
	size_t len = h->len <= DHT_HASH_MAX ? h->len : DHT_HASH_MAX;

	hex_encode(h->bytes, len, text);
}
