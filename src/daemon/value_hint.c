/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/value_hint.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/units.h"

#define TEXT_MAX 100 /* a longer one is no slip of a known kind */

static bool is_element(const char *text, bool or_prefix)
{
	struct prefix prefix;
	struct ip ip;

	/* One with bits behind it is meant as one, too. */
	int err = or_prefix ? prefix_parse(text, &prefix) : ip_parse(text, &ip);
	return err == 0 || err == DHT_EINVAL;
}

/* Where there is no comma between two strings, libconfig makes one of them. */
static bool is_two(const char *text, bool or_prefix)
{
	char first[TEXT_MAX];

	for (size_t n = 1; text[0] != '\0' && text[n] != '\0'; n++) {
		memcpy(first, text, n);
		first[n] = '\0';
		if (is_element(first, or_prefix) && is_element(text + n, or_prefix))
			return true;
	}
	return false;
}

static bool is_host_name(const char *text)
{
	bool letters = false;

	for (; *text; text++) {
		if (!isalnum((unsigned char)*text) && *text != '-' && *text != '.')
			return false;
		letters |= isalpha((unsigned char)*text) != 0;
	}
	return letters;
}

void value_hint_address(const char *text, bool or_prefix, char hint[static VALUE_HINT_MAX])
{
	hint[0] = '\0';
	if (strlen(text) >= TEXT_MAX)
		return;
	if (is_host_name(text))
		snprintf(hint, VALUE_HINT_MAX, ": names are not looked up here: write the address");
	else if (is_two(text, or_prefix))
		snprintf(hint, VALUE_HINT_MAX, ": is a comma missing?");
}

void value_hint_prefix(const char *text, char hint[static VALUE_HINT_MAX])
{
	const char *slash = strchr(text, '/');
	char host[TEXT_MAX], right[PREFIX_TEXT_MAX];
	struct prefix p;

	hint[0] = '\0';
	if (!slash || (size_t)(slash - text) >= sizeof(host))
		return;
	memcpy(host, text, (size_t)(slash - text));
	host[slash - text] = '\0';
	if (ip_parse(host, &p.ip) != 0)
		return;
	p.len = (uint8_t)(strtoul(slash + 1, NULL, 10) + (strchr(host, ':') ? 0 : 96));
	for (size_t bit = p.len; bit < 128; bit++)
		p.ip.b[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
	prefix_format(&p, right);
	snprintf(hint, VALUE_HINT_MAX, ": %s, or %s alone?", right, host);
}

/* Units as they are written elsewhere. */
static const struct {
	const char *word, *unit;
	bool is_time;
} units[] = {
	{"sec", "s", true},
	{"second", "s", true},
	{"min", "m", true},
	{"minute", "m", true},
	{"hr", "h", true},
	{"hour", "h", true},
	{"day", "d", true},
	{"ms", "ms", true},
	{"msec", "ms", true},
	{"s", "s", true},
	{"m", "m", true},
	{"h", "h", true},
	{"d", "d", true},
	{"", "s", true},
	{"b", "", false},
	{"k", "K", false},
	{"kb", "K", false},
	{"kib", "K", false},
	{"m", "M", false},
	{"mb", "M", false},
	{"mib", "M", false},
	{"g", "G", false},
	{"gb", "G", false},
	{"gib", "G", false},
	{"t", "T", false},
	{"tb", "T", false},
	{"tib", "T", false},
};

/* NULL: not a known one. One of many ("secs") is the same. */
static const char *unit_of(const char *word, bool is_time)
{
	size_t len = strlen(word);

	if (is_time && len > 2 && tolower((unsigned char)word[len - 1]) == 's')
		len--;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (units[i].is_time == is_time && strlen(units[i].word) == len &&
			strncasecmp(word, units[i].word, len) == 0)
			return units[i].unit;
	return NULL;
}

void value_hint_scaled(const char *text, bool is_time, char hint[static VALUE_HINT_MAX])
{
	const char *digits = text + strspn(text, " ");
	size_t len = strspn(digits, "0123456789");
	const char *word = digits + len + strspn(digits + len, " ");
	const char *unit = unit_of(word, is_time);

	hint[0] = '\0';
	if (len == 0 || len > 20 || !unit)
		return;
	if (*word == '\0')
		snprintf(hint, VALUE_HINT_MAX, ": \"%.*s%s\"?", (int)len, digits, unit);
	else
		snprintf(hint, VALUE_HINT_MAX, ": write \"%.*s%s\"", (int)len, digits, unit);
}
