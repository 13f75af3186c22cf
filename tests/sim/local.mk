# SPDX-License-Identifier: BSD-2-Clause
# The simulator: tests/sim/dhtsim --seeds 1..1000 -j 2
noinst_LTLIBRARIES += libsim.la
libsim_la_SOURCES = \
	tests/sim/ask.c \
	tests/sim/audit.c tests/sim/audit.h \
	tests/sim/basic.c tests/sim/basic.h \
	tests/sim/chance.c tests/sim/chance.h \
	tests/sim/chaos.c tests/sim/chaos.h \
	tests/sim/clock.c tests/sim/clock.h \
	tests/sim/crowd.c tests/sim/crowd.h \
	tests/sim/disk.c tests/sim/disk.h \
	tests/sim/fleet.c tests/sim/fleet.h \
	tests/sim/garbage.c tests/sim/garbage.h \
	tests/sim/net.c tests/sim/net.h \
	tests/sim/oracle.c tests/sim/oracle.h \
	tests/sim/place.c tests/sim/place.h \
	tests/sim/plan.c tests/sim/plan.h \
	tests/sim/post.c tests/sim/post.h \
	tests/sim/run.c tests/sim/run.h \
	tests/sim/selfcheck.c tests/sim/selfcheck.h \
	tests/sim/shell.c tests/sim/shell.h \
	tests/sim/sim.c tests/sim/sim.h \
	tests/sim/spy.c tests/sim/spy.h \
	tests/sim/witness.c tests/sim/witness.h
libsim_la_LIBADD = libcore.la

check_PROGRAMS += tests/sim/dhtsim
tests_sim_dhtsim_SOURCES = tests/sim/main.c
tests_sim_dhtsim_LDADD = libsim.la
EXTRA_DIST += tests/sim/mutants.py
