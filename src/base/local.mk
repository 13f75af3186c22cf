# SPDX-License-Identifier: BSD-2-Clause
noinst_LTLIBRARIES += libbase.la
libbase_la_SOURCES = \
	src/base/addr.c src/base/addr.h \
	src/base/bytes.h \
	src/base/clusterkey.c src/base/clusterkey.h \
	src/base/cursor.h \
	src/base/err.c src/base/err.h \
	src/base/exitcode.h \
	src/base/heap.c src/base/heap.h \
	src/base/hex.c src/base/hex.h \
	src/base/hmap.h \
	src/base/keyed.c src/base/keyed.h \
	src/base/link.h \
	src/base/mutant.h \
	src/base/budget.h \
	src/base/pool.c src/base/pool.h \
	src/base/rng.c src/base/rng.h \
	src/base/secretfile.c src/base/secretfile.h \
	src/base/spin.h \
	src/base/suggest.c src/base/suggest.h \
	src/base/units.c src/base/units.h \
	src/base/utf8.c src/base/utf8.h
libbase_la_LIBADD = $(SODIUM_LIBS)
if MUTANTS
libbase_la_SOURCES += tests/sim/mutant.c
endif
