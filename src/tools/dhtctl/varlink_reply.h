/* SPDX-License-Identifier: BSD-2-Clause */
/* varlink_reply: one message that a Varlink service sends, without the socket. */
#ifndef DHT_TOOLS_DHTCTL_VARLINK_REPLY_H
#define DHT_TOOLS_DHTCTL_VARLINK_REPLY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "tools/common/fault.h"
#include "tools/common/writer.h"

/* Objects and lists in each other, the parameters among them: what the writer can show. */
#define VARLINK_REPLY_DEPTH_MAX WRITER_DEPTH_MAX

struct varlink_reply {
	json_t *parameters; /* an object, never NULL; owned */
	char *error;        /* "interface.Name"; NULL: it is none; owned */
	bool continues;     /* others follow */
};

/* Reads a message, without its NUL; more: whether several replies were asked for. 0, and r is to
 * be freed; or DHT_EINVAL for what is no such reply or too deep, or DHT_ENOMEM. */
int varlink_reply_parse(struct varlink_reply *r, const char *bytes, size_t len, bool more);
void varlink_reply_fini(struct varlink_reply *r);

/* What an error says to a person who called this method; gives the fault's status. */
int varlink_reply_fault(const struct varlink_reply *r, const char *method, struct fault *f);

#endif
