/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/value.h"

#include <assert.h>
#include <inttypes.h>
#include <limits.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/units.h"
#include "base/utf8.h"
#include "daemon/value_hint.h"

/* What the readers below share. */
struct reading {
	const struct setting *s;
	const struct placer *where;
	struct faults *f;
	void *field;
};

static void *field_of(const struct setting *s, struct config *c)
{
	return (char *)c + s->offset;
}

static const void *const_field_of(const struct setting *s, const struct config *c)
{
	return (const char *)c + s->offset;
}

__attribute__((format(printf, 3, 4))) static int fault(
	const struct reading *r, const config_setting_t *v, const char *format, ...)
{
	char text[FAULT_TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	faults_add(r->f, r->where->of(r->where, v), r->s->path, "%s", text);
	return DHT_EINVAL;
}

static int out_of_memory(const struct reading *r, const config_setting_t *v)
{
	fault(r, v, "out of memory");
	return DHT_ENOMEM;
}

static const char *kind_of(const config_setting_t *v)
{
	switch (config_setting_type(v)) {
	case CONFIG_TYPE_GROUP: return "a group";
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64: return "a whole number";
	case CONFIG_TYPE_FLOAT: return "a fraction";
	case CONFIG_TYPE_STRING: return "a string";
	case CONFIG_TYPE_BOOL: return "true or false";
	case CONFIG_TYPE_ARRAY:
	case CONFIG_TYPE_LIST: return "a list";
	default: return "nothing";
	}
}

/* What a person has to write for this type. */
static const char *wanted(const struct setting *s)
{
	switch (s->type) {
	case SETTING_DURATION: return "a duration in quotes, such as \"30s\" or \"24h\"";
	case SETTING_SIZE: return "a size in quotes, such as \"64M\"";
	case SETTING_STRING:
	case SETTING_CHOICE:
	case SETTING_PATH: return "a string in quotes";
	case SETTING_HOST: return "an address in quotes";
	case SETTING_ADDRESSES: return "a list of addresses, such as ( \"192.0.2.7\", \"::1\" )";
	case SETTING_PREFIXES: return "a list of prefixes, such as ( \"10.0.0.0/8\", \"::1\" )";
	case SETTING_ENDPOINT: return "an address with a port in quotes, or \"\"";
	case SETTING_SERVERS: return "a list of servers, such as ( \"192.0.2.7\", \"[::1]:8471\" )";
	default: return setting_type_name(s->type);
	}
}

static int wrong_type(const struct reading *r, const config_setting_t *v)
{
	return fault(r, v, "must be %s, not %s", wanted(r->s), kind_of(v));
}

/* The text of v, which must be a string; NULL after a fault. */
static const char *text_of(const struct reading *r, const config_setting_t *v)
{
	if (config_setting_type(v) == CONFIG_TYPE_STRING)
		return config_setting_get_string(v);
	wrong_type(r, v);
	return NULL;
}

static int read_bool(const struct reading *r, const config_setting_t *v)
{
	if (config_setting_type(v) != CONFIG_TYPE_BOOL)
		return wrong_type(r, v);
	*(bool *)r->field = config_setting_get_bool(v);
	return 0;
}

static int read_int(const struct reading *r, const config_setting_t *v)
{
	int type = config_setting_type(v);

	if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64)
		return wrong_type(r, v);
	long long n = type == CONFIG_TYPE_INT ? config_setting_get_int(v)
	                                      : config_setting_get_int64(v);
	/* libconfig makes the largest of what is too large for it. */
	if (n == LLONG_MAX)
		return fault(r, v, "the number is too large (%" PRIu64 " to %" PRIu64 ")",
			r->s->min, r->s->max);
	if (n < 0 || (uint64_t)n < r->s->min || (uint64_t)n > r->s->max)
		return fault(r, v, "%lld is out of range (%" PRIu64 " to %" PRIu64 ")", n,
			r->s->min, r->s->max);
	*(uint64_t *)r->field = (uint64_t)n;
	return 0;
}

