# SPDX-License-Identifier: BSD-2-Clause
check_PROGRAMS += \
	tests/unit/core/test_peer_pull \
	tests/unit/core/test_repair \
	tests/unit/core/test_repair_faults \
	tests/unit/core/test_repair_pull

repair_test_rig = tests/unit/core/repair_rig.c tests/unit/core/repair_rig.h \
	tests/unit/unit.h tests/unit/test_seed.h

tests_unit_core_test_peer_pull_SOURCES = tests/unit/core/test_peer_pull.c $(repair_test_rig)
tests_unit_core_test_peer_pull_LDADD = libcore.la $(CMOCKA_LIBS)

tests_unit_core_test_repair_SOURCES = tests/unit/core/test_repair.c $(repair_test_rig)
tests_unit_core_test_repair_LDADD = libcore.la $(CMOCKA_LIBS)

tests_unit_core_test_repair_faults_SOURCES = tests/unit/core/test_repair_faults.c $(repair_test_rig)
tests_unit_core_test_repair_faults_LDADD = libcore.la $(CMOCKA_LIBS)

tests_unit_core_test_repair_pull_SOURCES = tests/unit/core/test_repair_pull.c $(repair_test_rig)
tests_unit_core_test_repair_pull_LDADD = libcore.la $(CMOCKA_LIBS)
