/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/faults.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Writes "FILE:LINE: setting: " as far as it is known; gives its length. */
static size_t write_place(char *to, size_t size, struct place at, const char *setting)
{
	int n = 0;

	if (at.file && at.line)
		n = snprintf(to, size, "%s:%u: ", at.file, at.line);
	else if (at.file)
		n = snprintf(to, size, "%s: ", at.file);
	else
		n = snprintf(to, size, "dhtd: ");
	size_t used = (size_t)n < size ? (size_t)n : size - 1;
	if (setting) {
		n = snprintf(to + used, size - used, "%s: ", setting);
		used = used + (size_t)n < size ? used + (size_t)n : size - 1;
	}
	return used;
}

void faults_add(struct faults *f, struct place at, const char *setting, const char *format, ...)
{
	char text[FAULT_TEXT_MAX] = "";
	size_t used = write_place(text, sizeof(text), at, setting);
	va_list args;

	va_start(args, format);
	vsnprintf(text + used, sizeof(text) - used, format, args);
	va_end(args);
	char *copy = f->count < FAULTS_MAX ? strdup(text) : NULL;
	if (copy)
		f->lines[f->count++] = copy;
	else
		f->untold++;
}

size_t faults_count(const struct faults *f)
{
	return f->count + f->untold;
}

void faults_each(const struct faults *f, void (*show)(const char *line))
{
	char rest[64];

	for (size_t i = 0; i < f->count; i++)
		show(f->lines[i]);
	if (f->untold == 0)
		return;
	snprintf(rest, sizeof(rest), "%zu more faults are not shown", f->untold);
	show(rest);
}

void faults_fini(struct faults *f)
{
	for (size_t i = 0; i < f->count; i++)
		free(f->lines[i]);
	*f = (struct faults){0};
}
