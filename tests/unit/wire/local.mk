# SPDX-License-Identifier: BSD-2-Clause
check_PROGRAMS += \
	tests/unit/wire/test_base_msg \
	tests/unit/wire/test_build \
	tests/unit/wire/test_ext_msg \
	tests/unit/wire/test_list \
	tests/unit/wire/test_msg \
	tests/unit/wire/test_option \
	tests/unit/wire/test_peer \
	tests/unit/wire/test_peer_body

wire_test_ldadd = libwire.la $(CMOCKA_LIBS)
wire_test_headers = tests/unit/unit.h tests/unit/wire/examples.h

tests_unit_wire_test_base_msg_SOURCES = tests/unit/wire/test_base_msg.c $(wire_test_headers) \
	tests/unit/wire/bodies.h
tests_unit_wire_test_base_msg_LDADD = $(wire_test_ldadd)

tests_unit_wire_test_build_SOURCES = tests/unit/wire/test_build.c $(wire_test_headers)
tests_unit_wire_test_build_LDADD = $(wire_test_ldadd)

tests_unit_wire_test_ext_msg_SOURCES = tests/unit/wire/test_ext_msg.c $(wire_test_headers) \
	tests/unit/wire/bodies.h
tests_unit_wire_test_ext_msg_LDADD = $(wire_test_ldadd)

tests_unit_wire_test_list_SOURCES = tests/unit/wire/test_list.c $(wire_test_headers)
tests_unit_wire_test_list_LDADD = $(wire_test_ldadd)

tests_unit_wire_test_msg_SOURCES = tests/unit/wire/test_msg.c $(wire_test_headers) \
	tests/unit/test_seed.h
tests_unit_wire_test_msg_LDADD = $(wire_test_ldadd)

tests_unit_wire_test_option_SOURCES = tests/unit/wire/test_option.c $(wire_test_headers)
tests_unit_wire_test_option_LDADD = $(wire_test_ldadd)

peer_test_headers = $(wire_test_headers) tests/unit/wire/peer_examples.h
tests_unit_wire_test_peer_SOURCES = tests/unit/wire/test_peer.c $(peer_test_headers) \
	tests/unit/wire/peer_walk.h tests/unit/test_seed.h
tests_unit_wire_test_peer_LDADD = $(wire_test_ldadd)

tests_unit_wire_test_peer_body_SOURCES = tests/unit/wire/test_peer_body.c $(peer_test_headers)
tests_unit_wire_test_peer_body_LDADD = $(wire_test_ldadd)
