/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cursor: reading and writing a byte string field by field, checked once at the end.
 *
 *     struct reader r = reader_of(data, len);
 *     m->ttl_s = read_u32(&r);
 *     m->port = read_u16(&r);
 *     return reader_done(&r);         // every field was there, and nothing after them
 *
 * The error is sticky: after a field that did not fit, reads give zeros and writes do nothing, so
 * that a codec is a straight line. Nothing is ever read or written outside the byte string.
 * (The shape is Knot DNS's wire_ctx.)
 */
#ifndef DHT_BASE_CURSOR_H
#define DHT_BASE_CURSOR_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/err.h"

struct reader {
	const uint8_t *p, *end;
	bool failed;
};

struct writer {
	uint8_t *start, *p, *end;
	bool failed;
};

/* Borrows data for as long as the reader and the views taken from it are used. */
static inline struct reader reader_of(const uint8_t *data, size_t len)
{
	return (struct reader){.p = data, .end = data + len};
}

static inline size_t reader_left(const struct reader *r)
{
	return r->failed ? 0 : (size_t)(r->end - r->p);
}

/* The next len bytes, stepped over; NULL when they are not there. */
static inline const uint8_t *read_view(struct reader *r, size_t len)
{
	if (r->failed || (size_t)(r->end - r->p) < len) {
		r->failed = true;
		return NULL;
	}
	const uint8_t *p = r->p;
	r->p += len;
	return p;
}

static inline uint8_t read_u8(struct reader *r)
{
	const uint8_t *p = read_view(r, 1);
	return p ? *p : 0;
}

static inline uint16_t read_u16(struct reader *r)
{
	const uint8_t *p = read_view(r, 2);
	return p ? load_be16(p) : 0;
}

static inline uint32_t read_u32(struct reader *r)
{
	const uint8_t *p = read_view(r, 4);
	return p ? load_be32(p) : 0;
}

static inline uint64_t read_u64(struct reader *r)
{
	const uint8_t *p = read_view(r, 8);
	return p ? load_be64(p) : 0;
}

/* Copies len bytes out; all zeros when they are not there. */
static inline void read_copy(struct reader *r, uint8_t *to, size_t len)
{
	const uint8_t *p = read_view(r, len);
	if (p)
		memcpy(to, p, len);
	else
		memset(to, 0, len);
}

/* A view of the next len bytes. */
static inline struct span read_span(struct reader *r, size_t len)
{
	const uint8_t *p = read_view(r, len);
	return (struct span){.p = p, .len = p ? len : 0};
}

/* A view of everything that is left. */
static inline struct span read_rest(struct reader *r)
{
	return read_span(r, reader_left(r));
}

/* DHT_EMALFORMED when a read failed so far. */
static inline int reader_status(const struct reader *r)
{
	return r->failed ? DHT_EMALFORMED : 0;
}

/* DHT_EMALFORMED when a read failed or bytes are left over. */
static inline int reader_done(const struct reader *r)
{
	return r->failed || r->p != r->end ? DHT_EMALFORMED : 0;
}

static inline struct writer writer_of(uint8_t *to, size_t size)
{
	return (struct writer){.start = to, .p = to, .end = to + size};
}

static inline size_t writer_used(const struct writer *w)
{
	return (size_t)(w->p - w->start);
}

static inline size_t writer_left(const struct writer *w)
{
	return w->failed ? 0 : (size_t)(w->end - w->p);
}

/* Room for len bytes, stepped over, which the caller fills; NULL when there is none. */
static inline uint8_t *write_room(struct writer *w, size_t len)
{
	if (w->failed || (size_t)(w->end - w->p) < len) {
		w->failed = true;
		return NULL;
	}
	uint8_t *p = w->p;
	w->p += len;
	return p;
}

static inline void write_u8(struct writer *w, uint8_t v)
{
	uint8_t *p = write_room(w, 1);
	if (p)
		*p = v;
}

static inline void write_u16(struct writer *w, uint16_t v)
{
	uint8_t *p = write_room(w, 2);
	if (p)
		store_be16(p, v);
}

static inline void write_u32(struct writer *w, uint32_t v)
{
	uint8_t *p = write_room(w, 4);
	if (p)
		store_be32(p, v);
}

static inline void write_u64(struct writer *w, uint64_t v)
{
	uint8_t *p = write_room(w, 8);
	if (p)
		store_be64(p, v);
}

static inline void write_copy(struct writer *w, const uint8_t *from, size_t len)
{
	uint8_t *p = write_room(w, len);
	if (p && len)
		memcpy(p, from, len);
}

static inline void write_span(struct writer *w, struct span s)
{
	write_copy(w, s.p, s.len);
}

/* The bytes written so far, or DHT_ESPACE when something did not fit. */
static inline int writer_done(const struct writer *w)
{
	return w->failed ? DHT_ESPACE : (int)(w->p - w->start);
}

#endif
