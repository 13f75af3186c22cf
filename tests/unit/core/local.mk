# SPDX-License-Identifier: BSD-2-Clause
check_PROGRAMS += \
	tests/unit/core/test_auth \
	tests/unit/core/test_limit \
	tests/unit/core/test_recent \
	tests/unit/core/test_server_base \
	tests/unit/core/test_server_ext \
	tests/unit/core/test_server_lanes \
	tests/unit/core/test_server_limits \
	tests/unit/core/test_server_proof \
	tests/unit/core/test_stats \
	tests/unit/core/test_token \
	tests/unit/core/test_watch

core_test_ldadd = libcore.la $(CMOCKA_LIBS)
core_test_rig = tests/unit/core/rig.c tests/unit/core/rig.h tests/unit/unit.h

tests_unit_core_test_auth_SOURCES = tests/unit/core/test_auth.c tests/unit/unit.h
tests_unit_core_test_auth_LDADD = $(core_test_ldadd)

tests_unit_core_test_limit_SOURCES = tests/unit/core/test_limit.c tests/unit/unit.h \
	tests/unit/test_seed.h
tests_unit_core_test_limit_LDADD = $(core_test_ldadd)

tests_unit_core_test_recent_SOURCES = tests/unit/core/test_recent.c tests/unit/unit.h
tests_unit_core_test_recent_LDADD = $(core_test_ldadd)

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

tests_unit_core_test_token_SOURCES = tests/unit/core/test_token.c tests/unit/unit.h
tests_unit_core_test_token_LDADD = $(core_test_ldadd)

tests_unit_core_test_watch_SOURCES = tests/unit/core/test_watch.c tests/unit/unit.h \
	tests/unit/test_seed.h
tests_unit_core_test_watch_LDADD = $(core_test_ldadd)

include $(top_srcdir)/tests/unit/core/table.mk
