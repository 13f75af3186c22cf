# SPDX-License-Identifier: BSD-2-Clause
# Not part of `make check`: these need root, packages that were built before, and some minutes.
# ./check boot runs them.
EXTRA_DIST += \
	tests/boot/bench_control.py \
	tests/boot/freeze.py \
	tests/boot/lab.py \
	tests/boot/load.py \
	tests/boot/test_boot.py \
	tests/boot/test_watchdog.py
