/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report: the archive of a bug report while it is made.
 *
 * Its files are collected in a temporary folder that only this user can open, and packed by the
 * system's tar. The archive is a new file (0600): nothing is ever overwritten. Whatever happens,
 * report_close() leaves no folder behind, and no archive that is not whole.
 */
#ifndef DHT_TOOLS_DHTCTL_REPORT_H
#define DHT_TOOLS_DHTCTL_REPORT_H

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>

#include "tools/common/fault.h"

#define REPORT_NAME_MAX 40

struct report {
	char name[REPORT_NAME_MAX]; /* "dht-report-20260131-235959": the folder in the archive */
	char file[PATH_MAX];        /* the archive; "-": standard output */
	char folder[PATH_MAX];      /* the temporary one; "": there is none */
	int dir;                    /* the folder `name` in it */
	int out;                    /* the archive */
	bool made;                  /* it is a file of ours */
	int interrupt_fd;           /* ends waiting for programs when it is readable; -1: none */
};

/* file: NULL for NAME.tar.gz in the current folder, or "-". 0, or the fault's status; r is for
 * report_close() in both cases. */
int report_open(struct report *r, const char *file, int interrupt_fd, struct fault *f);

/* Adds a file. 0, or the fault's status. */
int report_add_json(struct report *r, const char *name, const json_t *value, struct fault *f);
int report_add_text(struct report *r, const char *name, const char *text, struct fault *f);

/* Adds what a program says, whatever its exit status. 0, also when there is no such program, or
 * the fault's status. *added: there is one. */
int report_add_output(
	struct report *r, const char *name, char *const *argv, bool *added, struct fault *f);

/* Writes the archive. 0, or the fault's status. */
int report_pack(struct report *r, struct fault *f);

/* keep: the archive is whole. */
void report_close(struct report *r, bool keep);

#endif