/* Durations and sizes: a number with a unit, in a string. */
static int read_scaled(const struct reading *r, const config_setting_t *v)
{
	bool is_time = r->s->type == SETTING_DURATION;
	char min[UNITS_TEXT_MAX], max[UNITS_TEXT_MAX], hint[VALUE_HINT_MAX];
	const char *text = text_of(r, v);
	uint64_t n = 0;

	if (!text)
		return DHT_EINVAL;
	int err = is_time ? duration_parse(text, &n) : size_parse(text, &n);
	value_hint_scaled(text, is_time, hint);
	if ((err == DHT_EUNITS || err == DHT_EMALFORMED) && hint[0])
		return fault(r, v, "\"%s\" %s%s", text,
			is_time && text[strspn(text, " 0123456789")] == '\0' ? "has no unit"
									     : "is not known",
			hint);
	if (err == DHT_EUNITS && is_time)
		return fault(r, v, "\"%s\" has no unit that is known (ms, s, m, h, d)", text);
	if (err == DHT_EUNITS)
		return fault(r, v, "\"%s\" has no unit that is known (K, M, G, T)", text);
	if (err == DHT_EMALFORMED)
		return fault(r, v, "\"%s\" is not %s", text, wanted(r->s));
	if (err == 0 && ((n >= r->s->min && n <= r->s->max) || (n == 0 && r->s->or_zero))) {
		*(uint64_t *)r->field = n;
		return 0;
	}
	(is_time ? duration_format : size_format)(r->s->min, min);
	(is_time ? duration_format : size_format)(r->s->max, max);
	return fault(r, v, "\"%s\" is out of range (%s\"%s\" to \"%s\")", text,
		r->s->or_zero ? "\"0\", or " : "", min, max);
}

static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	return false;
}

static int keep_text(const struct reading *r, const config_setting_t *v, char *copy)
{
	char **field = r->field;

	if (!copy)
		return out_of_memory(r, v);
	free(*field);
	*field = copy;
	return 0;
}

static int read_string(const struct reading *r, const config_setting_t *v)
{
	const char *text = text_of(r, v);

	if (!text)
		return DHT_EINVAL;
	size_t len = strlen(text);
	if (len < r->s->min || len > r->s->max)
		return fault(r, v, "has %zu bytes, must have %" PRIu64 " to %" PRIu64, len,
			r->s->min, r->s->max);
	if (!utf8_valid((const uint8_t *)text, len) || has_control(text))
		return fault(r, v, "must be UTF-8 without control characters");
	return keep_text(r, v, strdup(text));
}

/* A relative name counts from the folder of the file that it stands in. */
static int read_path(const struct reading *r, const config_setting_t *v)
{
	const char *text = text_of(r, v);

	if (!text)
		return DHT_EINVAL;
	if (has_control(text))
		return fault(r, v, "must not have control characters");
	const char *file = r->where->of(r->where, v).file;
	const char *slash = file ? strrchr(file, '/') : NULL;
	char *full;
	if (text[0] == '/' || text[0] == '\0' || !slash)
		full = strdup(text);
	else if (asprintf(&full, "%.*s/%s", (int)(slash - file), file, text) < 0)
		full = NULL;
	return keep_text(r, v, full);
}

static int read_host(const struct reading *r, const config_setting_t *v)
{
	const char *text = text_of(r, v);
	char hint[VALUE_HINT_MAX];
	struct addr addr;
	struct ip ip;

	if (!text)
		return DHT_EINVAL;
	value_hint_address(text, false, hint);
	if (ip_parse(text, &ip) != 0 && addr_parse(text, 0, &addr) == 0 && addr.port != 0)
		return fault(
			r, v, "\"%s\" is not an IP address: the port is listen.ports.client", text);
	if (ip_parse(text, &ip) != 0)
		return fault(r, v, "\"%s\" is not an IP address%s", text, hint);
	if (ip_is_unspecified(&ip))
		return fault(r, v,
			"\"%s\" is not the address of one host: it belongs into "
			"listen.client_addresses",
			text);
	if (!ip_is_unicast(&ip))
		return fault(r, v, "\"%s\" is not the address of one host", text);
	*(struct ip *)r->field = ip;
	return 0;
}

static int read_endpoint(const struct reading *r, const config_setting_t *v)
{
	const char *text = text_of(r, v);
	struct addr addr = {0};

	if (!text)
		return DHT_EINVAL;
	if (text[0] != '\0' && (addr_parse(text, 0, &addr) != 0 || addr.port == 0))
		return fault(r, v,
			"\"%s\" is not an address with a port, such as \"127.0.0.1:9470\"", text);
	if (text[0] != '\0' && !ip_is_unicast(&addr.ip) && !ip_is_unspecified(&addr.ip))
		return fault(r, v, "\"%s\" is neither one host's address nor a wildcard", text);
	*(struct addr *)r->field = addr;
	return 0;
}

