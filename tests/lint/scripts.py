# SPDX-License-Identifier: BSD-2-Clause
"""Shell scripts pass shellcheck, Python files compile."""
import re
import subprocess

import tree

TOP = ["bootstrap", "check", "demo", ".ci/run"]
FOLDERS = ["src", "tests", "bench", "debian", "completions"]


def shell_scripts():
    paths = [tree.SRC / name for name in TOP if (tree.SRC / name).exists()]
    for path in tree.files(FOLDERS, [""]):
        with path.open("rb") as file:
            first = file.readline(80)
        if path.suffix == ".sh" or re.match(rb"#!.*/(env )?(ba|da)?sh\b", first):
            paths.append(path)
    return paths


def main():
    found = tree.Findings()
    pythons = tree.files(FOLDERS, [".py"])
    for path in pythons:
        try:
            compile(path.read_text(), str(path), "exec")
        except SyntaxError as error:
            found.add(path, error.lineno, f"does not compile: {error.msg}")
    shells = shell_scripts()
    tree.need("shellcheck")
    if shells:
        run = subprocess.run(["shellcheck", "--format=gcc", "--severity=style"]
                             + [str(path) for path in shells], text=True, stdout=subprocess.PIPE)
        for line in run.stdout.splitlines():
            match = re.match(r"(.+?):(\d+):\d+: (.*)", line)
            if match:
                found.add(*match.groups())
        if run.returncode and not found.count:
            found.add("tests/lint/scripts.py", 1, "shellcheck failed")
    found.end(f"{len(shells)} shell scripts, {len(pythons)} Python files")


main()
