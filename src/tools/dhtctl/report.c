/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/dhtctl/report.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/exitcode.h"
#include "tools/dhtctl/child.h"

#define PROGRAM_MS 10000
#define PACK_MS    60000

static int system_fault(struct fault *f, const char *what)
{
	return fault_set(f, EXIT_FAILED, "system", NULL, "%s: %s", what, strerror(errno));
}

static void name_it(struct report *r, const char *file)
{
	time_t now = time(NULL);
	struct tm utc;

	gmtime_r(&now, &utc);
	strftime(r->name, sizeof(r->name), "dht-report-%Y%m%d-%H%M%S", &utc);
	if (file)
		snprintf(r->file, sizeof(r->file), "%s", file);
	else
		snprintf(r->file, sizeof(r->file), "%s.tar.gz", r->name);
}

static int open_archive(struct report *r, struct fault *f)
{
	if (strcmp(r->file, "-") == 0) {
		r->out = STDOUT_FILENO;
		return 0;
	}
	r->out = open(r->file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	r->made = r->out >= 0;
	if (r->made)
		return 0;
	if (errno == EEXIST)
		return fault_set(f, EXIT_FAILED, "exists", "name another with --file",
			"%s is there already", r->file);
	return system_fault(f, r->file);
}

/* A folder of our own, and in it the one that is packed. */
static int make_folder(struct report *r, struct fault *f)
{
	const char *parent = getenv("TMPDIR");
	int top;

	if (!parent || parent[0] != '/')
		parent = "/tmp";
	snprintf(r->folder, sizeof(r->folder), "%s/dht-report-XXXXXX", parent);
	if (!mkdtemp(r->folder)) {
		r->folder[0] = '\0';
		return system_fault(f, parent);
	}
	top = open(r->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (top >= 0 && mkdirat(top, r->name, 0700) == 0)
		r->dir = openat(top, r->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->dir < 0)
		system_fault(f, r->folder);
	if (top >= 0)
		close(top);
	return f->status;
}

int report_open(struct report *r, const char *file, int interrupt_fd, struct fault *f)
{
	*r = (struct report){.dir = -1, .out = -1, .interrupt_fd = interrupt_fd};
	if (file && strlen(file) >= sizeof(r->file)) {
		errno = ENAMETOOLONG;
		return system_fault(f, "--file");
	}
	name_it(r, file);
	return open_archive(r, f) == 0 ? make_folder(r, f) : f->status;
}

/* ---- Files ---- */

static int open_file(struct report *r, const char *name, struct fault *f)
{
	int fd = openat(r->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		system_fault(f, name);
	return fd;
}

int report_add_text(struct report *r, const char *name, const char *text, struct fault *f)
{
	int fd = open_file(r, name, f);
	FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;

	if (file) {
		fputs(text, file);
		if (fclose(file) != 0)
			system_fault(f, name);
	} else if (fd >= 0) {
		system_fault(f, name);
		close(fd);
	}
	return f->status;
}

int report_add_json(struct report *r, const char *name, const json_t *value, struct fault *f)
{
	char *text = json_dumps(value, JSON_INDENT(2));
	int status;

	if (!text)
		return fault_set(f, EXIT_FAILED, "memory", NULL, "no memory");
	status = report_add_text(r, name, text, f);
	free(text);
	return status;
}

static int interrupted(struct fault *f)
{
	return fault_set(f, EXIT_FAILED, "interrupted", NULL, "interrupted");
}

int report_add_output(
	struct report *r, const char *name, char *const *argv, bool *added, struct fault *f)
{
	int fd = open_file(r, name, f), end;

	*added = false;
	if (fd < 0)
		return f->status;
	end = child_run(argv, fd, fd, r->interrupt_fd, PROGRAM_MS);
	close(fd);
	if (end == CHILD_INTERRUPTED)
		return interrupted(f);
	if (end == CHILD_MISSING || end == CHILD_NOT_RUN)
		unlinkat(r->dir, name, 0);
	else
		*added = true;
	return 0;
}

/* ---- The archive ---- */

int report_pack(struct report *r, struct fault *f)
{
	char *const argv[] = {
		(char *)"tar", (char *)"-czf", (char *)"-", (char *)"-C", r->folder, r->name, NULL};
	int end = child_run(argv, r->out, STDERR_FILENO, r->interrupt_fd, PACK_MS);

	switch (end) {
	case 0: return 0;
	case CHILD_INTERRUPTED: return interrupted(f);
	case CHILD_MISSING:
		return fault_set(f, EXIT_FAILED, "noTar", "install tar and gzip",
			"there is no tar to pack the report with");
	case CHILD_NOT_RUN: return system_fault(f, "tar");
	default:
		return fault_set(f, EXIT_FAILED, "tarFailed", "is there room for it?",
			"tar could not write %s", r->file);
	}
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void report_close(struct report *r, bool keep)
{
	if (r->dir >= 0)
		close(r->dir);
	if (r->folder[0])
		nftw(r->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	if (!r->made)
		return;
	close(r->out);
	if (!keep)
		unlink(r->file);
}
