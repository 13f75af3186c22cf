/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/common/opts.h"

#include <assert.h>
#include <getopt.h>
#include <string.h>

#include "base/exitcode.h"
#include "base/suggest.h"
#include "tools/common/text.h"

#define LONG_BASE 256 /* getopt's values of long options; below are letters */

/* The tables as getopt_long() wants them. */
struct flat {
	const struct opt *rows[OPTS_MAX];
	void *targets[OPTS_MAX];
	struct option longs[OPTS_MAX + 1];
	char shorts[2 * OPTS_MAX + 3];
	size_t count;
};

static void flat_add(struct flat *flat, const struct opt *o, void *target)
{
	size_t i = flat->count++;
	size_t end = strlen(flat->shorts);

	assert(i < OPTS_MAX);
	flat->rows[i] = o;
	flat->targets[i] = target;
	flat->longs[i] = (struct option){
		.name = o->name,
		.has_arg = o->kind == OPT_FLAG ? no_argument : required_argument,
		.val = LONG_BASE + (int)i,
	};
	if (!o->letter)
		return;
	flat->shorts[end] = o->letter;
	flat->shorts[end + 1] = o->kind == OPT_FLAG ? '\0' : ':';
}

static void flatten(struct flat *flat, const struct opt_set *sets, size_t n, bool stop)
{
	*flat = (struct flat){0};
	strcpy(flat->shorts, stop ? "+:" : ":");
	for (size_t i = 0; i < n; i++)
		for (const struct opt *o = sets[i].options; o && o->name; o++)
			flat_add(flat, o, sets[i].target);
}

/* The row of what getopt_long() returned or left in optopt; the count when there is none. */
static size_t flat_index(const struct flat *flat, int value)
{
	if (value >= LONG_BASE)
		return (size_t)(value - LONG_BASE);
	for (size_t i = 0; i < flat->count; i++)
		if (value != 0 && flat->rows[i]->letter == value)
			return i;
	return flat->count;
}

static int value_fault(const char *name, const char *value, const char *cure, struct fault *f)
{
	return fault_set(f, EXIT_USAGE, "usage", cure, "'%s' is not a value for %s", value, name);
}

static int range_fault(const struct opt *o, const char *name, const char *value, struct fault *f)
{
	const char *unit = o->kind == OPT_MS ? " ms" : o->kind == OPT_SECONDS ? " s" : "";

	fault_set(f, EXIT_USAGE, "usage", NULL, "'%s' is out of range for %s", value, name);
	fault_hint(f, "%u to %u%s", o->min, o->max, unit);
	return f->status;
}

static int assign_number(
	const struct opt *o, const char *name, const char *value, uint32_t *out, struct fault *f)
{
	uint64_t v;

	if (o->kind == OPT_NUMBER) {
		if (!text_parse_number(value, UINT64_MAX, &v))
			return value_fault(name, value, "a number", f);
	} else if (!text_parse_ms(value, &v)) {
		return value_fault(name, value, "a time such as 500ms, 30s, 10m or 2h", f);
	} else if (o->kind == OPT_SECONDS) {
		if (v % 1000 != 0)
			return value_fault(name, value, "whole seconds", f);
		v /= 1000;
	}
	if (v < o->min || v > o->max)
		return range_fault(o, name, value, f);
	*out = (uint32_t)v;
	return 0;
}

static int assign_choice(
	const struct opt *o, const char *name, const char *value, int *out, struct fault *f)
{
	char all[128] = "";

	for (int i = 0; o->choices[i]; i++) {
		if (strcmp(value, o->choices[i]) == 0) {
			*out = i + 1;
			return 0;
		}
		strncat(all, i > 0 ? ", " : "one of ", sizeof(all) - strlen(all) - 1);
		strncat(all, o->choices[i], sizeof(all) - strlen(all) - 1);
	}
	return value_fault(name, value, all, f);
}

static int assign_texts(const char *name, const char *value, struct opt_texts *out, struct fault *f)
{
	if (out->count == OPTS_TEXTS_MAX)
		return fault_set(f, EXIT_USAGE, "usage", NULL, "%s is given more than %d times",
			name, OPTS_TEXTS_MAX);
	out->items[out->count++] = value;
	return 0;
}

