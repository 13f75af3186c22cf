/* SPDX-License-Identifier: BSD-2-Clause */
#include "place.h"

#include "base/bytes.h"

#define NET_SERVER   0x0a010000u
#define NET_BASIC    0x0a020000u
#define NET_CLIENT   0x0a030000u
#define NET_UNPROVEN 0xc6336400u
#define NET_PROVIDER 0xc0000200u
#define NET_STRANGER 0xcb007100u

struct place place_of(const struct ip *ip)
{
	uint32_t v4 = load_be32(ip->b + 12);
	struct place p = {.kind = PLACE_NOWHERE, .index = v4 & 0xff};

	if (!ip_is_v4(ip))
		return p;
	if ((v4 & ~0xffffu) == NET_SERVER)
		return (struct place){.kind = PLACE_SERVER, .index = v4 & 0xffff};
	switch (v4 & ~0xffu) {
	case NET_BASIC: p.kind = PLACE_BASIC; break;
	case NET_CLIENT:
	case NET_UNPROVEN: p.kind = PLACE_CLIENT; break;
	case NET_PROVIDER: p.kind = PLACE_PROVIDER; break;
	case NET_STRANGER: p.kind = PLACE_STRANGER; break;
	default: break;
	}
	return p;
}

struct ip place_ip(enum place_kind kind, uint32_t index, bool proven)
{
	const uint32_t nets[] = {
		[PLACE_SERVER] = NET_SERVER,
		[PLACE_BASIC] = NET_BASIC,
		[PLACE_CLIENT] = proven ? NET_CLIENT : NET_UNPROVEN,
		[PLACE_PROVIDER] = NET_PROVIDER,
		[PLACE_STRANGER] = NET_STRANGER,
	};
	uint8_t v4[4];

	store_be32(v4, nets[kind] + index);
	return ip_from_v4(v4);
}

struct addr place_addr(enum place_kind kind, uint32_t index, bool proven, uint16_t port)
{
	return (struct addr){.ip = place_ip(kind, index, proven), .port = port};
}
