# SPDX-License-Identifier: BSD-2-Clause
check_PROGRAMS += \
	tests/unit/core/test_auth \
	tests/unit/core/test_coordinate \
	tests/unit/core/test_coordinate_limits \
	tests/unit/core/test_coordinate_read \
	tests/unit/core/test_coordinate_follow \
	tests/unit/core/test_coordinate_forged \
	tests/unit/core/test_late \
	tests/unit/core/test_explain \
	tests/unit/core/test_interest \
	tests/unit/core/test_limit \
	tests/unit/core/test_mail \
	tests/unit/core/test_page \
	tests/unit/core/test_peer_fetch \
	tests/unit/core/test_peer_store \
	tests/unit/core/test_recent \
	tests/unit/core/test_seal \
	tests/unit/core/test_seal_replay \
	tests/unit/core/test_seal_session \
	tests/unit/core/test_seal_skew \
	tests/unit/core/test_ring \
	tests/unit/core/test_ring_balance \
	tests/unit/core/test_ring_model \
	tests/unit/core/test_server_base \
	tests/unit/core/test_server_ext \
	tests/unit/core/test_server_lanes \
	tests/unit/core/test_server_limits \
	tests/unit/core/test_server_proof \
	tests/unit/core/test_stats \
	tests/unit/core/test_stranger \
	tests/unit/core/test_token \
	tests/unit/core/test_view \
	tests/unit/core/test_watch

core_test_ldadd = libcore.la $(CMOCKA_LIBS)
core_seal_rig = tests/unit/core/seal_rig.c tests/unit/core/seal_rig.h tests/unit/unit.h
core_net_rig = tests/unit/core/net_rig.c tests/unit/core/net_rig.h $(core_test_rig)
core_peer_ask = tests/unit/core/peer_ask.c tests/unit/core/peer_ask.h $(core_net_rig)
core_test_rig = tests/unit/core/rig.c tests/unit/core/rig.h tests/unit/unit.h
core_test_ring = tests/unit/core/ring_rig.h tests/unit/unit.h tests/unit/test_seed.h

tests_unit_core_test_auth_SOURCES = tests/unit/core/test_auth.c tests/unit/unit.h
tests_unit_core_test_auth_LDADD = $(core_test_ldadd)

tests_unit_core_test_coordinate_SOURCES = tests/unit/core/test_coordinate.c $(core_net_rig)
tests_unit_core_test_coordinate_LDADD = $(core_test_ldadd)

tests_unit_core_test_coordinate_limits_SOURCES = tests/unit/core/test_coordinate_limits.c \
	$(core_net_rig) tests/unit/test_seed.h
tests_unit_core_test_coordinate_limits_LDADD = $(core_test_ldadd)

tests_unit_core_test_coordinate_read_SOURCES = tests/unit/core/test_coordinate_read.c \
	$(core_net_rig)
tests_unit_core_test_coordinate_read_LDADD = $(core_test_ldadd)
tests_unit_core_test_coordinate_follow_SOURCES = tests/unit/core/test_coordinate_follow.c \
	$(core_net_rig)
tests_unit_core_test_coordinate_follow_LDADD = $(core_test_ldadd)
tests_unit_core_test_coordinate_forged_SOURCES = tests/unit/core/test_coordinate_forged.c \
	$(core_net_rig)
tests_unit_core_test_coordinate_forged_LDADD = $(core_test_ldadd)

tests_unit_core_test_late_SOURCES = tests/unit/core/test_late.c tests/unit/unit.h
tests_unit_core_test_late_LDADD = $(core_test_ldadd)
tests_unit_core_test_explain_SOURCES = tests/unit/core/test_explain.c $(core_seal_rig)
tests_unit_core_test_explain_LDADD = $(core_test_ldadd)

tests_unit_core_test_interest_SOURCES = tests/unit/core/test_interest.c $(core_peer_ask)
tests_unit_core_test_interest_LDADD = $(core_test_ldadd)

tests_unit_core_test_limit_SOURCES = tests/unit/core/test_limit.c tests/unit/unit.h \
	tests/unit/test_seed.h
tests_unit_core_test_limit_LDADD = $(core_test_ldadd)

tests_unit_core_test_mail_SOURCES = tests/unit/core/test_mail.c $(core_seal_rig)
tests_unit_core_test_mail_LDADD = $(core_test_ldadd)

tests_unit_core_test_page_SOURCES = tests/unit/core/test_page.c tests/unit/unit.h \
	tests/unit/test_seed.h
tests_unit_core_test_page_LDADD = $(core_test_ldadd)

tests_unit_core_test_peer_fetch_SOURCES = tests/unit/core/test_peer_fetch.c $(core_peer_ask)
tests_unit_core_test_peer_fetch_LDADD = $(core_test_ldadd)

