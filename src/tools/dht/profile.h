/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * profile: what a person has written down about their servers.
 *
 *     [default]                       ; for every command
 *     server = 192.0.2.11, 192.0.2.12
 *     timeout = 500ms
 *     [profile lab]                   ; with -p lab or DHT_PROFILE=lab
 *     server = [2001:db8::7]:8470
 *     tries = 3                       ; or retries = 2
 *     key = lab.key                   ; a file of one line, "NAME HEX64", beside this one
 *     output = json
 *
 * Two files are read, /etc/dht/client.ini and then the user's own, which wins; neither must exist.
 * What does not belong in them, in whatever section, is an error that names file and line. From
 * weak to strong: [default], DHT_SERVER, the named profile, the command line.
 *
 * Over inih. Its lines have a length that it would cut at silently; here a longer one is an error.
 * A line that starts with a space is a line of its own, never the last one's continuation.
 */
#ifndef DHT_TOOLS_DHT_PROFILE_H
#define DHT_TOOLS_DHT_PROFILE_H

#include <limits.h>
#include <stdint.h>

#include "tools/common/fault.h"

#define TIMEOUT_MIN_MS 10
#define TIMEOUT_MAX_MS 60000
#define TRIES_MAX      100

#ifndef DHT_SYSCONFDIR
#define DHT_SYSCONFDIR "/etc"
#endif
#define PROFILE_SYSTEM_FILE DHT_SYSCONFDIR "/dht/client.ini"

/* One layer; zero or NULL is 'not said'. */
struct settings {
	const char *server;
	const char *key_file;
	uint32_t timeout_ms;
	uint32_t tries;
	int output; /* enum output */
};

/* What both files say. Owns its strings. */
struct profile {
	struct settings defaults;
	struct settings named;
	struct settings others; /* checked, not used */
};

/* The user's file: $XDG_CONFIG_HOME or $HOME/.config, when they are absolute; "" otherwise. */
void profile_user_file(char out[static PATH_MAX]);

/* name NULL or "default": only [default]. paths are read in this order, "" is skipped.
 * 0, or EXIT_BAD_CONFIG; p is for profile_free() in both cases. */
int profile_load(struct profile *p, const char *const *paths, size_t path_count, const char *name,
	struct fault *f);

void profile_free(struct profile *p);

/* What over says replaces what base says. Strings are borrowed. */
void settings_merge(struct settings *base, const struct settings *over);

#endif