int opts_assign(
	const struct opt *o, const char *name, const char *value, void *target, struct fault *f)
{
	void *place = (char *)target + o->offset;

	switch (o->kind) {
	case OPT_FLAG: *(bool *)place = true; return 0;
	case OPT_TEXT:
		if (!*value)
			return value_fault(name, value, "not an empty one", f);
		*(const char **)place = value;
		return 0;
	case OPT_TEXTS: return assign_texts(name, value, place, f);
	case OPT_CHOICE: return assign_choice(o, name, value, place, f);
	case OPT_NUMBER:
	case OPT_MS:
	case OPT_SECONDS: break;
	}
	return assign_number(o, name, value, place, f);
}

const struct opt *opts_find(const struct opt *options, const char *name)
{
	for (const struct opt *o = options; o && o->name; o++)
		if (strcmp(o->name, name) == 0)
			return o;
	return NULL;
}

void opts_hint(const struct opt_set *sets, size_t set_count, const char *prefix, const char *word,
	struct fault *f)
{
	const char *names[OPTS_MAX], *near;
	size_t n = 0;

	for (size_t i = 0; i < set_count; i++)
		for (const struct opt *o = sets[i].options; o && o->name && n < OPTS_MAX; o++)
			names[n++] = o->name;
	near = suggest_nearest(word, names, n);
	if (near)
		fault_hint(f, "did you mean %s%s?", prefix, near);
}

/* What getopt_long() answered '?' to. */
static void unknown_fault(const struct flat *flat, const struct opt_set *sets, size_t set_count,
	const char *word, struct fault *f)
{
	size_t known = flat_index(flat, optopt);

	if (known < flat->count) {
		fault_set(f, EXIT_USAGE, "usage", NULL, "--%s takes no value",
			flat->rows[known]->name);
	} else if (optopt) {
		fault_set(f, EXIT_USAGE, "usage", "--help lists them", "'-%c' is not an option",
			optopt);
	} else if (f->status == 0) {
		char name[SUGGEST_WORD_MAX];

		snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + 2, "="), word + 2);
		fault_set(f, EXIT_USAGE, "usage", "--help lists them", "'--%s' is not an option",
			name);
		opts_hint(sets, set_count, "--", name, f);
	}
}

/* One option that getopt_long() found; as a person would name it in a message. */
static void take(const struct flat *flat, int value, struct fault *f)
{
	size_t i = flat_index(flat, value);
	char name[SUGGEST_WORD_MAX];

	assert(i < flat->count);
	snprintf(name, sizeof(name), "--%s", flat->rows[i]->name);
	opts_assign(flat->rows[i], name, optarg ? optarg : "", flat->targets[i], f);
}

int opts_parse(const struct opt_set *sets, size_t set_count, bool stop_at_operand, int argc,
	char **argv, struct fault *f)
{
	struct flat flat;
	int value;

	flatten(&flat, sets, set_count, stop_at_operand);
	opterr = 0;
	optind = 0; /* GNU: start anew */
	while ((value = getopt_long(argc, argv, flat.shorts, flat.longs, NULL)) != -1) {
		size_t i = flat_index(&flat, optopt);

		if (value == '?')
			unknown_fault(&flat, sets, set_count, argv[optind - 1], f);
		else if (value == ':' && i < flat.count)
			fault_set(f, EXIT_USAGE, "usage", NULL, "--%s needs a value (%s)",
				flat.rows[i]->name, flat.rows[i]->value);
		else
			take(&flat, value, f);
	}
	return optind;
}

void opts_help(const struct opt *options, FILE *file)
{
	for (const struct opt *o = options; o && o->name; o++) {
		char left[64], letter[8] = "    ";

		if (o->letter)
			snprintf(letter, sizeof(letter), "-%c, ", o->letter);
		snprintf(left, sizeof(left), "%s--%s%s%s", letter, o->name, o->value ? " " : "",
			o->value ? o->value : "");
		fprintf(file, "  %-27s %s\n", left, o->help);
	}
}