tests_unit_core_test_peer_store_SOURCES = tests/unit/core/test_peer_store.c $(core_peer_ask)
tests_unit_core_test_peer_store_LDADD = $(core_test_ldadd)

tests_unit_core_test_recent_SOURCES = tests/unit/core/test_recent.c tests/unit/unit.h
tests_unit_core_test_recent_LDADD = $(core_test_ldadd)

tests_unit_core_test_seal_SOURCES = tests/unit/core/test_seal.c $(core_seal_rig) \
	tests/unit/test_seed.h
tests_unit_core_test_seal_LDADD = $(core_test_ldadd) $(SODIUM_LIBS)

tests_unit_core_test_seal_replay_SOURCES = tests/unit/core/test_seal_replay.c $(core_seal_rig) \
	tests/unit/test_seed.h
tests_unit_core_test_seal_replay_LDADD = $(core_test_ldadd)
tests_unit_core_test_seal_replay_CFLAGS = $(AM_CFLAGS) -pthread
tests_unit_core_test_seal_replay_LDFLAGS = $(AM_LDFLAGS) -pthread

tests_unit_core_test_seal_session_SOURCES = tests/unit/core/test_seal_session.c $(core_seal_rig) \
	tests/unit/test_seed.h
tests_unit_core_test_seal_session_LDADD = $(core_test_ldadd)

tests_unit_core_test_seal_skew_SOURCES = tests/unit/core/test_seal_skew.c $(core_seal_rig) \
	tests/unit/test_seed.h
tests_unit_core_test_seal_skew_LDADD = $(core_test_ldadd)
tests_unit_core_test_ring_SOURCES = tests/unit/core/test_ring.c $(core_test_ring)
tests_unit_core_test_ring_LDADD = $(core_test_ldadd) -lm
tests_unit_core_test_ring_balance_SOURCES = tests/unit/core/test_ring_balance.c $(core_test_ring)
tests_unit_core_test_ring_balance_LDADD = $(core_test_ldadd) -lm
tests_unit_core_test_ring_model_SOURCES = tests/unit/core/test_ring_model.c $(core_test_ring)
tests_unit_core_test_ring_model_LDADD = $(core_test_ldadd)

tests_unit_core_test_server_base_SOURCES = tests/unit/core/test_server_base.c $(core_test_rig)
tests_unit_core_test_server_base_LDADD = $(core_test_ldadd)

tests_unit_core_test_server_ext_SOURCES = tests/unit/core/test_server_ext.c $(core_test_rig)
tests_unit_core_test_server_ext_LDADD = $(core_test_ldadd)

tests_unit_core_test_server_lanes_SOURCES = tests/unit/core/test_server_lanes.c $(core_test_rig) \
	tests/unit/test_seed.h
tests_unit_core_test_server_lanes_LDADD = $(core_test_ldadd)
tests_unit_core_test_server_lanes_CFLAGS = $(AM_CFLAGS) -pthread
tests_unit_core_test_server_lanes_LDFLAGS = $(AM_LDFLAGS) -pthread

tests_unit_core_test_server_limits_SOURCES = tests/unit/core/test_server_limits.c $(core_test_rig) \
	tests/unit/test_seed.h
tests_unit_core_test_server_limits_LDADD = $(core_test_ldadd)

tests_unit_core_test_server_proof_SOURCES = tests/unit/core/test_server_proof.c $(core_test_rig)
tests_unit_core_test_server_proof_LDADD = $(core_test_ldadd)

tests_unit_core_test_stats_SOURCES = tests/unit/core/test_stats.c tests/unit/unit.h
tests_unit_core_test_stats_LDADD = $(core_test_ldadd)

tests_unit_core_test_stranger_SOURCES = tests/unit/core/test_stranger.c $(core_seal_rig)
tests_unit_core_test_stranger_LDADD = $(core_test_ldadd)

tests_unit_core_test_token_SOURCES = tests/unit/core/test_token.c tests/unit/unit.h
tests_unit_core_test_token_LDADD = $(core_test_ldadd)

tests_unit_core_test_view_SOURCES = tests/unit/core/test_view.c tests/unit/unit.h
tests_unit_core_test_view_LDADD = $(core_test_ldadd)

tests_unit_core_test_watch_SOURCES = tests/unit/core/test_watch.c tests/unit/unit.h \
	tests/unit/test_seed.h
tests_unit_core_test_watch_LDADD = $(core_test_ldadd)

include $(top_srcdir)/tests/unit/core/table.mk
include $(top_srcdir)/tests/unit/core/member.mk
include $(top_srcdir)/tests/unit/core/repair.mk
