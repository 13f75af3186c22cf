/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/dht/files.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/exitcode.h"

#define THREADS_MAX      32
#define FILES_PER_THREAD 8 /* fewer are not worth another thread */

static struct file *append(struct files *f, const char *path, struct fault *fault)
{
	struct file *item;

	if (f->count == FILES_MAX) {
		fault_set(fault, EXIT_FAILED, "tooMany", "take a part of the folder at a time",
			"more than %d files", FILES_MAX);
		return NULL;
	}
	if (f->count == f->capacity) {
		size_t capacity = f->capacity > 0 ? f->capacity * 2 : 64;
		struct file *items = reallocarray(f->items, capacity, sizeof(*items));

		if (!items)
			goto no_memory;
		f->items = items;
		f->capacity = capacity;
	}
	item = &f->items[f->count];
	*item = (struct file){.path = strdup(path)};
	if (!item->path)
		goto no_memory;
	f->count++;
	return item;
no_memory:
	fault_set(fault, EXIT_FAILED, "memory", NULL, "no memory for %zu files", f->count);
	return NULL;
}

int files_add(struct files *f, const char *path, struct fault *fault)
{
	return append(f, path, fault) ? 0 : fault->status;
}

void files_free(struct files *f)
{
	for (size_t i = 0; i < f->count; i++)
		free(f->items[i].path);
	free(f->items);
	*f = (struct files){0};
}

/* ---- Collecting ---- */

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* What keeps it from being read; 0: nothing. */
static int entry_error(const FTSENT *e)
{
	switch (e->fts_info) {
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS: return e->fts_errno;
	case FTS_D:
	case FTS_DP:
	case FTS_DC: return 0;
	default: return e->fts_level == FTS_ROOTLEVEL ? ENOTDIR : 0;
	}
}

static bool take_entry(struct files *f, const FTSENT *e, struct fault *fault)
{
	int error = entry_error(e);
	struct file *item;

	if (!error && e->fts_info != FTS_F)
		return true;
	item = append(f, e->fts_path, fault);
	if (!item)
		return false;
	item->error = error;
	item->walked = true;
	return true;
}

int files_walk(struct files *f, const char *dir, struct fault *fault)
{
	char *copy = strdup(dir);
	char *const roots[] = {copy, NULL};
	FTS *fts = copy ? fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name)
	                : NULL;
	FTSENT *e;

	if (!fts) {
		fault_set(fault, EXIT_FAILED, "system", NULL, "%s: %s", dir, strerror(errno));
		goto out;
	}
	while ((e = fts_read(fts)) && take_entry(f, e, fault))
		;
	if (!e && errno != 0)
		fault_set(fault, EXIT_FAILED, "system", NULL, "%s: %s", dir, strerror(errno));
	fts_close(fts);
out:
	free(copy);
	return fault->status;
}

/* ---- Hashing ---- */

struct pool {
	struct files *files;
	atomic_size_t next;
	atomic_size_t done;
	dht_progress *progress;
	void *arg;
};

/* What a walk saw as a regular file may be a link or a pipe by now: neither is followed or waited
 * for. A file that somebody named may be anything that can be read. */
static int open_one(const struct file *item)
{
	int guard = item->walked ? O_NOFOLLOW | O_NONBLOCK : 0;
	struct stat st;
	int fd;

	if (!item->walked && strcmp(item->path, "-") == 0)
		return fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	fd = open(item->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | guard);
	if (fd < 0 || !item->walked || (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)))
		return fd;
	close(fd);
	errno = ENOENT;
	return -1;
}

static void hash_one(struct file *item)
{
	int fd = open_one(item);

	if (fd < 0) {
		item->error = errno;
		return;
	}
	if (dht_hash_fd(fd, &item->hash) != 0)
		item->error = errno ? errno : EIO;
	close(fd);
}

static void work(struct pool *p, bool tell)
{
	size_t total = p->files->count, i;

	while ((i = atomic_fetch_add(&p->next, 1)) < total) {
		if (p->files->items[i].error == 0)
			hash_one(&p->files->items[i]);
		atomic_fetch_add(&p->done, 1);
		if (tell && p->progress)
			p->progress(p->arg, atomic_load(&p->done), total);
	}
}

static void *work_quietly(void *pool)
{
	work(pool, false);
	return NULL;
}

/* How many threads beside this one. */
static size_t helpers(size_t files)
{
	cpu_set_t cpus;
	size_t n = 1;

	if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0)
		n = (size_t)CPU_COUNT(&cpus);
	if (n > THREADS_MAX)
		n = THREADS_MAX;
	if (n > files / FILES_PER_THREAD + 1)
		n = files / FILES_PER_THREAD + 1;
	return n - 1;
}

void files_hash(struct files *f, dht_progress *progress, void *arg)
{
	struct pool pool = {.files = f, .progress = progress, .arg = arg};
	pthread_t threads[THREADS_MAX];
	size_t n = helpers(f->count), started = 0;

	while (started < n && pthread_create(&threads[started], NULL, work_quietly, &pool) == 0)
		started++;
	work(&pool, true);
	while (started > 0)
		pthread_join(threads[--started], NULL);
	/* The others may have done the last of them, or all. */
	if (progress)
		progress(arg, f->count, f->count);
}
