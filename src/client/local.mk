# SPDX-License-Identifier: BSD-2-Clause

# Everything, for the programs and the tests of the tree.
noinst_LTLIBRARIES += libclient.la
libclient_la_SOURCES = \
	src/client/answer.c \
	src/client/batch.c \
	src/client/calls.c \
	src/client/compose.c \
	src/client/dht.h \
	src/client/handle.c src/client/handle.h \
	src/client/hashfile.c \
	src/client/hashtext.c \
	src/client/plain.c src/client/plain.h \
	src/client/providers.c src/client/providers.h \
	src/client/request.c \
	src/client/requester.c src/client/requester.h \
	src/client/resolve.c src/client/resolve.h \
	src/client/servers.c \
	src/client/sockets.c src/client/sockets.h \
	src/client/state.h \
	src/client/text.c \
	src/client/watching.c
libclient_la_LIBADD = libwire.la $(SODIUM_LIBS)

# What is installed: the same, with nothing visible but dht.h's names.
lib_LTLIBRARIES += libdht.la
libdht_la_SOURCES =
libdht_la_LIBADD = libclient.la
libdht_la_LDFLAGS = -version-info 1:0:1 -no-undefined \
	-Wl,--version-script=$(srcdir)/src/client/libdht.map
EXTRA_libdht_la_DEPENDENCIES = $(srcdir)/src/client/libdht.map

include_HEADERS += src/client/dht.h
pkgconfig_DATA += src/client/dht.pc
EXTRA_DIST += src/client/libdht.map