static int read_choice(const struct reading *r, const config_setting_t *v)
{
	const char *text = text_of(r, v);
	char all[200] = "";
	size_t used = 0;

	if (!text)
		return DHT_EINVAL;
	for (size_t i = 0; r->s->words[i]; i++) {
		if (strcmp(text, r->s->words[i]) == 0) {
			*(uint64_t *)r->field = i;
			return 0;
		}
		int n = snprintf(
			all + used, sizeof(all) - used, "%s%s", i ? ", " : "", r->s->words[i]);
		used += (size_t)n;
		assert(used < sizeof(all));
	}
	return fault(r, v, "\"%s\" is not one of %s", text, all);
}

static int read_address_element(
	const struct reading *r, const config_setting_t *v, const char *text, void *to)
{
	char hint[VALUE_HINT_MAX];
	struct ip *ip = to;

	value_hint_address(text, false, hint);
	if (ip_parse(text, ip) != 0)
		return fault(r, v, "\"%s\" is not an IP address%s", text, hint);
	if (!ip_is_unicast(ip) && !ip_is_unspecified(ip))
		return fault(r, v, "\"%s\" is neither one host's address nor a wildcard", text);
	return 0;
}

static int read_prefix_element(
	const struct reading *r, const config_setting_t *v, const char *text, void *to)
{
	char hint[VALUE_HINT_MAX];

	switch (prefix_parse(text, to)) {
	case 0: return 0;
	case DHT_EINVAL:
		value_hint_prefix(text, hint);
		return fault(r, v, "\"%s\" has bits set behind its prefix%s", text, hint);
	default:
		value_hint_address(text, true, hint);
		return fault(r, v, "\"%s\" is not an IP address or prefix%s", text, hint);
	}
}

static int read_server_element(
	const struct reading *r, const config_setting_t *v, const char *text, void *to)
{
	switch (server_name_parse(text, to)) {
	case 0: return 0;
	case DHT_EINVAL: return fault(r, v, "\"%s\" is not the address of one host", text);
	default:
		return fault(r, v,
			"\"%s\" is not a server: \"HOST\", \"HOST:PORT\" or \"[IPV6]:PORT\"", text);
	}
}

typedef int element_reader(const struct reading *, const config_setting_t *, const char *, void *);

/* All elements of the list v into a new array; goes on after a fault to find the others. */
static int read_elements(const struct reading *r, const config_setting_t *v, size_t size,
	element_reader *read, void **out)
{
	unsigned n = (unsigned)config_setting_length(v);
	char *array = calloc(n ? n : 1, size);
	int result = 0;

	if (!array)
		return out_of_memory(r, v);
	for (unsigned i = 0; i < n; i++) {
		const config_setting_t *e = config_setting_get_elem(v, i);
		int err;
		if (config_setting_type(e) == CONFIG_TYPE_STRING)
			err = read(r, e, config_setting_get_string(e), array + i * size);
		else
			err = fault(r, e, "element %u must be a string in quotes, not %s", i + 1,
				kind_of(e));
		result = err ? err : result;
	}
	if (result == 0)
		*out = array;
	else
		free(array);
	return result;
}

static bool is_list(const struct reading *r, const config_setting_t *v)
{
	if (!config_setting_is_list(v) && !config_setting_is_array(v)) {
		wrong_type(r, v);
		return false;
	}
	if ((uint64_t)config_setting_length(v) > r->s->max) {
		fault(r, v, "has %d elements, at most %" PRIu64 " are possible",
			config_setting_length(v), r->s->max);
		return false;
	}
	return true;
}

static int read_addresses(const struct reading *r, const config_setting_t *v)
{
	struct ip_list *list = r->field;
	void *array;

	if (!is_list(r, v))
		return DHT_EINVAL;
	int err = read_elements(r, v, sizeof(struct ip), read_address_element, &array);
	if (err)
		return err;
	free(list->v);
	*list = (struct ip_list){.v = array, .count = (size_t)config_setting_length(v)};
	return 0;
}

static int read_prefixes(const struct reading *r, const config_setting_t *v)
{
	struct prefix_list *list = r->field;
	void *array;

	if (!is_list(r, v))
		return DHT_EINVAL;
	int err = read_elements(r, v, sizeof(struct prefix), read_prefix_element, &array);
	if (err)
		return err;
	free(list->v);
	*list = (struct prefix_list){.v = array, .count = (size_t)config_setting_length(v)};
	return 0;
}

static int read_servers(const struct reading *r, const config_setting_t *v)
{
	struct server_list *list = r->field;
	void *array;

	if (!is_list(r, v))
		return DHT_EINVAL;
	int err = read_elements(r, v, sizeof(struct server_name), read_server_element, &array);
	if (err)
		return err;
	free(list->v);
	*list = (struct server_list){.v = array, .count = (size_t)config_setting_length(v)};
	return 0;
}

