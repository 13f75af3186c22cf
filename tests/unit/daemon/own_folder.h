/* SPDX-License-Identifier: BSD-2-Clause */
/* own_folder: the one folder that most of these tests work in, made and removed around each. */
#ifndef DHT_TESTS_DAEMON_OWN_FOLDER_H
#define DHT_TESTS_DAEMON_OWN_FOLDER_H

#include "folder.h"

static struct folder folder;

static inline int make_folder(void **state)
{
	(void)state;
	folder_make(&folder);
	return 0;
}

static inline int remove_folder(void **state)
{
	(void)state;
	folder_remove(&folder);
	return 0;
}

#endif
