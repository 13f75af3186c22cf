/* SPDX-License-Identifier: BSD-2-Clause */
#include "garbage.h"

#include "fleet.h"
#include "net.h"
#include "place.h"
#include "wire/peer.h"

#define BURST 20

static const uint16_t ports[] = {PORT_CLIENT, PORT_PEER, PORT_KEEP_ALIVE, PORT_ASK, PORT_ASK + 1};

/* Types that ask a server for nothing that lasts. */
static const uint8_t harmless[] = {
	MSG_GET, MSG_HAVE, MSG_LOOKUP, MSG_PROVIDERS, MSG_DONE, MSG_SEEN, MSG_PING, 12, 200};
static const uint8_t peers[] = {MSG_NEW, MSG_DECO, MSG_KEEP_ALIVE, MSG_YES, MSG_NEW_SERV,
	PEER_SEALED, PEER_SEALED, PEER_PLAIN, PEER_PROVE, PEER_STORE, PEER_PULLED};

static struct addr sender(struct sim *s, struct rng *rng)
{
	uint16_t port = (uint16_t)(1 + rng_below(rng, 65535)), known = ports[1 + rng_below(rng, 4)];
	uint32_t server = rng_below(rng, s->fleet->count);

	if (rng_below(rng, 2))
		return place_addr(PLACE_STRANGER, port % 256, true, port);
	return place_addr(PLACE_SERVER, server, true, known);
}

static uint8_t type_for(uint16_t port, struct rng *rng)
{
	if (port == PORT_CLIENT)
		return harmless[rng_below(rng, sizeof(harmless))];
	return peers[rng_below(rng, sizeof(peers))];
}

static void send_one(struct sim *s, struct rng *rng)
{
	uint16_t port = ports[rng_below(rng, sizeof(ports) / sizeof(ports[0]))];
	struct addr to = place_addr(PLACE_SERVER, rng_below(rng, s->fleet->count), true, port);
	struct addr from = sender(s, rng);
	size_t len = rng_below(rng, rng_below(rng, 2) ? 64 : MSG_DATAGRAM_DEFAULT);
	uint8_t bytes[MSG_DATAGRAM_DEFAULT];

	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)rng_u64(rng);
	if (len >= 1)
		bytes[0] = type_for(port, rng);
	/* Half of them have a length that is right. */
	if (len >= MSG_HEADER_LEN && rng_below(rng, 2))
		store_be16(bytes + 1, (uint16_t)(len - MSG_HEADER_LEN));
	net_send(s, &from, &to, bytes, len, 0);
}

void garbage_send(struct sim *s, struct rng *rng)
{
	for (uint32_t n = 1 + rng_below(rng, BURST); n > 0; n--)
		send_one(s, rng);
}
