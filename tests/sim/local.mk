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

EXTRA_PROGRAMS += tests/sim/dhtsim
CLEANFILES += tests/sim/dhtsim
tests_sim_dhtsim_SOURCES = tests/sim/main.c
tests_sim_dhtsim_LDADD = libsim.la

# A few seeds, and those that once failed.
EXTRA_DIST += tests/sim/mutants.py tests/sim/mutants.md tests/sim/seeds tests/sim/run-seeds.sh
corpus_tests += tests/sim/run-seeds.sh
tests/sim/run-seeds.log: tests/sim/dhtsim

# What the simulator measures (bench/cluster), in short.
EXTRA_DIST += tests/sim/run-cluster.sh
corpus_tests += tests/sim/run-cluster.sh
tests/sim/run-cluster.log: bench/cluster

if HAVE_CMOCKA
check_PROGRAMS += tests/sim/test_oracle tests/sim/test_parts tests/sim/test_runs
tests_sim_test_oracle_SOURCES = tests/sim/test_oracle.c tests/unit/unit.h
tests_sim_test_oracle_LDADD = libsim.la $(CMOCKA_LIBS)
tests_sim_test_parts_SOURCES = tests/sim/test_parts.c tests/unit/unit.h tests/unit/test_seed.h
tests_sim_test_parts_LDADD = libsim.la $(CMOCKA_LIBS)
tests_sim_test_runs_SOURCES = tests/sim/test_runs.c tests/unit/unit.h
tests_sim_test_runs_LDADD = libsim.la $(CMOCKA_LIBS)
endif
