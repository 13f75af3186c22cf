# SPDX-License-Identifier: BSD-2-Clause
check_PROGRAMS += \
	tests/unit/base/test_addr \
	tests/unit/base/test_clusterkey \
	tests/unit/base/test_cursor \
	tests/unit/base/test_err \
	tests/unit/base/test_heap \
	tests/unit/base/test_hex \
	tests/unit/base/test_keyed \
	tests/unit/base/test_link \
	tests/unit/base/test_pool \
	tests/unit/base/test_rng \
	tests/unit/base/test_secretfile \
	tests/unit/base/test_suggest \
	tests/unit/base/test_units \
	tests/unit/base/test_utf8

base_test_ldadd = libbase.la $(CMOCKA_LIBS)

tests_unit_base_test_addr_SOURCES = tests/unit/base/test_addr.c tests/unit/unit.h
tests_unit_base_test_addr_LDADD = $(base_test_ldadd)

tests_unit_base_test_clusterkey_SOURCES = tests/unit/base/test_clusterkey.c tests/unit/unit.h
tests_unit_base_test_clusterkey_LDADD = $(base_test_ldadd)

tests_unit_base_test_cursor_SOURCES = tests/unit/base/test_cursor.c tests/unit/unit.h
tests_unit_base_test_cursor_LDADD = $(base_test_ldadd)

tests_unit_base_test_err_SOURCES = tests/unit/base/test_err.c tests/unit/unit.h
tests_unit_base_test_err_LDADD = $(base_test_ldadd)

tests_unit_base_test_heap_SOURCES = tests/unit/base/test_heap.c tests/unit/unit.h \
	tests/unit/test_seed.h
tests_unit_base_test_heap_LDADD = $(base_test_ldadd)

tests_unit_base_test_hex_SOURCES = tests/unit/base/test_hex.c tests/unit/unit.h
tests_unit_base_test_hex_LDADD = $(base_test_ldadd)

tests_unit_base_test_keyed_SOURCES = tests/unit/base/test_keyed.c tests/unit/unit.h
tests_unit_base_test_keyed_LDADD = $(base_test_ldadd)

tests_unit_base_test_link_SOURCES = tests/unit/base/test_link.c tests/unit/unit.h
tests_unit_base_test_link_LDADD = $(base_test_ldadd)

tests_unit_base_test_pool_SOURCES = tests/unit/base/test_pool.c tests/unit/unit.h \
	tests/unit/test_seed.h
tests_unit_base_test_pool_LDADD = $(base_test_ldadd)

tests_unit_base_test_rng_SOURCES = tests/unit/base/test_rng.c tests/unit/unit.h
tests_unit_base_test_rng_LDADD = $(base_test_ldadd)

tests_unit_base_test_secretfile_SOURCES = tests/unit/base/test_secretfile.c tests/unit/unit.h
tests_unit_base_test_secretfile_LDADD = $(base_test_ldadd)

tests_unit_base_test_suggest_SOURCES = tests/unit/base/test_suggest.c tests/unit/unit.h
tests_unit_base_test_suggest_LDADD = $(base_test_ldadd)

tests_unit_base_test_units_SOURCES = tests/unit/base/test_units.c tests/unit/unit.h \
	tests/unit/test_seed.h
tests_unit_base_test_units_LDADD = $(base_test_ldadd)

tests_unit_base_test_utf8_SOURCES = tests/unit/base/test_utf8.c tests/unit/unit.h
tests_unit_base_test_utf8_LDADD = $(base_test_ldadd)
