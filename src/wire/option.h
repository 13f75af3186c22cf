/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * option: what may follow a request, (CODE u8, LEN u8, VALUE) zero or more times.
 *
 * A code of 128 or more that the receiver does not know is an error (the request must not be
 * carried out without it); a lower one is ignored. So decoding accepts any code, and whoever acts
 * on a request asks options_parse(), which knows the codes.
 */
#ifndef DHT_WIRE_OPTION_H
#define DHT_WIRE_OPTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/cursor.h"
#include "wire/msg.h"

enum option_code {
	OPTION_COOKIE = 1,
	OPTION_PADDING = 2,
	OPTION_AUTH = 130,
};

#define OPTION_CRITICAL     128
#define OPTION_MAC_LEN      16
#define OPTION_KEY_NAME_MAX (255 - 1 - 8 - OPTION_MAC_LEN) /* what AUTH's LEN leaves for it */

struct options {
	const uint8_t *cookie; /* MSG_COOKIE_LEN bytes, or NULL */
	bool has_auth;
	struct span auth_key_name;
	uint64_t auth_time_s; /* UNIX time */
	const uint8_t *mac;   /* OPTION_MAC_LEN bytes, viewed in the datagram */
};

/* Reads options that msg_decode() has accepted. DHT_EMALFORMED for a known option whose value is
 * not of its shape or that comes twice (padding may), DHT_EINVAL for a critical code that is not
 * known. */
int options_parse(struct span raw, struct options *out);

/* Checks the (CODE, LEN, VALUE) shape of everything that is left, and views it. */
struct span read_options(struct reader *r);

void write_cookie_option(struct writer *w, const uint8_t cookie[static MSG_COOKIE_LEN]);

/* Adds padding options of zeros until the writer holds at least size bytes. The result may be one
 * byte longer than asked: an option is two bytes at least. */
void write_padding_to(struct writer *w, size_t size);

/* Adds AUTH with its MAC zeroed and gives where the MAC is to be put (the last 16 bytes written),
 * NULL when it did not fit or the name is longer than OPTION_KEY_NAME_MAX. The caller fills in
 * LENGTH before computing it: the MAC covers the whole datagram. */
uint8_t *write_auth_option(struct writer *w, struct span key_name, uint64_t time_s);

#endif
