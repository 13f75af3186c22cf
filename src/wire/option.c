/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/option.h"

#include "base/err.h"
#include "wire/codec.h"

struct option {
	uint8_t code;
	struct span value;
};

static struct option read_option(struct reader *r)
{
	struct option option;

	option.code = read_u8(r);
	option.value = read_span(r, read_u8(r));
	return option;
}

struct span read_options(struct reader *r)
{
	struct span view = {.p = r->p, .len = reader_left(r)};

	while (reader_left(r) != 0)
		read_option(r);
	return r->failed ? (struct span){0} : view;
}

bool options_ok(struct span options)
{
	if (options.len == 0)
		return true;
	struct reader r = reader_of(options.p, options.len);
	read_options(&r);
	return reader_done(&r) == 0;
}

static int cookie_parse(struct span value, struct options *out)
{
	if (out->cookie || value.len != MSG_COOKIE_LEN)
		return DHT_EMALFORMED;
	out->cookie = value.p;
	return 0;
}

static int padding_parse(struct span value, struct options *out)
{
	(void)value;
	(void)out;
	return 0;
}

static int auth_parse(struct span value, struct options *out)
{
	struct reader r = reader_of(value.p, value.len);

	if (out->has_auth)
		return DHT_EMALFORMED;
	out->has_auth = true;
	out->auth_key_name = read_span(&r, read_u8(&r));
	out->auth_time_s = read_u64(&r);
	out->mac = read_view(&r, OPTION_MAC_LEN);
	return reader_done(&r);
}

static const struct {
	uint8_t code;
	int (*parse)(struct span value, struct options *out);
} known[] = {
	{OPTION_COOKIE, cookie_parse},
	{OPTION_PADDING, padding_parse},
	{OPTION_AUTH, auth_parse},
};

static int option_parse(const struct option *option, struct options *out)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].code == option->code)
			return known[i].parse(option->value, out);
	return option->code >= OPTION_CRITICAL ? DHT_EINVAL : 0;
}

int options_parse(struct span raw, struct options *out)
{
	*out = (struct options){0};
	if (raw.len == 0)
		return 0;
	struct reader r = reader_of(raw.p, raw.len);
	while (reader_left(&r) != 0) {
		struct option option = read_option(&r);
		int err = r.failed ? DHT_EMALFORMED : option_parse(&option, out);
		if (err)
			return err;
	}
	return 0;
}

void write_cookie_option(struct writer *w, const uint8_t cookie[static MSG_COOKIE_LEN])
{
	write_u8(w, OPTION_COOKIE);
	write_u8(w, MSG_COOKIE_LEN);
	write_copy(w, cookie, MSG_COOKIE_LEN);
}

void write_padding_to(struct writer *w, size_t size)
{
	while (!w->failed && writer_used(w) < size) {
		size_t missing = size - writer_used(w);
		size_t len = missing < 2 ? 0 : missing - 2;
		if (len > UINT8_MAX)
			len = UINT8_MAX;
		/* One byte alone cannot be made up for: leave two. */
		if (missing == len + 3)
			len--;
		write_u8(w, OPTION_PADDING);
		write_u8(w, (uint8_t)len);
		uint8_t *zeros = write_room(w, len);
		if (zeros)
			memset(zeros, 0, len);
	}
}

uint8_t *write_auth_option(struct writer *w, struct span key_name, uint64_t time_s)
{
	if (key_name.len > OPTION_KEY_NAME_MAX) {
		w->failed = true;
		return NULL;
	}
	write_u8(w, OPTION_AUTH);
	write_u8(w, (uint8_t)(1 + key_name.len + 8 + OPTION_MAC_LEN));
	write_u8(w, (uint8_t)key_name.len);
	write_span(w, key_name);
	write_u64(w, time_s);
	uint8_t *mac = write_room(w, OPTION_MAC_LEN);
	if (mac)
		memset(mac, 0, OPTION_MAC_LEN);
	return mac;
}
