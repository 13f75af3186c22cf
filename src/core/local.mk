# SPDX-License-Identifier: BSD-2-Clause
noinst_LTLIBRARIES += libcore.la
libcore_la_SOURCES = \
	src/core/auth.c src/core/auth.h \
	src/core/blocks.c src/core/blocks.h \
	src/core/bucket.h \
	src/core/flow.h \
	src/core/handle_base.c \
	src/core/handle_ext.c \
	src/core/handle_lookup.c \
	src/core/ladder.c \
	src/core/lane.h \
	src/core/limit.c src/core/limit.h \
	src/core/now.h \
	src/core/outbox.h \
	src/core/packed.h \
	src/core/prefetch.c \
	src/core/provread.c src/core/provread.h \
	src/core/provset.c src/core/provset.h \
	src/core/recent.c src/core/recent.h \
	src/core/server.c src/core/server.h \
	src/core/shelf.c src/core/shelf.h \
	src/core/stats.c src/core/stats.h \
	src/core/store.c \
	src/core/table.c src/core/table.h \
	src/core/table_check.c \
	src/core/table_impl.h \
	src/core/table_merge.c \
	src/core/table_sweep.c \
	src/core/token.c src/core/token.h \
	src/core/version.c src/core/version.h \
	src/core/watch.c src/core/watch.h \
	src/core/watch_parts.c src/core/watch_parts.h \
	src/core/watch_poll.c
libcore_la_LIBADD = libwire.la
