/* SPDX-License-Identifier: BSD-2-Clause */
/* commands: what dht can do; each is a file of its own, cmd_NAME.c. */
#ifndef DHT_TOOLS_DHT_COMMANDS_H
#define DHT_TOOLS_DHT_COMMANDS_H

#include "tools/common/subcommand.h"

extern const struct subcommand cmd_bench;
extern const struct subcommand cmd_drop;
extern const struct subcommand cmd_exit;
extern const struct subcommand cmd_get;
extern const struct subcommand cmd_hash;
extern const struct subcommand cmd_ping;
extern const struct subcommand cmd_put;
extern const struct subcommand cmd_servers;
extern const struct subcommand cmd_want;

#endif
