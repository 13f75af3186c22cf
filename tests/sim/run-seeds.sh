#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Replays the runs that once found something, and then some others: DHT_SIM_SEEDS=1..1000 for more
# of these, DHT_SIM_JOBS at a time.
set -eu

sim=${BUILDDIR:-.}/tests/sim/dhtsim
"$sim" --replay "${SRCDIR:-.}/tests/sim/seeds"
"$sim" --seeds "${DHT_SIM_SEEDS:-1..16}" -j "${DHT_SIM_JOBS:-2}"
