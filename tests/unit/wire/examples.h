/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * examples: every message, written out by hand from dht-protocol(7).
 *
 * None of these bytes came out of the code that they test. The same datagrams, one file for each
 * name, are the corpus in tests/fuzz/corpus/msg.
 */
#ifndef DHT_TESTS_WIRE_EXAMPLES_H
#define DHT_TESTS_WIRE_EXAMPLES_H

#include <string.h>

#include "base/err.h"
#include "base/hex.h"
#include "wire/msg.h"

#include "../unit.h"

#define TXID   "0102030405060708 "
#define IP4    "00000000000000000000ffffc0000207 " /* 192.0.2.7 */
#define IP6    "20010db8000000000000000000000009 " /* 2001:db8::9 */
#define COOKIE "c0c1c2c3c4c5c6c7c8c9cacbcccdcecf "
#define MAC    "00000000000000000000000000000000 "

struct example {
	const char *name;
	uint8_t type;
	enum msg_plane plane;
	const char *hex;
};

static const struct example examples[] = {
	{"get", 0, PLANE_CLIENT, "00 0004 deadbeef"},
	{"put", 1, PLANE_CLIENT, "01 0014 " IP4 "deadbeef"},
	{"want", 2, PLANE_CLIENT, "02 0004 deadbeef"},
	{"have", 3, PLANE_CLIENT, "03 0010 " IP4},
	{"have-two", 3, PLANE_CLIENT, "03 0020 " IP4 IP6},
	{"have-nobody", 3, PLANE_CLIENT, "03 0000"},
	{"exit", 4, PLANE_CLIENT, "04 0006 736563726574"},
	{"exit-without-password", 4, PLANE_CLIENT, "04 0000"},
	{"new", 5, PLANE_PEER, "05 0010 " IP4},
	{"new-with-port", 5, PLANE_PEER, "05 0012 " IP4 "2117"},
	{"deco", 6, PLANE_PEER, "06 0000"},
	{"keep-alive-asks", 7, PLANE_KEEP_ALIVE, "07 0001 00"},
	{"keep-alive-answers", 7, PLANE_KEEP_ALIVE, "07 0001 01"},
	{"yes", 8, PLANE_PEER, "08 0000"},
	{"new-serv", 9, PLANE_PEER, "09 0010 " IP6},
	{"new-serv-with-port", 9, PLANE_PEER, "09 0012 " IP6 "2117"},
	{"lookup", 16, PLANE_CLIENT, "10 0014 " TXID "0032 00000000 01 04 deadbeef"},
	{"lookup-two-hashes", 16, PLANE_CLIENT,
		"10 0016 " TXID "0000 00000000 02 04 deadbeef 01 ff"},
	{"lookup-next-page-with-cookie", 16, PLANE_CLIENT,
		"10 0026 " TXID "0032 11223344 01 04 deadbeef 01 10 " COOKIE},
	{"providers", 17, PLANE_CLIENT,
		"11 003f " TXID "00 00000002 00000000 0002 " IP4 "1ae1 00000708 " IP6
		"0000 00015180"},
	{"providers-nobody", 17, PLANE_CLIENT, "11 0013 " TXID "00 00000000 00000000 0000"},
	{"providers-two-sections", 17, PLANE_CLIENT,
		"11 0034 " TXID "00 00000009 00000005 0001 " IP4
		"1ae1 00000708 01 00000000 00000000 0000"},
	{"announce", 18, PLANE_CLIENT, "12 0024 " TXID "00000708 1ae1 " IP4 "01 04 deadbeef"},
	{"announce-with-auth", 18, PLANE_CLIENT,
		"12 0042 " TXID "00000000 0000 00000000000000000000000000000000 01 04 deadbeef "
		"82 1c 03 6f7073 000000006553f100 " MAC},
	{"withdraw", 19, PLANE_CLIENT, "13 0020 " TXID "1ae1 " IP4 "01 04 deadbeef"},
	{"done", 20, PLANE_CLIENT, "14 000f " TXID "00000708 02 00 02"},
	{"error", 21, PLANE_CLIENT, "15 000f " TXID "0004 63 6c c3a9 3f"},
	{"watch", 22, PLANE_CLIENT, "16 0012 " TXID "00000e10 01 04 deadbeef"},
	{"event", 23, PLANE_CLIENT, "17 0028 " TXID "0000002a 01 04 deadbeef " IP4 "1ae1 00000708"},
	{"seen", 24, PLANE_CLIENT, "18 000c " TXID "0000002a"},
	{"challenge", 25, PLANE_CLIENT, "19 0018 " TXID COOKIE},
	{"ping", 26, PLANE_CLIENT, "1a 0008 " TXID},
	{"ping-with-padding", 26, PLANE_CLIENT, "1a 000d " TXID "02 03 000000"},
	{"pong", 27, PLANE_CLIENT, "1b 0012 " TXID "02 0003 00000e10 703161"},
	{"servers", 28, PLANE_CLIENT, "1c 0008 " TXID},
	{"server-list", 29, PLANE_CLIENT, "1d 002e " TXID "0002 " IP4 "2116 " IP6 "2116"},
	{"server-list-empty", 29, PLANE_CLIENT, "1d 000a " TXID "0000"},
};

/* Reads hexadecimal digits with spaces anywhere between bytes; gives the number of bytes. */
static inline size_t from_hex(const char *text, uint8_t *out, size_t size)
{
	size_t n = 0;

	for (; *text; text++) {
		if (*text == ' ')
			continue;
		assert_true(n < size);
		assert_int_equal(hex_decode(text, 2, out + n, 1), 1);
		n++;
		text++;
	}
	return n;
}

#endif