int value_store(const struct setting *s, const config_setting_t *v, const struct placer *where,
	struct config *c, struct faults *f)
{
	struct reading r = {.s = s, .where = where, .f = f, .field = field_of(s, c)};

	switch (s->type) {
	case SETTING_GROUP: break;
	case SETTING_BOOL: return read_bool(&r, v);
	case SETTING_INT: return read_int(&r, v);
	case SETTING_DURATION:
	case SETTING_SIZE: return read_scaled(&r, v);
	case SETTING_STRING: return read_string(&r, v);
	case SETTING_PATH: return read_path(&r, v);
	case SETTING_HOST: return read_host(&r, v);
	case SETTING_ADDRESSES: return read_addresses(&r, v);
	case SETTING_PREFIXES: return read_prefixes(&r, v);
	case SETTING_ENDPOINT: return read_endpoint(&r, v);
	case SETTING_SERVERS: return read_servers(&r, v);
	case SETTING_CHOICE: return read_choice(&r, v);
	}
	return wrong_type(&r, v);
}

static struct place nowhere(const struct placer *p, const config_setting_t *v)
{
	(void)p;
	(void)v;
	return (struct place){0};
}

int value_store_default(const struct setting *s, struct config *c)
{
	static const struct placer where = {.of = nowhere};
	struct faults f = {0};
	config_t parsed;
	char *text;
	int err = DHT_ENOMEM;

	if (s->type == SETTING_GROUP)
		return 0;
	if (asprintf(&text, "v = %s;", s->initial) < 0)
		return DHT_ENOMEM;
	config_init(&parsed);
	if (config_read_string(&parsed, text))
		err = value_store(s, config_lookup(&parsed, "v"), &where, c, &f);
	config_destroy(&parsed);
	free(text);
	faults_fini(&f);
	assert(err == 0 || err == DHT_ENOMEM);
	return err;
}

/* In quotes, with what libconfig reads as an escape. */
static void print_quoted(const char *text, FILE *out)
{
	putc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putc('\\', out);
		putc(*text, out);
	}
	putc('"', out);
}

static void print_addresses(const struct ip_list *list, FILE *out)
{
	char text[IP_TEXT_MAX];

	fputs("(", out);
	for (size_t i = 0; i < list->count; i++) {
		ip_format(&list->v[i], text);
		fprintf(out, "%s \"%s\"", i ? "," : "", text);
	}
	fputs(list->count ? " )" : ")", out);
}

static void print_prefixes(const struct prefix_list *list, FILE *out)
{
	char text[PREFIX_TEXT_MAX];

	fputs("(", out);
	for (size_t i = 0; i < list->count; i++) {
		prefix_format(&list->v[i], text);
		fprintf(out, "%s \"%s\"", i ? "," : "", text);
	}
	fputs(list->count ? " )" : ")", out);
}

static void print_servers(const struct server_list *list, FILE *out)
{
	char text[SERVER_NAME_MAX];

	fputs("(", out);
	for (size_t i = 0; i < list->count; i++) {
		server_name_format(&list->v[i], text);
		fprintf(out, "%s \"%s\"", i ? "," : "", text);
	}
	fputs(list->count ? " )" : ")", out);
}

static void print_endpoint(const struct addr *addr, FILE *out)
{
	char text[ADDR_TEXT_MAX] = "";

	if (addr->port)
		addr_format(addr, text);
	print_quoted(text, out);
}

/* libconfig takes a number above 2^31 - 1 only with this mark. */
static void print_int(uint64_t n, FILE *out)
{
	fprintf(out, "%" PRIu64 "%s", n, n > INT32_MAX ? "L" : "");
}

void value_print(const struct setting *s, const struct config *c, FILE *out)
{
	const void *field = const_field_of(s, c);
	char text[UNITS_TEXT_MAX], ip[IP_TEXT_MAX];

	switch (s->type) {
	case SETTING_GROUP: break;
	case SETTING_BOOL: fputs(*(const bool *)field ? "true" : "false", out); break;
	case SETTING_INT: print_int(*(const uint64_t *)field, out); break;
	case SETTING_DURATION:
		duration_format(*(const uint64_t *)field, text);
		print_quoted(text, out);
		break;
	case SETTING_SIZE:
		size_format(*(const uint64_t *)field, text);
		print_quoted(text, out);
		break;
	case SETTING_STRING:
	case SETTING_PATH: print_quoted(*(char *const *)field, out); break;
	case SETTING_HOST:
		ip_format(field, ip);
		print_quoted(ip, out);
		break;
	case SETTING_ADDRESSES: print_addresses(field, out); break;
	case SETTING_PREFIXES: print_prefixes(field, out); break;
	case SETTING_ENDPOINT: print_endpoint(field, out); break;
	case SETTING_SERVERS: print_servers(field, out); break;
	case SETTING_CHOICE: print_quoted(s->words[*(const uint64_t *)field], out); break;
	}
}

