/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/bind_fault.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"

/* Whether the system ran out of something, whatever address it was. */
static bool is_shortage(int why)
{
	return why == EMFILE || why == ENFILE || why == ENOMEM || why == ENOBUFS;
}

/* Where to look next. */
static const char *cure(int why)
{
	switch (why) {
	case EADDRINUSE: return " (ss -ulpn shows by whom)";
	case EADDRNOTAVAIL: return " (ip address shows this machine's)";
	case EACCES: return " (a port below 1024 needs a privilege)";
	default: return "";
	}
}

int bind_fault(const struct conf *conf, const struct addr *a, const char *setting, struct faults *f)
{
	char text[ADDR_TEXT_MAX];
	int why = errno;

	if (is_shortage(why))
		return DHT_ESYSTEM;
	addr_format(a, text);
	faults_add(f, conf_place(conf, setting), setting, "cannot bind %s: %s%s", text,
		strerror(why), cure(why));
	return DHT_EINVAL;
}
