/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * peer_examples: every internal message, written out by hand from dht-protocol(7).
 *
 * None of these bytes came out of the code that they test. The same messages, one file for each
 * name, are in tests/fuzz/corpus/peer.
 */
#ifndef DHT_TESTS_WIRE_PEER_EXAMPLES_H
#define DHT_TESTS_WIRE_PEER_EXAMPLES_H

#include "wire/peer.h"

#include "examples.h"

#define ID4      IP4 "2117 "
#define ID6      IP6 "2117 "
#define COOKIE24 COOKIE "d0d1d2d3d4d5d6d7 "
#define REQUEST  "0102030405060708 "
#define VERSION  "018f1a2b3c4d0002 "
#define DIGEST   "d1d2d3d4d5d6d7d8 "
/* ENTRY with and without a profile, of 53 and 32 bytes. */
#define PROFILE "0a 01 03 02 2116 2118 03 653162 05 312e302e30 02 3fa1 "
#define ENTRY   ID6 "02 00000001 0000000000000000 01 " PROFILE
#define SHORT   ID4 "01 6553f100 a1a2a3a4a5a6a7a8 00 "
/* Records of 19, 31, 5 and 17 bytes. */
#define RECORD4 "04 c0000207 1ae1 " VERSION "00004650 "
#define RECORD6 "06 " IP6 "0000 " VERSION "ffffffff "
#define ONLY4   "84 c0000207 "
#define ONLY6   "86 " IP6

struct peer_example {
	const char *name;
	enum peer_type type;
	const char *hex;
};

static const struct peer_example peer_examples[] = {
	{"prove", PEER_PROVE, "32 0018 " COOKIE24},
	{"proof", PEER_PROOF, "33 002a " COOKIE24 ID4},
	{"beat-asks", PEER_BEAT,
		"34 0025 0000002a 0000000000000000 0000018f1a2b3c4d 1122334455667788 "
		"6553f100 000003e8 00"},
	{"beat-answers", PEER_BEAT,
		"34 0025 0000002a 0000000005f5e100 0000018f1a2b3c4d 1122334455667788 "
		"6553f100 ffffffff 01"},
	{"gossip", PEER_GOSSIP, "35 0055 " SHORT ENTRY},
	{"gossip-nothing", PEER_GOSSIP, "35 0000"},
	{"ask-for", PEER_ASK_FOR, "36 0016 0000002a " ID4},
	{"heard", PEER_HEARD, "37 0022 0000002a " ID6 "a1a2a3a4a5a6a7a8 6553f100"},
	{"sync", PEER_SYNC, "38 0012 " ID4},
	{"roster", PEER_ROSTER, "39 0021 00 " SHORT},
	{"roster-end", PEER_ROSTER, "39 0001 01"},
	{"store", PEER_STORE,
		"40 0030 " REQUEST VERSION "00000000001b7740 " IP4 "1ae1 01 04 deadbeef"},
	{"store-withdrawal", PEER_STORE,
		"40 0032 " REQUEST "018f1a2b3c4d0003 0000000005265c00 " IP6
		"0000 02 04 deadbeef 01 ff"},
	{"stored", PEER_STORED, "41 0012 " REQUEST "018f1a2b3c4e0000 00 01"},
	{"fetch", PEER_FETCH, "42 0015 " REQUEST "00 0032 11223344 01 04 deadbeef"},
	{"fetch-sample", PEER_FETCH, "42 0017 " REQUEST "01 0000 00000000 02 04 deadbeef 01 ff"},
	{"fetched", PEER_FETCHED, "43 0044 " REQUEST "00 01 00000009 00000005 " RECORD4 RECORD6},
	{"fetched-sample", PEER_FETCHED, "43 0028 " REQUEST "01 00 00000002 00000000 " ONLY4 ONLY6},
	{"fetched-nobody", PEER_FETCHED, "43 0012 " REQUEST "ff 01 00000000 00000000"},
	{"subscribe", PEER_SUBSCRIBE, "44 0012 " REQUEST "0e10 02 04 deadbeef 01 ff"},
	{"subscribed", PEER_SUBSCRIBED, "45 000a " REQUEST "01 02"},
	{"notify", PEER_NOTIFY, "46 001d 0000002a 02 04 deadbeef " RECORD4},
	{"noted", PEER_NOTED, "47 0004 0000002a"},
	{"compare", PEER_COMPARE, "50 001a 00000007 0000 03 " DIGEST "3fff 00 0000000000000000"},
	{"compared", PEER_COMPARED, "51 000a 00000007 0000 07 3fff 00"},
	{"pull", PEER_PULL,
		"52 0022 0000002a 3fff 10 ffff 08 0000000000000000 "
		"1111111111111111 2222222222222222"},
	{"pull-further", PEER_PULL, "52 0012 0000002a 0001 00 0000 01 1122334455667788"},
	{"pulled", PEER_PULLED,
		"53 0052 0000002a 3fff 01 07 08 " DIGEST "1122334455667788 "
		"04 deadbeef " RECORD4 "01 ff " RECORD6},
	{"pulled-nothing", PEER_PULLED,
		"53 0019 0000002a 0001 02 00 01 " DIGEST "0000000000000000"},
	{"confirm", PEER_CONFIRM, "54 0014 0000 " DIGEST "3fff 0000000000000000"},
};

#endif
