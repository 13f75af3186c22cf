/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/build.h"

struct writer build_start(uint8_t *to, size_t size, enum msg_type type, const uint8_t *txid)
{
	struct writer w = writer_of(to, size);

	write_u8(&w, (uint8_t)type);
	write_u16(&w, 0);
	if (txid)
		write_copy(&w, txid, MSG_TXID_LEN);
	return w;
}

int build_finish(struct writer *w)
{
	if (w->failed || writer_used(w) - MSG_HEADER_LEN > UINT16_MAX)
		return DHT_ESPACE;
	store_be16(w->start + 1, (uint16_t)(writer_used(w) - MSG_HEADER_LEN));
	return writer_done(w);
}
