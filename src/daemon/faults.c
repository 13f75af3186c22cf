/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/faults.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
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

/* A fault is one line, whatever was in the file: a string may go on over a line's end. */
static void make_one_line(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = ' ';
}

static void free_fault(struct one_fault *one)
{
	free(one->text);
	free(one->file);
	free(one->setting);
	free(one->message);
}

/* Copies all of it into one. False when there is no memory. */
static bool keep(struct one_fault *one, const char *text, struct place at, const char *setting,
	const char *message)
{
	*one = (struct one_fault){
		.text = strdup(text),
		.file = at.file ? strdup(at.file) : NULL,
		.line = at.file ? at.line : 0,
		.setting = setting ? strdup(setting) : NULL,
		.message = strdup(message),
	};
	if (one->text && one->message && !one->file == !at.file && !one->setting == !setting)
		return true;
	free_fault(one);
	return false;
}

void faults_add(struct faults *f, struct place at, const char *setting, const char *format, ...)
{
	char message[FAULT_TEXT_MAX], text[FAULT_TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	make_one_line(message);
	size_t used = write_place(text, sizeof(text), at, setting);
	snprintf(text + used, sizeof(text) - used, "%s", message);
	make_one_line(text);
	if (f->count < FAULTS_MAX && keep(&f->v[f->count], text, at, setting, message))
		f->count++;
	else
		f->untold++;
}

void faults_sort(struct faults *f, size_t first,
	unsigned (*rank)(const char *file, const void *user), const void *user)
{
	unsigned ranks[FAULTS_MAX];

	for (size_t i = first; i < f->count; i++) {
		struct one_fault one = f->v[i];
		unsigned own = rank(one.file, user);
		size_t to = i;
		for (; to > first && (ranks[to - 1] > own || (ranks[to - 1] == own &&
								     f->v[to - 1].line > one.line));
			to--) {
			f->v[to] = f->v[to - 1];
			ranks[to] = ranks[to - 1];
		}
		f->v[to] = one;
		ranks[to] = own;
	}
}

size_t faults_count(const struct faults *f)
{
	return f->count + f->untold;
}

const struct one_fault *faults_at(const struct faults *f, size_t i)
{
	assert(i < f->count);
	return &f->v[i];
}

void faults_each(const struct faults *f, void (*show)(const char *line))
{
	char rest[64];

	for (size_t i = 0; i < f->count; i++)
		show(f->v[i].text);
	if (f->untold == 0)
		return;
	snprintf(rest, sizeof(rest), "%zu more faults are not shown", f->untold);
	show(rest);
}

void faults_fini(struct faults *f)
{
	for (size_t i = 0; i < f->count; i++)
		free_fault(&f->v[i]);
	*f = (struct faults){0};
}
