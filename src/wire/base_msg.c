/* SPDX-License-Identifier: BSD-2-Clause */
/* The bodies of the base messages, types 0 to 9. */
#include "wire/codec.h"
#include "wire/hash.h"

/* GET and WANT. */
void decode_hash(struct reader *r, struct msg *m)
{
	m->get.hash = read_rest(r);
	reader_require(r, hash_len_ok(m->get.hash.len));
}

int encode_hash(struct writer *w, const struct msg *m)
{
	if (!hash_len_ok(m->get.hash.len))
		return DHT_EINVAL;
	write_span(w, m->get.hash);
	return 0;
}

void decode_put(struct reader *r, struct msg *m)
{
	m->put.ip = read_ip(r);
	m->put.hash = read_rest(r);
	reader_require(r, hash_len_ok(m->put.hash.len));
}

int encode_put(struct writer *w, const struct msg *m)
{
	if (!hash_len_ok(m->put.hash.len))
		return DHT_EINVAL;
	write_ip(w, &m->put.ip);
	write_span(w, m->put.hash);
	return 0;
}

static bool have_ok(struct span ips)
{
	return ips.len % sizeof(struct ip) == 0;
}

void decode_have(struct reader *r, struct msg *m)
{
	m->have.ips = read_rest(r);
	reader_require(r, have_ok(m->have.ips));
}

int encode_have(struct writer *w, const struct msg *m)
{
	if (!have_ok(m->have.ips))
		return DHT_EINVAL;
	write_span(w, m->have.ips);
	return 0;
}

void decode_exit(struct reader *r, struct msg *m)
{
	m->exit.password = read_rest(r);
}

int encode_exit(struct writer *w, const struct msg *m)
{
	write_span(w, m->exit.password);
	return 0;
}

/* NEW and NEW_SERV. */
void decode_server(struct reader *r, struct msg *m)
{
	m->new_server.ip = read_ip(r);
	m->new_server.has_port = reader_left(r) != 0;
	m->new_server.port = m->new_server.has_port ? read_u16(r) : 0;
}

int encode_server(struct writer *w, const struct msg *m)
{
	write_ip(w, &m->new_server.ip);
	if (m->new_server.has_port)
		write_u16(w, m->new_server.port);
	return 0;
}

/* DECO and YES, which say everything by their type. */
void decode_empty(struct reader *r, struct msg *m)
{
	(void)r;
	(void)m;
}

int encode_empty(struct writer *w, const struct msg *m)
{
	(void)w;
	(void)m;
	return 0;
}

void decode_keep_alive(struct reader *r, struct msg *m)
{
	m->keep_alive.answer = read_u8(r);
	reader_require(r, m->keep_alive.answer <= 1);
}

int encode_keep_alive(struct writer *w, const struct msg *m)
{
	if (m->keep_alive.answer > 1)
		return DHT_EINVAL;
	write_u8(w, m->keep_alive.answer);
	return 0;
}
