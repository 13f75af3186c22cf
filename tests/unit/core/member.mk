# SPDX-License-Identifier: BSD-2-Clause
check_PROGRAMS += \
	tests/unit/core/test_member \
	tests/unit/core/test_member_base \
	tests/unit/core/test_member_join \
	tests/unit/core/test_member_loss \
	tests/unit/core/test_member_words

core_member_rig = tests/unit/core/member_rig.c tests/unit/core/member_rig.h \
	tests/unit/unit.h tests/unit/test_seed.h

tests_unit_core_test_member_SOURCES = tests/unit/core/test_member.c $(core_member_rig)
tests_unit_core_test_member_LDADD = $(core_test_ldadd) $(SODIUM_LIBS)

tests_unit_core_test_member_base_SOURCES = tests/unit/core/test_member_base.c $(core_member_rig)
tests_unit_core_test_member_base_LDADD = $(core_test_ldadd) $(SODIUM_LIBS)

tests_unit_core_test_member_join_SOURCES = tests/unit/core/test_member_join.c \
	tests/unit/core/member_scene.h $(core_member_rig)
tests_unit_core_test_member_join_LDADD = $(core_test_ldadd) $(SODIUM_LIBS)

tests_unit_core_test_member_loss_SOURCES = tests/unit/core/test_member_loss.c $(core_member_rig)
tests_unit_core_test_member_loss_LDADD = $(core_test_ldadd) $(SODIUM_LIBS)

tests_unit_core_test_member_words_SOURCES = tests/unit/core/test_member_words.c \
	tests/unit/core/member_scene.h $(core_member_rig)
tests_unit_core_test_member_words_LDADD = $(core_test_ldadd) $(SODIUM_LIBS)
