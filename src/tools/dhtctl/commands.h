/* SPDX-License-Identifier: BSD-2-Clause */
/* commands: what dhtctl can do; each is a file of its own, cmd_NAME.c. */
#ifndef DHT_TOOLS_DHTCTL_COMMANDS_H
#define DHT_TOOLS_DHTCTL_COMMANDS_H

#include "tools/common/subcommand.h"

extern const struct subcommand cmd_add_peer;
extern const struct subcommand cmd_config;
extern const struct subcommand cmd_drain;
extern const struct subcommand cmd_drop_peer;
extern const struct subcommand cmd_explain;
extern const struct subcommand cmd_hash_password;
extern const struct subcommand cmd_keygen;
extern const struct subcommand cmd_keys;
extern const struct subcommand cmd_log_level;
extern const struct subcommand cmd_lookup;
extern const struct subcommand cmd_monitor;
extern const struct subcommand cmd_partitions;
extern const struct subcommand cmd_peers;
extern const struct subcommand cmd_reload;
extern const struct subcommand cmd_report;
extern const struct subcommand cmd_shutdown;
extern const struct subcommand cmd_stats;
extern const struct subcommand cmd_status;
extern const struct subcommand cmd_undrain;
extern const struct subcommand cmd_wait;

#endif
