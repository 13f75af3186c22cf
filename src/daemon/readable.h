/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * readable: who reads the server's files, and how they are let.
 *
 * A file of the server's belongs to root and is for its group to read: what is said to whoever
 * wrote one that cannot be read are the commands that make it so.
 */
#ifndef DHT_DAEMON_READABLE_H
#define DHT_DAEMON_READABLE_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#define READABLE_TEXT_MAX  400
#define ACCOUNT_NAME_MAX   40
#define ACCOUNT_GROUPS_MAX 64

/* Somebody, with the names to call them by: numbers where there are none. */
struct account {
	char user[ACCOUNT_NAME_MAX];
	char group[ACCOUNT_NAME_MAX];
	uid_t uid;
	gid_t groups[ACCOUNT_GROUPS_MAX];
	int group_count;
};

/* The user of this name. False when there is none. */
bool account_find(struct account *r, const char *user);

/* Writes why a file, or a folder, could not be opened with this errno: the system's words, and for
 * EACCES who this process is and how it is let. */
void readable_error(char text[static READABLE_TEXT_MAX], const char *file, int error);

/* Whether modes and owners let somebody else read a file or folder and enter the folders that it
 * is in. If not, text says so, and how they are let. Lists of access rights (ACLs) are not
 * looked at. A file that is not there counts as readable. */
bool readable_by(const struct account *r, const char *file, char text[static READABLE_TEXT_MAX]);

#endif
