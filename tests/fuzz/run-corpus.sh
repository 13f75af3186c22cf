#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Replays every corpus, tests/fuzz/corpus/NAME, with tests/fuzz/replay_NAME.
set -eu

for corpus in "${SRCDIR:-.}"/tests/fuzz/corpus/*/; do
	name=$(basename "$corpus")
	printf '%s: ' "$name"
	"${BUILDDIR:-.}/tests/fuzz/replay_$name" "$corpus"
done
