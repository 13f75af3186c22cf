/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control_socket: a listening Unix socket, made without a moment in which the wrong ones can open
 * it, and who is at the other end of a connection.
 *
 * Making it: a lock file beside it (PATH.lock, held as long as the socket lives) tells a living
 * dhtd from a dead one's leftovers; what is there is connected to, so that nobody's living socket
 * is ever removed; nothing but a socket is removed; umask 0177 before bind, so that it is born
 * closed; then its group, and its mode last. A folder in which others could replace it is refused.
 * When the folder of the default path is missing it is made (0755): under systemd it is there.
 *
 * umask is the process's: this is called before there are other threads.
 */
#ifndef DHT_DAEMON_CONTROL_SOCKET_H
#define DHT_DAEMON_CONTROL_SOCKET_H

#include <stdbool.h>
#include <sys/types.h>

#define CONTROL_BACKLOG       64
#define CONTROL_SOCKET_REASON 300

struct control_socket {
	int fd;      /* listening, non-blocking, close-on-exec; -1: none */
	int lock_fd; /* -1: the socket was given to us */
	char *path;  /* NULL likewise: it is not ours to remove */
	dev_t dev;   /* of what was bound, so that only that is removed */
	ino_t ino;
	gid_t admin_gid; /* who may change things besides root and our user; (gid_t)-1: nobody */
};

/* group: a name or a number; it gets the socket (0660). group_needed: whether a group that is
 * unknown, or that this process may not give the socket to, is an error; otherwise the socket is
 * its owner's only (0600). make_folder: see above. 0, or DHT_ESYSTEM with one line in reason. */
int control_socket_open(struct control_socket *s, const char *path, const char *group,
	bool group_needed, bool make_folder, char reason[static CONTROL_SOCKET_REASON]);

/* Takes a listening socket that systemd made. */
void control_socket_adopt(struct control_socket *s, int fd, const char *group);

/* Closes it, and removes what _open made if it is still there. */
void control_socket_close(struct control_socket *s);

struct control_peer {
	uid_t uid;
	gid_t gid;
	pid_t pid;
	bool may_change;
};

#define CONTROL_PEER_TEXT 80

/* Who it is, for the log: "root (process 5)". Names are not looked up: that can take long. */
void control_peer_format(const struct control_peer *peer, char text[static CONTROL_PEER_TEXT]);

/* Who connected: SO_PEERCRED and SO_PEERGROUPS. Root, this process's own user and members of
 * admin_gid may change things. 0 or DHT_ESYSTEM. */
int control_peer_of(const struct control_socket *s, int fd, struct control_peer *peer);

#endif
