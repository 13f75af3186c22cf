/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_syntax: what is meant when libconfig cannot read a text.
 *
 * libconfig says a line and "syntax error". This module goes through the same text by the same
 * grammar up to that line, and says what stands there, what should, and how it is written:
 *
 *     dht.conf:3: syntax error near '[records]': a group is written records: { … };
 *
 * Where it does not come to the same line, libconfig's words are all that is told. A password is
 * not repeated.
 */
#ifndef DHT_DAEMON_CONF_SYNTAX_H
#define DHT_DAEMON_CONF_SYNTAX_H

#include <libconfig.h>

#include "daemon/conf_text.h"
#include "daemon/faults.h"

/* Adds the fault for which config_read_string() of t's text failed. parsed has what was read before
 * it; its hooks are overwritten. Gives the text's line from which on what was read may be other
 * than what was meant. */
unsigned conf_syntax_fault(const struct conf_text *t, config_t *parsed, struct faults *f);

#endif
