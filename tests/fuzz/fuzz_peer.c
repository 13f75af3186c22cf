/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: any bytes as the inside of an envelope. Walking it ends; what decodes has to encode
 * to the same bytes, and so has each item of its list.
 */
#include <assert.h>
#include <string.h>

#include "wire/peer.h"

#include "../unit/wire/peer_walk.h"
#include "fuzz.h"

static uint8_t again[MSG_HEADER_LEN + UINT16_MAX];

static void check_good(const struct peer_msg *m, struct span message)
{
	struct writer w = writer_of(again, message.len);

	assert(peer_type_name(m->type) && m->type == message.p[0]);
	peer_encode(&w, m);
	assert(writer_done(&w) == (int)message.len);
	assert(memcmp(again, message.p, message.len) == 0);
	w = writer_of(again, message.len - 1);
	peer_encode(&w, m);
	assert(w.failed);

	w = writer_of(again, sizeof(again));
	struct span list = peer_walk(m, &w);
	assert(writer_done(&w) == (int)list.len);
	assert(list.len == 0 || memcmp(again, list.p, list.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = {data, size}, message;
	struct peer_msg m;

	while (peer_next(&rest, &message)) {
		assert(message.len >= MSG_HEADER_LEN && message.p + message.len == rest.p);
		enum msg_reason reason = peer_decode(message, &m);
		assert(reason != MSG_SHORT && reason != MSG_LENGTH);
		if (reason == MSG_GOOD)
			check_good(&m, message);
	}
	assert(rest.len <= size && rest.p + rest.len == data + size);
	/* As one message, whatever its header says. */
	if (peer_decode((struct span){data, size}, &m) == MSG_GOOD)
		check_good(&m, (struct span){data, size});
	return 0;
}
