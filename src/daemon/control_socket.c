/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/control_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "daemon/log.h"

/* In a user namespace (PrivateUsers=) everybody who is not mapped shows as this one. */
#define OVERFLOW_ID 65534
#define NO_GID      ((gid_t)-1)

#define LOCK_TRIES 10

__attribute__((format(printf, 2, 3))) static int refuse(char *reason, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reason, CONTROL_SOCKET_REASON, format, args);
	va_end(args);
	return DHT_ESYSTEM;
}

static void set_none(struct control_socket *s)
{
	*s = (struct control_socket){.fd = -1, .lock_fd = -1, .admin_gid = NO_GID};
}

/* ---- The group ---- */

static bool number_of(const char *text, gid_t *gid)
{
	unsigned long n = 0;

	for (const char *p = text; *p; p++) {
		if (*p < '0' || *p > '9' || n > UINT_MAX / 10)
			return false;
		n = n * 10 + (unsigned long)(*p - '0');
	}
	*gid = (gid_t)n;
	return *text && n < NO_GID;
}

/* The group's number; NO_GID for one that is unknown, or that strangers could seem to be in. */
static gid_t gid_of(const char *group)
{
	char room[16384];
	struct group entry, *found = NULL;
	gid_t gid = NO_GID;

	if (!group || !*group)
		return NO_GID;
	if (!number_of(group, &gid)) {
		if (getgrnam_r(group, &entry, room, sizeof(room), &found) != 0 || !found)
			return NO_GID;
		gid = found->gr_gid;
	}
	return gid == OVERFLOW_ID ? NO_GID : gid;
}

/* ---- The folder ---- */

static int make_missing(const char *folder, char *reason)
{
	mode_t before = umask(0022);
	int err = mkdir(folder, 0755);
	int why = errno;

	umask(before);
	if (err == 0 || why == EEXIST)
		return 0;
	return refuse(reason, "cannot make the folder %s of the control socket: %s", folder,
		strerror(why));
}

/* Whoever may rename and remove in a folder can put a socket of his own in the place of ours. */
static int check_folder(const char *folder, char *reason)
{
	struct stat st;

	if (stat(folder, &st) != 0)
		return refuse(reason,
			"cannot use the folder %s of the control socket: %s: make it, or change "
			"control.socket",
			folder, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return refuse(reason, "%s is no folder: change control.socket", folder);
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return refuse(reason,
			"user %u owns the folder %s and could replace the control socket: change "
			"its owner or control.socket",
			(unsigned)st.st_uid, folder);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) && !(st.st_mode & S_ISVTX))
		return refuse(reason,
			"others can write to the folder %s and replace the control socket: "
			"chmod go-w %s, or change control.socket",
			folder, folder);
	return 0;
}

static int prepare_folder(const char *path, bool make_folder, char *reason)
{
	char copy[sizeof(((struct sockaddr_un *)NULL)->sun_path)];

	snprintf(copy, sizeof(copy), "%s", path);
	const char *folder = dirname(copy);
	int err = make_folder ? make_missing(folder, reason) : 0;
	return err ? err : check_folder(folder, reason);
}

/* ---- The lock ---- */

static void lock_path(const char *path, char out[static PATH_MAX])
{
	snprintf(out, PATH_MAX, "%s.lock", path);
}

static bool still_there(const char *path, dev_t dev, ino_t ino)
{
	struct stat st;

	return lstat(path, &st) == 0 && st.st_dev == dev && st.st_ino == ino;
}

/* 1 when fd is the lock now, 0 when its file has been removed meanwhile. */
static int lock_taken(int fd, const char *path, const char *socket_path, char *reason)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
		(st.st_uid != geteuid() && st.st_uid != 0))
		return refuse(reason,
			"%s is not our lock file: remove it, or change control.socket", path);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
		return refuse(reason,
			"another dhtd serves %s: stop it, or give this one another control.socket",
			socket_path);
	/* A file system without locks: connecting to what is there still tells the living. */
	return still_there(path, st.st_dev, st.st_ino);
}

