/* SPDX-License-Identifier: BSD-2-Clause */
/* The bodies of the messages of repair, types 80 to 84. */
#include <assert.h>

#include "wire/peer_codec.h"

void decode_compare(struct reader *r, struct peer_msg *m)
{
	m->compare.round = read_u32(r);
	m->compare.items = read_part_items(r, PEER_COMPARE_LEN);
}

void encode_compare(struct writer *w, const struct peer_msg *m)
{
	write_u32(w, m->compare.round);
	write_span(w, m->compare.items);
}

void decode_compared(struct reader *r, struct peer_msg *m)
{
	m->compared.round = read_u32(r);
	m->compared.items = read_part_items(r, PEER_COMPARED_LEN);
}

void encode_compared(struct writer *w, const struct peer_msg *m)
{
	write_u32(w, m->compared.round);
	write_span(w, m->compared.items);
}

static bool pull_ok(const struct peer_pull *pull)
{
	return pull->partition < PEER_PARTITIONS && pull->split <= PEER_SPLIT_MAX &&
	       pull->sub < 1u << pull->split && pull->window >= 1 &&
	       pull->window <= PEER_WINDOW_MAX && pull->prints.len % PEER_PRINT_LEN == 0;
}

void decode_pull(struct reader *r, struct peer_msg *m)
{
	struct peer_pull *pull = &m->pull;

	pull->id = read_u32(r);
	pull->partition = read_u16(r);
	pull->split = read_u8(r);
	pull->sub = read_u16(r);
	pull->window = read_u8(r);
	pull->cursor = read_u64(r);
	pull->prints = read_rest(r);
	reader_require(r, pull_ok(pull));
}

void encode_pull(struct writer *w, const struct peer_msg *m)
{
	const struct peer_pull *pull = &m->pull;

	assert(pull_ok(pull));
	write_u32(w, pull->id);
	write_u16(w, pull->partition);
	write_u8(w, pull->split);
	write_u16(w, pull->sub);
	write_u8(w, pull->window);
	write_u64(w, pull->cursor);
	write_span(w, pull->prints);
}

static bool pulled_ok(const struct peer_pulled *pulled)
{
	return pulled->partition < PEER_PARTITIONS && pulled->index < pulled->of &&
	       pulled->of <= PEER_WINDOW_MAX;
}

void decode_pulled(struct reader *r, struct peer_msg *m)
{
	struct peer_pulled *pulled = &m->pulled;

	pulled->id = read_u32(r);
	pulled->partition = read_u16(r);
	pulled->flags = read_u8(r);
	pulled->index = read_u8(r);
	pulled->of = read_u8(r);
	pulled->digest = read_u64(r);
	pulled->cursor = read_u64(r);
	pulled->items = read_items(r);
	reader_require(r, pulled_ok(pulled));
}

void encode_pulled(struct writer *w, const struct peer_msg *m)
{
	const struct peer_pulled *pulled = &m->pulled;

	assert(pulled_ok(pulled));
	write_u32(w, pulled->id);
	write_u16(w, pulled->partition);
	write_u8(w, pulled->flags);
	write_u8(w, pulled->index);
	write_u8(w, pulled->of);
	write_u64(w, pulled->digest);
	write_u64(w, pulled->cursor);
	write_span(w, pulled->items);
}

void decode_confirm(struct reader *r, struct peer_msg *m)
{
	m->confirm.items = read_part_items(r, PEER_CONFIRM_LEN);
}

void encode_confirm(struct writer *w, const struct peer_msg *m)
{
	write_span(w, m->confirm.items);
}
