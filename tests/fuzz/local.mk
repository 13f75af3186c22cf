# SPDX-License-Identifier: BSD-2-Clause
# Each corpus is replayed by `make check` with any compiler; --enable-fuzzers (clang) links the
# targets with libFuzzer as well:  tests/fuzz/fuzz_msg NEW-INPUTS tests/fuzz/corpus/msg
fuzz_replays = tests/fuzz/replay_client tests/fuzz/replay_inside tests/fuzz/replay_msg \
	tests/fuzz/replay_peer tests/fuzz/replay_server tests/fuzz/replay_varlink

EXTRA_PROGRAMS += $(fuzz_replays)
CLEANFILES += $(fuzz_replays)
EXTRA_DIST += tests/fuzz/run-corpus.sh tests/fuzz/corpus
corpus_tests += tests/fuzz/run-corpus.sh
tests/fuzz/run-corpus.log: $(fuzz_replays)

tests_fuzz_replay_client_SOURCES = tests/fuzz/fuzz_client.c tests/fuzz/fuzz.h tests/fuzz/replay.c
tests_fuzz_replay_client_LDADD = libclient.la

tests_fuzz_replay_inside_SOURCES = tests/fuzz/fuzz_inside.c tests/fuzz/fuzz.h tests/fuzz/replay.c
tests_fuzz_replay_inside_LDADD = libcore.la

tests_fuzz_replay_msg_SOURCES = tests/fuzz/fuzz_msg.c tests/fuzz/fuzz.h tests/fuzz/replay.c
tests_fuzz_replay_msg_LDADD = libwire.la

fuzz_peer_sources = tests/fuzz/fuzz_peer.c tests/fuzz/fuzz.h tests/unit/wire/peer_walk.h
tests_fuzz_replay_peer_SOURCES = $(fuzz_peer_sources) tests/fuzz/replay.c
tests_fuzz_replay_peer_LDADD = libwire.la

tests_fuzz_replay_server_SOURCES = tests/fuzz/fuzz_server.c tests/fuzz/fuzz.h tests/fuzz/replay.c
tests_fuzz_replay_server_LDADD = libcore.la

fuzz_varlink_ldadd = libdaemon.la libcore.la $(CONFIG_LIBS) $(SODIUM_LIBS) $(SYSTEMD_LIBS) \
	$(JANSSON_LIBS) -lpthread
tests_fuzz_replay_varlink_SOURCES = tests/fuzz/fuzz_varlink.c tests/fuzz/fuzz.h tests/fuzz/replay.c
tests_fuzz_replay_varlink_LDADD = $(fuzz_varlink_ldadd)

if FUZZERS
fuzz_ldflags = $(AM_LDFLAGS) -fsanitize=fuzzer
noinst_PROGRAMS += tests/fuzz/fuzz_client tests/fuzz/fuzz_inside tests/fuzz/fuzz_msg \
	tests/fuzz/fuzz_peer tests/fuzz/fuzz_server tests/fuzz/fuzz_varlink
tests_fuzz_fuzz_client_SOURCES = tests/fuzz/fuzz_client.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_client_LDADD = libclient.la
tests_fuzz_fuzz_client_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_inside_SOURCES = tests/fuzz/fuzz_inside.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_inside_LDADD = libcore.la
tests_fuzz_fuzz_inside_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_msg_SOURCES = tests/fuzz/fuzz_msg.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_msg_LDADD = libwire.la
tests_fuzz_fuzz_msg_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_peer_SOURCES = $(fuzz_peer_sources)
tests_fuzz_fuzz_peer_LDADD = libwire.la
tests_fuzz_fuzz_peer_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_server_SOURCES = tests/fuzz/fuzz_server.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_server_LDADD = libcore.la
tests_fuzz_fuzz_server_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_varlink_SOURCES = tests/fuzz/fuzz_varlink.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_varlink_LDADD = $(fuzz_varlink_ldadd)
tests_fuzz_fuzz_varlink_LDFLAGS = $(fuzz_ldflags)
endif
