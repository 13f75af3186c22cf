# SPDX-License-Identifier: BSD-2-Clause
check_PROGRAMS += \
	tests/unit/client/test_answer \
	tests/unit/client/test_batch \
	tests/unit/client/test_calls \
	tests/unit/client/test_compose \
	tests/unit/client/test_handle \
	tests/unit/client/test_hashfile \
	tests/unit/client/test_hashtext \
	tests/unit/client/test_plain \
	tests/unit/client/test_providers \
	tests/unit/client/test_request \
	tests/unit/client/test_request_memory \
	tests/unit/client/test_requester \
	tests/unit/client/test_resolve \
	tests/unit/client/test_servers \
	tests/unit/client/test_sockets \
	tests/unit/client/test_text \
	tests/unit/client/test_watching

client_test_ldadd = libclient.la libwire.la libbase.la $(SODIUM_LIBS) $(CMOCKA_LIBS)
client_test_rig = tests/unit/client/rig.c tests/unit/client/rig.h tests/unit/unit.h
client_test_responder = tests/unit/client/responder.c tests/unit/client/responder.h \
	tests/unit/unit.h

tests_unit_client_test_answer_SOURCES = tests/unit/client/test_answer.c $(client_test_rig)
tests_unit_client_test_answer_LDADD = $(client_test_ldadd)

tests_unit_client_test_batch_SOURCES = tests/unit/client/test_batch.c $(client_test_rig)
tests_unit_client_test_batch_LDADD = $(client_test_ldadd)

tests_unit_client_test_calls_SOURCES = tests/unit/client/test_calls.c \
	$(client_test_responder)
tests_unit_client_test_calls_LDADD = $(client_test_ldadd) -lpthread

tests_unit_client_test_compose_SOURCES = tests/unit/client/test_compose.c $(client_test_rig)
tests_unit_client_test_compose_LDADD = $(client_test_ldadd)

tests_unit_client_test_handle_SOURCES = tests/unit/client/test_handle.c \
	$(client_test_responder)
tests_unit_client_test_handle_LDADD = $(client_test_ldadd) -lpthread

tests_unit_client_test_hashfile_SOURCES = tests/unit/client/test_hashfile.c \
	tests/unit/unit.h
tests_unit_client_test_hashfile_LDADD = $(client_test_ldadd)

tests_unit_client_test_hashtext_SOURCES = tests/unit/client/test_hashtext.c \
	tests/unit/unit.h
tests_unit_client_test_hashtext_LDADD = $(client_test_ldadd)

tests_unit_client_test_plain_SOURCES = tests/unit/client/test_plain.c $(client_test_rig)
tests_unit_client_test_plain_LDADD = $(client_test_ldadd)

tests_unit_client_test_providers_SOURCES = tests/unit/client/test_providers.c \
	tests/unit/unit.h
tests_unit_client_test_providers_LDADD = $(client_test_ldadd)

tests_unit_client_test_request_SOURCES = tests/unit/client/test_request.c $(client_test_rig)
tests_unit_client_test_request_LDADD = $(client_test_ldadd)

tests_unit_client_test_request_memory_SOURCES = tests/unit/client/test_request_memory.c \
	$(client_test_rig)
tests_unit_client_test_request_memory_LDADD = $(client_test_ldadd)
tests_unit_client_test_request_memory_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc

tests_unit_client_test_requester_SOURCES = tests/unit/client/test_requester.c \
	tests/unit/client/model.c tests/unit/client/model.h tests/unit/test_seed.h \
	tests/unit/unit.h
tests_unit_client_test_requester_LDADD = $(client_test_ldadd)

tests_unit_client_test_resolve_SOURCES = tests/unit/client/test_resolve.c \
	tests/unit/unit.h
tests_unit_client_test_resolve_LDADD = $(client_test_ldadd)

tests_unit_client_test_servers_SOURCES = tests/unit/client/test_servers.c $(client_test_rig)
tests_unit_client_test_servers_LDADD = $(client_test_ldadd)

tests_unit_client_test_sockets_SOURCES = tests/unit/client/test_sockets.c \
	$(client_test_responder)
tests_unit_client_test_sockets_LDADD = $(client_test_ldadd) -lpthread
tests_unit_client_test_sockets_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=sendmmsg

tests_unit_client_test_text_SOURCES = tests/unit/client/test_text.c \
	tests/unit/unit.h
tests_unit_client_test_text_LDADD = $(client_test_ldadd)

tests_unit_client_test_watching_SOURCES = tests/unit/client/test_watching.c $(client_test_rig)
tests_unit_client_test_watching_LDADD = $(client_test_ldadd)
