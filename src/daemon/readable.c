/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/readable.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void name_user(struct account *r, const struct passwd *p)
{
	if (p)
		snprintf(r->user, sizeof(r->user), "%s", p->pw_name);
	else
		snprintf(r->user, sizeof(r->user), "%u", (unsigned)r->uid);
}

static void name_group(struct account *r, gid_t gid)
{
	const struct group *g = getgrgid(gid);

	if (g)
		snprintf(r->group, sizeof(r->group), "%s", g->gr_name);
	else
		snprintf(r->group, sizeof(r->group), "%u", (unsigned)gid);
}

bool account_find(struct account *r, const char *user)
{
	const struct passwd *p = getpwnam(user);

	*r = (struct account){.group_count = ACCOUNT_GROUPS_MAX};
	if (!p)
		return false;
	gid_t own = p->pw_gid;
	r->uid = p->pw_uid;
	name_user(r, p);
	/* With more groups than there is room for, those that fit count. */
	if (getgrouplist(user, own, r->groups, &r->group_count) < 0)
		r->group_count = ACCOUNT_GROUPS_MAX;
	name_group(r, own);
	return true;
}

/* Appends the commands that let a group in: nothing when there is no room, for half of a command is
 * worse than none. */
static void add_cure(
	char text[static READABLE_TEXT_MAX], const char *group, const char *name, bool folder)
{
	size_t used = strlen(text);
	int n = snprintf(text + used, READABLE_TEXT_MAX - used, ": chown root:%s %s && chmod %s %s",
		group, name, folder ? "750" : "640", name);

	if (n < 0 || (size_t)n >= READABLE_TEXT_MAX - used)
		text[used] = '\0';
}

/* Calls closed for each folder on the way to a file, from the root on; the first that is closed is
 * left in path. False: none is. */
static bool find_closed(
	char *path, bool (*closed)(const char *folder, const void *user), const void *user)
{
	if (path[0] == '/' && closed("/", user)) {
		path[1] = '\0';
		return true;
	}
	for (char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		if (closed(path, user))
			return true;
		*p = '/';
	}
	return false;
}

static bool closed_to_us(const char *folder, const void *user)
{
	(void)user;
	return faccessat(AT_FDCWD, folder, X_OK, AT_EACCESS) != 0 && errno == EACCES;
}

void readable_error(char text[static READABLE_TEXT_MAX], const char *file, int error)
{
	struct account r = {.uid = geteuid()};
	char path[PATH_MAX];
	struct stat st;

	if (error != EACCES) {
		snprintf(text, READABLE_TEXT_MAX, "%s", strerror(error));
		return;
	}
	name_user(&r, getpwuid(r.uid));
	name_group(&r, getegid());
	snprintf(path, sizeof(path), "%s", file);
	bool on_the_way = path[0] && find_closed(path, closed_to_us, NULL);
	bool folder = on_the_way || (stat(file, &st) == 0 && S_ISDIR(st.st_mode));
	snprintf(text, READABLE_TEXT_MAX, "%s: the server runs as %s", strerror(error), r.user);
	add_cure(text, r.group, on_the_way ? path : file, folder);
}

/* The three bits that hold for somebody. */
static unsigned bits_for(const struct account *r, const struct stat *st)
{
	if (r->uid == 0)
		return 07;
	if (st->st_uid == r->uid)
		return st->st_mode >> 6 & 07;
	for (int i = 0; i < r->group_count; i++)
		if (st->st_gid == r->groups[i])
			return st->st_mode >> 3 & 07;
	return st->st_mode & 07;
}

static bool closed_to(const char *folder, const void *user)
{
	struct stat st;

	return stat(folder, &st) == 0 && !(bits_for(user, &st) & 01);
}

bool readable_by(const struct account *r, const char *file, char text[static READABLE_TEXT_MAX])
{
	char path[PATH_MAX];
	struct stat st;

	/* Links are followed by way of other folders than they are in. */
	if (!realpath(file, path) || stat(path, &st) != 0)
		return true;
	bool on_the_way = find_closed(path, closed_to, r);
	unsigned wanted = S_ISDIR(st.st_mode) ? 05 : 04;
	if (!on_the_way && (bits_for(r, &st) & wanted) == wanted)
		return true;
	snprintf(text, READABLE_TEXT_MAX, "the server's user %s cannot read it", r->user);
	add_cure(text, r->group, on_the_way ? path : file, on_the_way || S_ISDIR(st.st_mode));
	return false;
}
