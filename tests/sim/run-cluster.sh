#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The table of bench/cluster for a small cluster, in short: no limit is missed, and twice the same.
set -eu

cluster=${BUILDDIR:-.}/bench/cluster
first=$("$cluster" --quick 10) || {
	echo "$first"
	exit 1
}
second=$("$cluster" --quick 10)
echo "$first"
[ "$first" = "$second" ]
