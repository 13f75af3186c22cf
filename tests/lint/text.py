# SPDX-License-Identifier: BSD-2-Clause
"""What holds for every text file: licence line, width, length, guards, nothing of one machine."""
import os
import re

import tree

WIDTH = 100
LINES = 700
FOLDERS = ["src", "tests", "bench"]
CODE = [".c", ".h", ".py", ".sh"]
SPDX = "SPDX-License-Identifier: BSD-2-Clause"
EVERYWHERE = ["src", "tests", "bench", "etc", "man", "systemd", "debian", "completions", ".ci"]
TOP = ["bootstrap", "check", "demo", "configure.ac", "Makefile.am", "README.md", "HACKING.md",
       "NEWS", "COPYING", ".clang-format", ".clang-tidy", ".gitignore"]
# In two pieces, so that this file is not a finding of its own.
MARKERS = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
HOMES = re.compile(r"/(?:home|Users)/[a-z][\w.-]*/")


def machine_paths():
    """Folders of this machine that nothing in the tree may name."""
    paths = {str(tree.SRC), str(tree.BUILD), os.environ.get("HOME", "")}
    return [path for path in paths if path.count("/") > 1]


def check_machine(path, text, found):
    paths = machine_paths()
    for number, line in enumerate(text.splitlines(), 1):
        if HOMES.search(line) or any(one in line for one in paths):
            found.add(path, number, "names a folder of somebody's machine")


def check_spdx(path, text, found):
    lines = text.splitlines() or [""]
    first = lines[1] if lines[0].startswith("#!") and len(lines) > 1 else lines[0]
    if SPDX not in first:
        found.add(path, 1, f"the first line has no {SPDX}")


def check_shape(path, text, found):
    lines = text.split("\n")
    if len(lines) - 1 > LINES:
        found.add(path, LINES + 1, f"{len(lines) - 1} lines, over {LINES}")
    for number, line in enumerate(lines, 1):
        if len(line.expandtabs(8)) > WIDTH:
            found.add(path, number, f"{len(line.expandtabs(8))} columns, over {WIDTH}")
        if line != line.rstrip():
            found.add(path, number, "space at the end of the line")
    if text and not text.endswith("\n"):
        found.add(path, len(lines), "no newline at the end")


def check_markers(path, text, found):
    for number, line in enumerate(text.splitlines(), 1):
        if MARKERS.search(line):
            found.add(path, number, "a note to oneself: do it, or say it where it is tracked")


def guard_of(path):
    """The guard that a header of src has: DHT_CORE_TABLE_H; src/tools/common/opts.h has
    DHT_TOOLS_OPTS_H, and the library's public header DHT_H."""
    parts = path.relative_to(tree.SRC / "src").with_suffix("").parts
    if parts == ("client", "dht"):
        return "DHT_H"
    if parts[:2] == ("tools", "common"):
        parts = ("tools",) + parts[2:]
    return "_".join(("DHT",) + parts + ("H",)).upper().replace("-", "_")


def check_guard(path, text, seen, found):
    match = re.search(r"^#ifndef (\w+)\n#define (\w+)$", text, re.M)
    if not match or match.group(1) != match.group(2):
        found.add(path, 1, "no header guard")
        return
    guard = match.group(1)
    if "src" == path.relative_to(tree.SRC).parts[0] and guard != guard_of(path):
        found.add(path, 1, f"the guard is {guard}, not {guard_of(path)}")
    if guard in seen:
        found.add(path, 1, f"the guard is {seen[guard]}'s too")
    seen[guard] = path.relative_to(tree.SRC)


def main():
    found = tree.Findings()
    guards = {}
    code = tree.files(FOLDERS, CODE)
    for path in code:
        text = path.read_text()
        check_spdx(path, text, found)
        check_shape(path, text, found)
        if path.suffix == ".h":
            check_guard(path, text, guards, found)
        if path.relative_to(tree.SRC).parts[0] == "src":
            check_markers(path, text, found)
    for path in tree.files(FOLDERS, [".mk"]):
        check_spdx(path, path.read_text(), found)
    every = tree.files(EVERYWHERE, [""]) + [tree.SRC / name for name in TOP]
    every = [path for path in every if path.exists() and "corpus" not in path.parts]
    for path in every:
        try:
            text = path.read_bytes().decode()
        except UnicodeDecodeError:
            continue  # not a text; what a build in the tree made, mostly
        check_machine(path, text, found)
    found.end(f"{len(code)} files of code, {len(every)} in all")


main()
