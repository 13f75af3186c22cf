# SPDX-License-Identifier: BSD-2-Clause
"""The C code is formatted as .clang-format says."""
import re
import subprocess

import tree

# Other versions lay the same code out otherwise.
VERSION = 14


def main():
    tree.need("clang-format")
    text = subprocess.run(["clang-format", "--version"], text=True, stdout=subprocess.PIPE).stdout
    version = re.search(r"version (\d+)", text)
    if not version or int(version.group(1)) != VERSION:
        tree.skip(f"clang-format is not version {VERSION}")
    found = tree.Findings()
    paths = tree.files(["src", "tests", "bench"], [".c", ".h"])
    run = subprocess.run(["clang-format", "--dry-run", "-Werror", "--ferror-limit=3",
                          f"--style=file:{tree.SRC}/.clang-format"] + [str(p) for p in paths],
                         text=True, stderr=subprocess.PIPE)
    rows = re.findall(r"^(.+?):(\d+):\d+: (?:error|warning): (.*)", run.stderr, re.M)
    for row in dict.fromkeys(rows):
        found.add(*row)
    if run.returncode and not found.count:
        print(run.stderr)
        found.add(".clang-format", 1, "clang-format failed")
    found.end(f"{len(paths)} files")


main()
