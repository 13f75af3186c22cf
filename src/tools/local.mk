# SPDX-License-Identifier: BSD-2-Clause
noinst_LTLIBRARIES += libtools.la libdhttool.la libdhtctltool.la

# What dht and dhtctl have in common.
libtools_la_SOURCES = \
	src/tools/common/clock.h \
	src/tools/common/console.c src/tools/common/console.h \
	src/tools/common/fault.c src/tools/common/fault.h \
	src/tools/common/opts.c src/tools/common/opts.h \
	src/tools/common/secret.c src/tools/common/secret.h \
	src/tools/common/subcommand.c src/tools/common/subcommand.h \
	src/tools/common/terminal.c src/tools/common/terminal.h \
	src/tools/common/text.c src/tools/common/text.h \
	src/tools/common/writer.c src/tools/common/writer.h \
	src/tools/common/writer_flat.c \
	src/tools/common/writer_json.c \
	src/tools/common/writer_ops.h \
	src/tools/common/writer_plain.c \
	src/tools/common/writer_table.c
libtools_la_LIBADD = libbase.la $(JANSSON_LIBS)

# All of dht but main, so that the tests can link it.
libdhttool_la_SOURCES = \
	src/tools/dht/announce.c src/tools/dht/announce.h \
	src/tools/dht/cmd_bench.c \
	src/tools/dht/cmd_drop.c \
	src/tools/dht/cmd_exit.c \
	src/tools/dht/cmd_get.c \
	src/tools/dht/cmd_hash.c \
	src/tools/dht/cmd_ping.c \
	src/tools/dht/cmd_put.c \
	src/tools/dht/cmd_servers.c \
	src/tools/dht/cmd_want.c \
	src/tools/dht/commands.h \
	src/tools/dht/connect.c src/tools/dht/connect.h \
	src/tools/dht/files.c src/tools/dht/files.h \
	src/tools/dht/histogram.c src/tools/dht/histogram.h \
	src/tools/dht/input.c src/tools/dht/input.h \
	src/tools/dht/load.c src/tools/dht/load.h \
	src/tools/dht/profile.c src/tools/dht/profile.h \
	src/tools/dht/session.c src/tools/dht/session.h
libdhttool_la_LIBADD = libtools.la libdht.la $(INIH_LIBS) $(JANSSON_LIBS) -lpthread

# All of dhtctl but main, likewise.
libdhtctltool_la_SOURCES = \
	src/tools/dhtctl/admin.c src/tools/dhtctl/admin.h \
	src/tools/dhtctl/child.c src/tools/dhtctl/child.h \
	src/tools/dhtctl/cmd_add_peer.c \
	src/tools/dhtctl/cmd_config.c \
	src/tools/dhtctl/cmd_drain.c \
	src/tools/dhtctl/cmd_drop_peer.c \
	src/tools/dhtctl/cmd_explain.c \
	src/tools/dhtctl/cmd_hash_password.c \
	src/tools/dhtctl/cmd_keygen.c \
	src/tools/dhtctl/cmd_keys.c \
	src/tools/dhtctl/cmd_log_level.c \
	src/tools/dhtctl/cmd_lookup.c \
	src/tools/dhtctl/cmd_monitor.c \
	src/tools/dhtctl/cmd_partitions.c \
	src/tools/dhtctl/cmd_peers.c \
	src/tools/dhtctl/cmd_reload.c \
	src/tools/dhtctl/cmd_report.c \
	src/tools/dhtctl/cmd_shutdown.c \
	src/tools/dhtctl/cmd_stats.c \
	src/tools/dhtctl/cmd_status.c \
	src/tools/dhtctl/cmd_undrain.c \
	src/tools/dhtctl/cmd_wait.c \
	src/tools/dhtctl/commands.h \
	src/tools/dhtctl/interrupt.c src/tools/dhtctl/interrupt.h \
	src/tools/dhtctl/rates.c src/tools/dhtctl/rates.h \
	src/tools/dhtctl/report.c src/tools/dhtctl/report.h \
	src/tools/dhtctl/varlink_call.c src/tools/dhtctl/varlink_call.h \
	src/tools/dhtctl/varlink_reply.c src/tools/dhtctl/varlink_reply.h
libdhtctltool_la_LIBADD = libtools.la libdht.la $(SODIUM_LIBS) $(JANSSON_LIBS)

bin_PROGRAMS += dht dhtctl
dht_SOURCES = src/tools/dht/main.c
dht_LDADD = libdhttool.la libtools.la libdht.la $(INIH_LIBS) $(JANSSON_LIBS) -lpthread
dhtctl_SOURCES = src/tools/dhtctl/main.c
dhtctl_LDADD = libdhtctltool.la libtools.la libdht.la $(SODIUM_LIBS) $(JANSSON_LIBS)