/* Gives the lock's file, or DHT_ESYSTEM. */
static int take_lock(const char *socket_path, char *reason)
{
	char path[PATH_MAX];

	lock_path(socket_path, path);
	for (int i = 0; i < LOCK_TRIES; i++) {
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
		if (fd < 0)
			return refuse(reason,
				"cannot open %s: %s: remove it when no other dhtd runs, or change "
				"control.socket",
				path, strerror(errno));
		int taken = lock_taken(fd, path, socket_path, reason);
		if (taken > 0)
			return fd;
		close(fd);
		if (taken < 0)
			return taken;
	}
	return refuse(reason, "%s is removed again and again: is another dhtd starting?", path);
}

/* ---- What is there already ---- */

/* 0 when nobody listens there; otherwise an errno value. */
static int connect_to(const struct sockaddr_un *at)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return errno;
	int why = connect(fd, (const struct sockaddr *)at, sizeof(*at)) == 0 ? EISCONN : errno;
	close(fd);
	return why == ECONNREFUSED || why == ENOENT ? 0 : why;
}

static int remove_stale(const struct sockaddr_un *at, char *reason)
{
	const char *path = at->sun_path;
	struct stat st;

	if (lstat(path, &st) != 0) {
		if (errno == ENOENT)
			return 0;
		return refuse(reason, "cannot look at %s: %s", path, strerror(errno));
	}
	if (!S_ISSOCK(st.st_mode))
		return refuse(reason,
			"%s is there and is no socket: remove it, or change control.socket", path);
	int why = connect_to(at);
	/* EAGAIN: so many wait to be accepted that no more may. */
	if (why == EISCONN || why == EAGAIN)
		return refuse(reason,
			"another process listens on %s: stop it, or change control.socket", path);
	if (why)
		return refuse(reason, "cannot tell whether somebody listens on %s: %s", path,
			strerror(why));
	if (unlink(path) == 0 || errno == ENOENT)
		return 0;
	return refuse(reason, "cannot remove the old socket %s: %s", path, strerror(errno));
}

/* ---- The socket ---- */

static int bind_closed(struct control_socket *s, const struct sockaddr_un *at, char *reason)
{
	struct stat st;

	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0)
		return refuse(reason, "cannot make a socket: %s", strerror(errno));
	mode_t before = umask(0177);
	int err = bind(s->fd, (const struct sockaddr *)at, sizeof(*at));
	int why = errno;
	umask(before);
	if (err != 0)
		return refuse(reason, "cannot make the control socket %s: %s", at->sun_path,
			strerror(why));
	if (lstat(at->sun_path, &st) != 0)
		return refuse(reason, "%s is gone again: %s", at->sun_path, strerror(errno));
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	return 0;
}

/* Whether it is the group's from its birth, as it is when that is this process's own group: then
 * no call is made that a sandbox may not allow. */
static bool has_group(const struct control_socket *s)
{
	struct stat st;

	return lstat(s->path, &st) == 0 && st.st_gid == s->admin_gid;
}

static int give_to_group(const struct control_socket *s, const char *group, char *reason)
{
	if (s->admin_gid == NO_GID)
		return refuse(reason,
			"there is no group %s: make it, or change control.admin_group", group);
	if (!has_group(s) && lchown(s->path, (uid_t)-1, s->admin_gid) != 0)
		return refuse(reason,
			"cannot give %s to the group %s: %s: join the group, or change "
			"control.admin_group",
			s->path, group, strerror(errno));
	if (chmod(s->path, 0660) != 0)
		return refuse(reason, "cannot open %s for the group %s: %s", s->path, group,
			strerror(errno));
	return 0;
}

static int open_for_group(
	const struct control_socket *s, const char *group, bool needed, char *reason)
{
	int err = group && *group ? give_to_group(s, group, reason) : 0;

	if (err == 0 || needed)
		return err;
	log_info("only this user and root can use the control socket: %s", reason);
	reason[0] = '\0';
	return 0;
}

static int listen_there(const struct control_socket *s, char *reason)
{
	if (listen(s->fd, CONTROL_BACKLOG) == 0)
		return 0;
	return refuse(reason, "cannot listen on %s: %s", s->path, strerror(errno));
}

