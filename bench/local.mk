# SPDX-License-Identifier: BSD-2-Clause
EXTRA_PROGRAMS += bench/cluster bench/echo bench/load bench/ring bench/table
bench_cluster_SOURCES = bench/cluster.c \
	bench/meter.c bench/meter.h \
	bench/scale.c bench/scale.h \
	bench/world.c bench/world.h
bench_cluster_LDADD = libsim.la
bench_echo_SOURCES = bench/echo.c
bench_load_SOURCES = bench/load.c
bench_ring_SOURCES = bench/ring.c
bench_ring_LDADD = libcore.la
bench_table_SOURCES = bench/table.c
bench_table_LDADD = libcore.la
EXTRA_DIST += bench/run.py bench/cluster.md
CLEANFILES += bench/cluster bench/echo bench/load bench/ring bench/table

.PHONY: bench bench-cluster
bench: bench/echo bench/load bench/ring bench/table dhtd dht
	$(top_srcdir)/bench/run.py --build $(abs_top_builddir)
	bench/table 1000000 32
	bench/ring 64
	bench/ring 1000

# The table of bench/cluster.md, in half an hour or so.
bench-cluster: bench/cluster
	bench/cluster
