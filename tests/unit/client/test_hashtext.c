/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "client/dht.h"

#include "../unit.h"

#define SHA1   "da39a3ee5e6b4b0d3255bfef95601890afd80709"
#define SHA1_B "3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ" /* the same in base32 */
#define MD5    "d41d8cd98f00b204e9800998ecf8427e"
#define SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* text is the hash that hex is. */
static void same(const char *text, const char *hex)
{
	struct dht_hash h;
	char back[2 * DHT_HASH_MAX + 1];

	assert_int_equal(dht_hash_parse(text, &h), 0);
	dht_hash_format(&h, back);
	assert_string_equal(back, hex);
}

static void refused(const char *text)
{
	struct dht_hash h = {.len = 77};

	assert_int_equal(dht_hash_parse(text, &h), DHT_ERR_ARGUMENT);
	assert_int_equal(h.len, 77);
}

static void hexadecimal_of_any_length(void **state)
{
	char longest[2 * DHT_HASH_MAX + 3];

	(void)state;
	same("00", "00");
	same("DeadBeef", "deadbeef");
	memset(longest, 'a', sizeof(longest));
	longest[2 * DHT_HASH_MAX] = '\0';
	same(longest, longest);
	longest[2 * DHT_HASH_MAX] = 'a';
	longest[2 * DHT_HASH_MAX + 2] = '\0';
	refused(longest);
	refused("");
	refused("abc");
	refused("0x12");
	refused(" 12");
	refused("12 ");
	refused("hello");
}

static void a_named_hash_has_its_length(void **state)
{
	(void)state;
	same("sha256:" SHA256, SHA256);
	same("SHA256:" SHA256, SHA256);
	same("sha1:" SHA1, SHA1);
	same("md5:" MD5, MD5);
	refused("sha256:" SHA1);
	refused("sha1:" MD5);
	refused("md5:" SHA1);
	refused("sha1:");
	refused("sha512:" SHA256);
	refused(":" SHA1);
}

static void magnet_links(void **state)
{
	(void)state;
	same("magnet:?xt=urn:btih:" SHA1, SHA1);
	same("magnet:?xt=urn:btih:" SHA1 "&dn=a%20name&tr=udp%3A%2F%2Fx", SHA1);
	same("magnet:?dn=x&xt=urn:btih:" SHA1_B, SHA1);
	same("MAGNET:?XT=URN:BTIH:" SHA1, SHA1);
	same("magnet:?xt=urn%3Abtih%3a" SHA1, SHA1);
	same("magnet:?xt=urn:btmh:1220" SHA256, SHA256);
	same("magnet:?xt.1=urn:sha1:" SHA1_B "&xt.2=urn:btih:" SHA1, SHA1);
	same("magnet:?xt=urn:btih:" SHA1 "&xt=urn:btmh:1220" SHA256, SHA1);
	same("urn:btih:" SHA1, SHA1);
	same("urn:btih:" SHA1_B, SHA1);
	same("urn:btmh:1220" SHA256, SHA256);
}

static void base32_in_either_case(void **state)
{
	(void)state;
	same("urn:btih:3i42h3s6nnfq2msvx7xzkyayscx5qbyj", SHA1);
	same("urn:btih:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"0000000000000000000000000000000000000000");
	same("urn:btih:77777777777777777777777777777777",
		"ffffffffffffffffffffffffffffffffffffffff");
	refused("urn:btih:1I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ");
	refused("urn:btih:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBY=");
	refused("urn:btih:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJJ");
}

static void what_is_no_magnet_link_of_ours(void **state)
{
	(void)state;
	refused("magnet:");
	refused("magnet:?");
	refused("magnet:?xt");
	refused("magnet:?xt=");
	refused("magnet:?xt=urn:btih:");
	refused("magnet:?xt&=urn:btih:" SHA1);
	refused("magnet:?dn=urn:btih:" SHA1);
	refused("magnet:?xtx=urn:btih:" SHA1);
	refused("magnet:?xt=magnet:?xt=urn:btih:" SHA1);
	refused("magnet:?xt=urn:btih:" SHA1 "00");
	refused("magnet:?xt=urn:btih:" SHA1 "%");
	refused("magnet:?xt=urn:btmh:1114" SHA1);
	refused("magnet:?xt=urn:ed2k:31d6cfe0d16ae931b73c59d7e0c089c0");
	refused("magnet:?xt=urn:btmh:1220" SHA256 SHA256 SHA256 SHA256);
	assert_int_equal(dht_hash_parse(NULL, NULL), DHT_ERR_ARGUMENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hexadecimal_of_any_length),
		cmocka_unit_test(a_named_hash_has_its_length),
		cmocka_unit_test(magnet_links),
		cmocka_unit_test(base32_in_either_case),
		cmocka_unit_test(what_is_no_magnet_link_of_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
