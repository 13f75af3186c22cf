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
	src/wire/option.c src/wire/option.h
libwire_la_LIBADD = libbase.la
