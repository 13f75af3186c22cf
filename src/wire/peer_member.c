/* SPDX-License-Identifier: BSD-2-Clause */
/* The bodies of the messages about starts and members, types 50 to 57. */
#include <assert.h>

#include "wire/peer_codec.h"

void decode_prove(struct reader *r, struct peer_msg *m)
{
	read_copy(r, m->prove.cookie, sizeof(m->prove.cookie));
}

void encode_prove(struct writer *w, const struct peer_msg *m)
{
	write_copy(w, m->prove.cookie, sizeof(m->prove.cookie));
}

void decode_proof(struct reader *r, struct peer_msg *m)
{
	read_copy(r, m->proof.cookie, sizeof(m->proof.cookie));
	m->proof.id = read_addr(r);
}

void encode_proof(struct writer *w, const struct peer_msg *m)
{
	write_copy(w, m->proof.cookie, sizeof(m->proof.cookie));
	write_addr(w, &m->proof.id);
}

void decode_beat(struct reader *r, struct peer_msg *m)
{
	struct peer_beat *beat = &m->beat;

	beat->seq = read_u32(r);
	beat->echo_us = read_u64(r);
	beat->wall_ms = read_u64(r);
	beat->view = read_u64(r);
	beat->incarnation = read_u32(r);
	beat->unheard_ms = read_u32(r);
	beat->flags = read_u8(r);
}

void encode_beat(struct writer *w, const struct peer_msg *m)
{
	const struct peer_beat *beat = &m->beat;

	write_u32(w, beat->seq);
	write_u64(w, beat->echo_us);
	write_u64(w, beat->wall_ms);
	write_u64(w, beat->view);
	write_u32(w, beat->incarnation);
	write_u32(w, beat->unheard_ms);
	write_u8(w, beat->flags);
}

void decode_gossip(struct reader *r, struct peer_msg *m)
{
	m->gossip.entries = read_entries(r);
}

void encode_gossip(struct writer *w, const struct peer_msg *m)
{
	write_span(w, m->gossip.entries);
}

void decode_ask_for(struct reader *r, struct peer_msg *m)
{
	m->ask_for.seq = read_u32(r);
	m->ask_for.id = read_addr(r);
}

void encode_ask_for(struct writer *w, const struct peer_msg *m)
{
	write_u32(w, m->ask_for.seq);
	write_addr(w, &m->ask_for.id);
}

void decode_heard(struct reader *r, struct peer_msg *m)
{
	struct peer_heard *heard = &m->heard;

	heard->seq = read_u32(r);
	heard->id = read_addr(r);
	heard->start = read_u64(r);
	heard->incarnation = read_u32(r);
}

void encode_heard(struct writer *w, const struct peer_msg *m)
{
	const struct peer_heard *heard = &m->heard;

	write_u32(w, heard->seq);
	write_addr(w, &heard->id);
	write_u64(w, heard->start);
	write_u32(w, heard->incarnation);
}

void decode_sync(struct reader *r, struct peer_msg *m)
{
	m->sync.after = read_addr(r);
}

void encode_sync(struct writer *w, const struct peer_msg *m)
{
	write_addr(w, &m->sync.after);
}

void decode_roster(struct reader *r, struct peer_msg *m)
{
	m->roster.last = read_u8(r);
	reader_require(r, m->roster.last <= 1);
	m->roster.entries = read_entries(r);
}

void encode_roster(struct writer *w, const struct peer_msg *m)
{
	assert(m->roster.last <= 1);
	write_u8(w, m->roster.last);
	write_span(w, m->roster.entries);
}
