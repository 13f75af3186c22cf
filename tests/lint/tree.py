# SPDX-License-Identifier: BSD-2-Clause
"""What the lint tests share: where the tree is, which files it has, how findings are told.

A lint test prints one line for each thing that is wrong, FILE:LINE: TEXT, and ends with status 1;
with 77 when it cannot run here, the reason as its last line.
"""
import os
import pathlib
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
SRC = pathlib.Path(os.environ.get("SRCDIR") or HERE.parents[1]).resolve()
BUILD = pathlib.Path(os.environ.get("BUILDDIR") or SRC / "build").resolve()

LAYERS = ("base", "wire", "core", "daemon", "client", "tools/common", "tools/dht",
          "tools/dhtctl")


def is_built(path):
    """Whether a build in the tree made this: a program, or libtool's wrapper around one."""
    if path.suffix:
        return False
    with open(path, "rb") as f:
        head = f.read(200)
    return head.startswith(b"\x7fELF") or b"temporary wrapper script" in head


def files(folders, suffixes):
    """The tree's files under folders whose names end so, sorted; nothing that a build made."""
    found = []
    for folder in folders:
        for path in sorted((SRC / folder).rglob("*")):
            hidden = any(part in (".libs", ".deps", "__pycache__") for part in path.parts)
            if path.is_file() and not hidden and path.name.endswith(tuple(suffixes)) \
                    and not is_built(path):
                found.append(path)
    return found


def layer_of(path):
    """'core' of src/core/x.c, 'tools/dht' of src/tools/dht/x.c; None outside src."""
    parts = path.relative_to(SRC).parts
    if parts[0] != "src":
        return None
    return "/".join(parts[1:3]) if parts[1] == "tools" else parts[1]


def listed(name):
    """The entries of a list file beside this one: first word → rest of the line."""
    entries = {}
    for line in (SRC / "tests/lint" / name).read_text().splitlines():
        words = line.split("#")[0].split(None, 1)
        if words:
            entries[words[0].rstrip(":")] = words[1].strip() if len(words) > 1 else ""
    return entries


def skip(reason):
    print(f"SKIP: {reason}")
    sys.exit(77)


def need(program):
    if not shutil.which(program):
        skip(f"{program} is not installed")
    return program


class Findings:
    def __init__(self):
        self.count = 0

    def add(self, path, line, text):
        path = pathlib.Path(path)
        if path.is_absolute() and SRC in path.parents:
            path = path.relative_to(SRC)
        print(f"{path}:{line}: {text}")
        self.count += 1

    def end(self, what):
        """Ends the test; what: '37 files'."""
        if self.count:
            print(f"{self.count} found in {what}")
            sys.exit(1)
        print(f"nothing found in {what}")
        sys.exit(0)
