# SPDX-License-Identifier: BSD-2-Clause
"""No function of the C code is longer than 70 lines."""
import subprocess

import tree

LINES = 70


def main():
    found = tree.Findings()
    if "Universal Ctags" not in subprocess.run([tree.need("ctags"), "--version"], text=True,
                                               stdout=subprocess.PIPE).stdout:
        tree.skip("ctags is not Universal Ctags")
    paths = tree.files(["src", "tests", "bench"], [".c", ".h"])
    if not paths:
        tree.skip("no C files")
    # %N last: it is the one field that could hold anything.
    command = ["ctags", "--quiet=yes", "--options=NONE", "-x", "--kinds-C=f", "--language-force=C",
               "--_xformat=%n %{end} %F %N"]
    text = subprocess.run(command + [str(path) for path in paths], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    rows = text.splitlines()
    for row in rows:
        first, last, path, name = row.split(" ", 3)
        length = int(last) - int(first) + 1 if last.isdigit() else 0
        if length > LINES:
            found.add(path, first, f"{name} has {length} lines, over {LINES}")
    if len(rows) < len(paths) // 2:
        found.add("tests/lint/functions.py", 1, f"ctags saw {len(rows)} functions only")
    found.end(f"{len(rows)} functions")


main()
