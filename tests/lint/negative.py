# SPDX-License-Identifier: BSD-2-Clause
"""tests/negative.md names tests that there are, and checks that the simulator makes."""
import re

import tree

FORMS = {"unit": ("tests/unit/{}.c", "static void {}(void **state)"),
         "system": ("tests/system/{}.py", "def {}(self"),
         "sim": ("tests/sim/sim.h", " *     {} ")}


def check(found, line, shown):
    """One 'unit/core/test_seal: every_bit_counts, every_length'."""
    where, _, names = shown.partition(": ")
    kind, _, path = where.partition("/")
    if kind not in FORMS or not names:
        found.add("tests/negative.md", line, f"what is '{shown}'?")
        return
    file, form = FORMS[kind]
    file = tree.SRC / file.format(path)
    text = file.read_text() if file.exists() else ""
    for name in names.split(", "):
        if form.format(name) not in text:
            found.add("tests/negative.md", line, f"no {name} in {file.relative_to(tree.SRC)}")


def main():
    found = tree.Findings()
    rows = 0
    lines = (tree.SRC / "tests/negative.md").read_text().splitlines()
    for number, line in enumerate(lines, 1):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|") or cells[0] == "what is tried" or re.match(r"-+$", cells[0]):
            continue
        rows += 1
        for shown in cells[2].split("; "):
            check(found, number, shown)
    found.end(f"{rows} lines")


main()
