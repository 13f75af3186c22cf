/* SPDX-License-Identifier: BSD-2-Clause */
/* explained: what servers have said of a hash, as Explain answers it but for the hash itself. */
#ifndef DHT_DAEMON_EXPLAINED_H
#define DHT_DAEMON_EXPLAINED_H

#include <jansson.h>

#include "core/explain.h"

/* New; NULL without memory. */
json_t *explained_json(const struct explanation *x);

#endif
