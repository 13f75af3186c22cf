# SPDX-License-Identifier: BSD-2-Clause
"""tests/unit mirrors src: each file of code has a unit test, or a reason in the list untested.

A module of several files (table.c, table_merge.c, …) may be tested as one.
"""
import tree


def tests_of(source):
    """The unit tests of src/core/table.c: tests/unit/core/test_table.c and test_table_*.c."""
    folder = tree.SRC / "tests/unit" / source.relative_to(tree.SRC / "src").parts[0]
    stem = source.stem
    found = [*folder.glob(f"test_{stem}.c"), *folder.glob(f"test_{stem}_*.c")]
    while not found and "_" in stem:
        stem = stem.rpartition("_")[0]
        if source.with_name(f"{stem}.c").exists():
            found = [*folder.glob(f"test_{stem}.c"), *folder.glob(f"test_{stem}_*.c")]
    return found


def main():
    found = tree.Findings()
    untested = tree.listed("untested")
    sources = tree.files(["src"], [".c"])
    names = {str(source.relative_to(tree.SRC)) for source in sources}
    for source in sources:
        name = str(source.relative_to(tree.SRC))
        if name in untested:
            if not untested[name]:
                found.add("tests/lint/untested", 1, f"{name} without a reason")
            if tests_of(source):
                found.add("tests/lint/untested", 1, f"{name} has a test: take it off the list")
        elif not tests_of(source):
            found.add(source, 1, "has no unit test, and no reason in tests/lint/untested")
    for name in sorted(set(untested) - names):
        found.add("tests/lint/untested", 1, f"no such file: {name}")
    found.end(f"{len(sources)} files")


main()