int control_socket_open(struct control_socket *s, const char *path, const char *group,
	bool group_needed, bool make_folder, char reason[static CONTROL_SOCKET_REASON])
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	size_t len = strlen(path);

	set_none(s);
	reason[0] = '\0';
	s->admin_gid = gid_of(group);
	if (len == 0 || len >= sizeof(at.sun_path))
		return refuse(reason,
			"the path of the control socket has %zu bytes, not 1 to %zu: change "
			"control.socket",
			len, sizeof(at.sun_path) - 1);
	memcpy(at.sun_path, path, len);
	s->path = strdup(path);
	if (!s->path)
		return refuse(reason, "%s", err_text(DHT_ENOMEM));
	int err = prepare_folder(path, make_folder, reason);
	if (err == 0) {
		s->lock_fd = take_lock(path, reason);
		err = s->lock_fd < 0 ? s->lock_fd : 0;
	}
	if (err == 0)
		err = remove_stale(&at, reason);
	if (err == 0)
		err = bind_closed(s, &at, reason);
	if (err == 0)
		err = open_for_group(s, group, group_needed, reason);
	if (err == 0)
		err = listen_there(s, reason);
	if (err)
		control_socket_close(s);
	return err;
}

void control_socket_adopt(struct control_socket *s, int fd, const char *group)
{
	set_none(s);
	s->admin_gid = gid_of(group);
	s->fd = fd;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

/* While it is locked: who finds it next either waits behind us or makes a new one. */
static void remove_lock(const struct control_socket *s, const char *socket_path)
{
	char path[PATH_MAX];
	struct stat st;

	lock_path(socket_path, path);
	if (fstat(s->lock_fd, &st) == 0 && still_there(path, st.st_dev, st.st_ino))
		unlink(path);
}

void control_socket_close(struct control_socket *s)
{
	if (s->path && still_there(s->path, s->dev, s->ino))
		unlink(s->path);
	if (s->path && s->lock_fd >= 0)
		remove_lock(s, s->path);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	if (s->fd >= 0)
		close(s->fd);
	free(s->path);
	set_none(s);
}

/* ---- Who is there ---- */

/* The peer's groups, from malloc; NULL when they cannot be known. */
static gid_t *groups_of(int fd, size_t *count)
{
	socklen_t len = 32 * sizeof(gid_t);
	gid_t *groups = malloc(len);

	/* The kernel says how long it is when that was too short. */
	while (groups && getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) != 0) {
		gid_t *more = errno == ERANGE ? realloc(groups, len) : NULL;
		if (!more)
			free(groups);
		groups = more;
	}
	*count = len / sizeof(gid_t);
	return groups;
}

static bool is_admin(int fd, gid_t primary, gid_t admin)
{
	size_t count;

	if (admin == NO_GID || admin == OVERFLOW_ID)
		return false;
	if (primary == admin)
		return true;
	gid_t *groups = groups_of(fd, &count);
	bool found = false;
	for (size_t i = 0; groups && i < count && !found; i++)
		found = groups[i] == admin;
	free(groups);
	return found;
}

int control_peer_of(const struct control_socket *s, int fd, struct control_peer *peer)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) != 0)
		return DHT_ESYSTEM;
	bool owner = who.uid == 0 || (who.uid == geteuid() && who.uid != OVERFLOW_ID);
	*peer = (struct control_peer){
		.uid = who.uid,
		.gid = who.gid,
		.pid = who.pid,
		.may_change = owner || is_admin(fd, who.gid, s->admin_gid),
	};
	return 0;
}

void control_peer_format(const struct control_peer *peer, char text[static CONTROL_PEER_TEXT])
{
	char user[40];

	if (peer->uid == 0)
		strcpy(user, "root");
	else if (peer->uid == OVERFLOW_ID)
		strcpy(user, "a user whom PrivateUsers= hides");
	else
		snprintf(user, sizeof(user), "user %u", (unsigned)peer->uid);
	snprintf(text, CONTROL_PEER_TEXT, "%s (process %d)", user, (int)peer->pid);
}