char *value_text(const struct setting *s, const struct config *c)
{
	char *text = NULL;
	size_t size = 0;

	/* Not by way of a stream, which would leave copies in memory that was freed. */
	if (s->secret)
		return strdup((*(char *const *)const_field_of(s, c))[0] ? "(secret)" : "\"\"");
	FILE *out = open_memstream(&text, &size);
	if (!out)
		return NULL;
	value_print(s, c, out);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

static size_t field_size(const struct setting *s)
{
	switch (s->type) {
	case SETTING_GROUP: break;
	case SETTING_BOOL: return sizeof(bool);
	case SETTING_INT:
	case SETTING_DURATION:
	case SETTING_SIZE:
	case SETTING_CHOICE: return sizeof(uint64_t);
	case SETTING_STRING:
	case SETTING_PATH: return sizeof(char *);
	case SETTING_HOST: return sizeof(struct ip);
	case SETTING_ADDRESSES: return sizeof(struct ip_list);
	case SETTING_PREFIXES: return sizeof(struct prefix_list);
	case SETTING_ENDPOINT: return sizeof(struct addr);
	case SETTING_SERVERS: return sizeof(struct server_list);
	}
	return 0;
}

uint64_t value_number(const struct setting *s, const struct config *c)
{
	assert(s->type == SETTING_INT || s->type == SETTING_DURATION || s->type == SETTING_SIZE ||
		s->type == SETTING_CHOICE);
	return *(const uint64_t *)const_field_of(s, c);
}

/* The elements have no gaps, and are all zero where nothing was written. */
static bool elements_equal(
	const void *a, size_t a_count, const void *b, size_t b_count, size_t size)
{
	return a_count == b_count && (a_count == 0 || memcmp(a, b, a_count * size) == 0);
}

bool value_equal(const struct setting *s, const struct config *a, const struct config *b)
{
	const void *x = const_field_of(s, a), *y = const_field_of(s, b);
	const struct ip_list *ips = x, *other_ips = y;
	const struct prefix_list *prefixes = x, *other_prefixes = y;
	const struct server_list *servers = x, *other_servers = y;

	switch (s->type) {
	case SETTING_STRING:
	case SETTING_PATH: return strcmp(*(char *const *)x, *(char *const *)y) == 0;
	case SETTING_ADDRESSES:
		return elements_equal(
			ips->v, ips->count, other_ips->v, other_ips->count, sizeof(struct ip));
	case SETTING_PREFIXES:
		return elements_equal(prefixes->v, prefixes->count, other_prefixes->v,
			other_prefixes->count, sizeof(struct prefix));
	case SETTING_SERVERS:
		return elements_equal(servers->v, servers->count, other_servers->v,
			other_servers->count, sizeof(struct server_name));
	default: return memcmp(x, y, field_size(s)) == 0;
	}
}

void value_swap(const struct setting *s, struct config *a, struct config *b)
{
	char kept[sizeof(struct server_list) + sizeof(struct addr)];
	size_t size = field_size(s);

	assert(size <= sizeof(kept));
	memcpy(kept, field_of(s, a), size);
	memcpy(field_of(s, a), field_of(s, b), size);
	memcpy(field_of(s, b), kept, size);
}

void value_fini(const struct setting *s, struct config *c)
{
	void *field = field_of(s, c);

	switch (s->type) {
	case SETTING_STRING:
	case SETTING_PATH: {
		char **text = field;
		if (*text && s->secret)
			sodium_memzero(*text, strlen(*text));
		free(*text);
		*text = NULL;
		break;
	}
	case SETTING_ADDRESSES:
		free(((struct ip_list *)field)->v);
		*(struct ip_list *)field = (struct ip_list){0};
		break;
	case SETTING_PREFIXES:
		free(((struct prefix_list *)field)->v);
		*(struct prefix_list *)field = (struct prefix_list){0};
		break;
	case SETTING_SERVERS:
		free(((struct server_list *)field)->v);
		*(struct server_list *)field = (struct server_list){0};
		break;
	default: break;
	}
}
