# SPDX-License-Identifier: BSD-2-Clause
noinst_LTLIBRARIES += libcore.la
libcore_la_SOURCES = \
	src/core/auth.c src/core/auth.h \
	src/core/blocks.c src/core/blocks.h \
	src/core/bucket.h \
	src/core/cluster.c src/core/cluster.h \
	src/core/coordinate.c src/core/coordinate.h \
	src/core/envelope.c src/core/envelope.h \
	src/core/explain.c src/core/explain.h \
	src/core/flow.h \
	src/core/handle_base.c \
	src/core/handle_ext.c \
	src/core/handle_lookup.c \
	src/core/interest.c src/core/interest.h \
	src/core/ladder.c \
	src/core/lane.h \
	src/core/late.c src/core/late.h \
	src/core/limit.c src/core/limit.h \
	src/core/mail.c src/core/mail.h \
	src/core/member.c src/core/member.h \
	src/core/member_beat.c \
	src/core/member_gossip.c \
	src/core/member_impl.h \
	src/core/member_join.c \
	src/core/member_probe.c \
	src/core/member_sync.c \
	src/core/member_take.c \
	src/core/member_view.c \
	src/core/now.h \
	src/core/op.c src/core/op.h \
	src/core/op_answer.c \
	src/core/op_read.c \
	src/core/op_send.c \
	src/core/op_write.c \
	src/core/outbox.h \
	src/core/packed.h \
	src/core/page.c src/core/page.h \
	src/core/parts.h \
	src/core/partset.h \
	src/core/peer_fetch.c \
	src/core/peer_input.c \
	src/core/peer_pull.c \
	src/core/peer_store.c \
	src/core/prefetch.c \
	src/core/provread.c src/core/provread.h \
	src/core/provset.c src/core/provset.h \
	src/core/recent.c src/core/recent.h \
	src/core/repair.c src/core/repair.h \
	src/core/repair_compare.c \
	src/core/repair_impl.h \
	src/core/repair_part.c \
	src/core/repair_pull.c \
	src/core/repair_view.c \
	src/core/ring.c src/core/ring.h \
	src/core/ring_cost.c src/core/ring_cost.h \
	src/core/seal.c src/core/seal.h \
	src/core/seal_session.c src/core/seal_session.h \
	src/core/seal_skew.c src/core/seal_skew.h \
	src/core/seal_window.h \
	src/core/server.c src/core/server.h \
	src/core/shelf.c src/core/shelf.h \
	src/core/stats.c src/core/stats.h \
	src/core/store.c \
	src/core/stranger.c src/core/stranger.h \
	src/core/table.c src/core/table.h \
	src/core/table_check.c \
	src/core/table_digest.c \
	src/core/table_impl.h \
	src/core/table_merge.c \
	src/core/table_scan.c \
	src/core/table_sweep.c \
	src/core/table_walk.c src/core/table_walk.h \
	src/core/token.c src/core/token.h \
	src/core/version.c src/core/version.h \
	src/core/view.c src/core/view.h \
	src/core/watch.c src/core/watch.h \
	src/core/watch_parts.c src/core/watch_parts.h \
	src/core/watch_poll.c
libcore_la_LIBADD = libwire.la
