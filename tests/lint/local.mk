# SPDX-License-Identifier: BSD-2-Clause
# The longest first: make check -j then ends sooner.
lint_tests += \
	tests/lint/tidy.py \
	tests/lint/catalog.py \
	tests/lint/completions.py \
	tests/lint/format.py \
	tests/lint/functions.py \
	tests/lint/layers.py \
	tests/lint/manual.py \
	tests/lint/mirror.py \
	tests/lint/negative.py \
	tests/lint/purity.py \
	tests/lint/scripts.py \
	tests/lint/settings.py \
	tests/lint/text.py \
	tests/lint/units.py

EXTRA_DIST += $(lint_tests) \
	tests/lint/face-files \
	tests/negative.md \
	tests/lint/programs.py \
	tests/lint/pure-symbols \
	tests/lint/tidy-known \
	tests/lint/tree.py \
	tests/lint/untested
