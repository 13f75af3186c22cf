# SPDX-License-Identifier: BSD-2-Clause
check_PROGRAMS += \
	tests/unit/core/test_blocks \
	tests/unit/core/test_provread \
	tests/unit/core/test_provset \
	tests/unit/core/test_shelf \
	tests/unit/core/test_table \
	tests/unit/core/test_table_digest \
	tests/unit/core/test_table_limits \
	tests/unit/core/test_table_merge \
	tests/unit/core/test_table_model \
	tests/unit/core/test_table_scan \
	tests/unit/core/test_table_shortened \
	tests/unit/core/test_table_sweep \
	tests/unit/core/test_table_threads \
	tests/unit/core/test_version

table_test_rig = tests/unit/core/table_rig.h tests/unit/core/table_one.h \
	tests/unit/unit.h tests/unit/test_seed.h

tests_unit_core_test_blocks_SOURCES = tests/unit/core/test_blocks.c tests/unit/unit.h
tests_unit_core_test_blocks_LDADD = libcore.la $(CMOCKA_LIBS)

tests_unit_core_test_provread_SOURCES = tests/unit/core/test_provread.c $(table_test_rig)
tests_unit_core_test_provread_LDADD = libcore.la $(CMOCKA_LIBS) -lm

tests_unit_core_test_provset_SOURCES = tests/unit/core/test_provset.c $(table_test_rig)
tests_unit_core_test_provset_LDADD = libcore.la $(CMOCKA_LIBS)

tests_unit_core_test_shelf_SOURCES = tests/unit/core/test_shelf.c $(table_test_rig)
tests_unit_core_test_shelf_LDADD = libcore.la $(CMOCKA_LIBS)

tests_unit_core_test_table_SOURCES = tests/unit/core/test_table.c $(table_test_rig)
tests_unit_core_test_table_LDADD = libcore.la $(CMOCKA_LIBS)

tests_unit_core_test_table_digest_SOURCES = tests/unit/core/test_table_digest.c $(table_test_rig)
tests_unit_core_test_table_digest_LDADD = libcore.la $(CMOCKA_LIBS)

tests_unit_core_test_table_limits_SOURCES = tests/unit/core/test_table_limits.c $(table_test_rig)
tests_unit_core_test_table_limits_LDADD = libcore.la $(CMOCKA_LIBS)

tests_unit_core_test_table_merge_SOURCES = tests/unit/core/test_table_merge.c $(table_test_rig)
tests_unit_core_test_table_merge_LDADD = libcore.la $(CMOCKA_LIBS)

tests_unit_core_test_table_model_SOURCES = tests/unit/core/test_table_model.c $(table_test_rig)
tests_unit_core_test_table_model_LDADD = libcore.la $(CMOCKA_LIBS)

tests_unit_core_test_table_scan_SOURCES = tests/unit/core/test_table_scan.c $(table_test_rig)
tests_unit_core_test_table_scan_LDADD = libcore.la $(CMOCKA_LIBS)

tests_unit_core_test_table_shortened_SOURCES = tests/unit/core/test_table_shortened.c \
	$(table_test_rig)
tests_unit_core_test_table_shortened_LDADD = libcore.la $(CMOCKA_LIBS)

tests_unit_core_test_table_sweep_SOURCES = tests/unit/core/test_table_sweep.c $(table_test_rig)
tests_unit_core_test_table_sweep_LDADD = libcore.la $(CMOCKA_LIBS)

tests_unit_core_test_table_threads_SOURCES = tests/unit/core/test_table_threads.c $(table_test_rig)
tests_unit_core_test_table_threads_LDADD = libcore.la $(CMOCKA_LIBS)
tests_unit_core_test_table_threads_CFLAGS = $(AM_CFLAGS) -pthread
tests_unit_core_test_table_threads_LDFLAGS = $(AM_LDFLAGS) -pthread

tests_unit_core_test_version_SOURCES = tests/unit/core/test_version.c tests/unit/unit.h
tests_unit_core_test_version_LDADD = libcore.la $(CMOCKA_LIBS)
tests_unit_core_test_version_CFLAGS = $(AM_CFLAGS) -pthread
tests_unit_core_test_version_LDFLAGS = $(AM_LDFLAGS) -pthread
