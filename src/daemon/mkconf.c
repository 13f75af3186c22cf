/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mkconf: writes what is made from the table of settings, for the source tree; not installed.
 *
 *     mkconf file > etc/dht.conf
 *     mkconf manual          the list of settings for dht.conf(5), in mdoc
 */
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "daemon/conf.h"

/* "a whole number, 1 to 65535" and the like. */
static void print_type(const struct setting *s)
{
	char min[UNITS_TEXT_MAX], max[UNITS_TEXT_MAX];

	printf("%s", setting_type_name(s->type));
	if (s->type == SETTING_INT) {
		printf(", %llu to %llu", (unsigned long long)s->min, (unsigned long long)s->max);
	} else if (s->type == SETTING_DURATION) {
		duration_format(s->min, min);
		duration_format(s->max, max);
		printf(", %s to %s", min, max);
	} else if (s->type == SETTING_SIZE) {
		size_format(s->min, min);
		size_format(s->max, max);
		printf(", %s%s to %s", s->or_zero ? "0 or " : "", min, max);
	} else if (s->type == SETTING_CHOICE) {
		for (size_t i = 0; s->words[i]; i++)
			printf("%s %s", i ? "," : ":", s->words[i]);
	} else if (s->type == SETTING_STRING) {
		printf(" of %llu to %llu bytes", (unsigned long long)s->min,
			(unsigned long long)s->max);
	}
}

static void print_row(const struct setting *s)
{
	printf(".It Ic %s\n%s\nIt is ", s->path, s->help);
	print_type(s);
	/* A line of text: on a macro's line the quotes would be taken away. */
	printf(".\nDefault: %s.\n", s->initial);
	if (s->unused)
		puts("This version only checks it; it is not used yet.");
	else
		puts(s->live ? "It can change while the daemon runs."
			     : "A change takes a restart.");
}

static int print_manual(void)
{
	const struct setting *s;

	puts(".Bl -tag -width indent");
	for (size_t i = 0; (s = setting_at(i)); i++)
		if (s->type != SETTING_GROUP)
			print_row(s);
	puts(".El");
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "manual") == 0)
		return print_manual();
	if (argc == 2 && strcmp(argv[1], "file") == 0) {
		conf_print_initial(stdout);
		return 0;
	}
	fputs("usage: mkconf file | manual\n", stderr);
	return 2;
}
