# SPDX-License-Identifier: BSD-2-Clause
EXTRA_PROGRAMS += bench/echo bench/load bench/table
bench_echo_SOURCES = bench/echo.c
bench_load_SOURCES = bench/load.c
bench_table_SOURCES = bench/table.c
bench_table_LDADD = libcore.la
EXTRA_DIST += bench/run.py
CLEANFILES += bench/echo bench/load bench/table

.PHONY: bench
bench: bench/echo bench/load bench/table dhtd dht
	$(top_srcdir)/bench/run.py --build $(abs_top_builddir)
	bench/table 1000000 32
