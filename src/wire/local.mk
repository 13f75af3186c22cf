# SPDX-License-Identifier: BSD-2-Clause
noinst_LTLIBRARIES += libwire.la
libwire_la_SOURCES = \
	src/wire/base_msg.c \
	src/wire/build.c src/wire/build.h \
	src/wire/codec.h \
	src/wire/ext_msg.c \
	src/wire/hash.h \
	src/wire/list.c src/wire/list.h \
	src/wire/msg.c src/wire/msg.h \
	src/wire/option.c src/wire/option.h \
	src/wire/peer.c src/wire/peer.h \
	src/wire/peer_codec.h \
	src/wire/peer_list.c \
	src/wire/peer_member.c \
	src/wire/peer_repair.c \
	src/wire/peer_request.c
libwire_la_LIBADD = libbase.la
