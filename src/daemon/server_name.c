/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/server_name.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "base/err.h"

#define LABEL_MAX    63
#define NAME_MAX_LEN 254 /* with a dot at its end */

/* Letters, digits and hyphens, but no hyphen at either end. */
static bool is_label(const char *text, size_t len)
{
	if (len == 0 || len > LABEL_MAX || text[0] == '-' || text[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && text[i] != '-')
			return false;
	return true;
}

/* Labels with dots between them, perhaps one at the end. The last one has a letter: otherwise it
 * is an address with a slip in it. */
static bool is_host(const char *text)
{
	for (;;) {
		size_t len = strcspn(text, ".");
		if (!is_label(text, len))
			return false;
		if (text[len] == '\0' || text[len + 1] == '\0')
			return strspn(text, "0123456789") < len;
		text += len + 1;
	}
}

/* 1 to 65535, with neither a sign nor a zero before it. */
static int parse_port(const char *text, uint16_t *port)
{
	uint32_t n = 0;

	if (*text == '0' || *text == '\0')
		return DHT_EMALFORMED;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return DHT_EMALFORMED;
		n = n * 10 + (uint32_t)(*text - '0');
		if (n > UINT16_MAX)
			return DHT_EMALFORMED;
	}
	*port = (uint16_t)n;
	return 0;
}

/* Copies the host alone; gives the port's text, NULL when there is none. */
static int split(const char *text, char host[static SERVER_HOST_MAX], const char **port)
{
	const char *end = text + strlen(text), *colon = strchr(text, ':');

	*port = NULL;
	if (text[0] == '[') {
		const char *close = strchr(text, ']');
		if (!close || (close[1] != '\0' && close[1] != ':') || !colon || colon > close)
			return DHT_EMALFORMED;
		*port = close[1] == ':' ? close + 2 : NULL;
		end = close;
		text++;
	} else if (colon && !strchr(colon + 1, ':')) {
		*port = colon + 1;
		end = colon;
	}
	size_t len = (size_t)(end - text);
	if (len == 0 || len > NAME_MAX_LEN)
		return DHT_EMALFORMED;
	memcpy(host, text, len);
	return 0;
}

int server_name_parse(const char *text, struct server_name *out)
{
	struct server_name s = {0};
	const char *port;
	struct ip ip;

	int err = split(text, s.host, &port);
	if (err == 0 && port)
		err = parse_port(port, &s.port);
	if (err)
		return err;
	if (ip_parse(s.host, &ip) == 0) {
		if (!ip_is_unicast(&ip))
			return DHT_EINVAL;
		memset(s.host, 0, sizeof(s.host));
		ip_format(&ip, s.host);
	} else if (!is_host(s.host)) {
		return DHT_EMALFORMED;
	}
	*out = s;
	return 0;
}

void server_name_format(const struct server_name *s, char text[static SERVER_NAME_MAX])
{
	bool is_v6 = strchr(s->host, ':') != NULL;

	if (s->port == 0)
		snprintf(text, SERVER_NAME_MAX, "%s", s->host);
	else
		snprintf(text, SERVER_NAME_MAX, is_v6 ? "[%s]:%u" : "%s:%u", s->host, s->port);
}
