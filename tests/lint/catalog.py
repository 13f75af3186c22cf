# SPDX-License-Identifier: BSD-2-Clause
"""systemd/dht.catalog explains each event of the daemon's log, by its MESSAGE_ID, in the order of
src/daemon/log_events.h, and journalctl can read it."""
import pathlib
import re
import shutil
import subprocess
import tempfile

import tree

EVENTS = "src/daemon/log_events.h"
FILE = "systemd/dht.catalog"
HEADERS = ("Subject", "Defined-By", "Documentation")
COLUMNS = 80


def events():
    """(name, MESSAGE_ID) of each row."""
    text = (tree.SRC / EVENTS).read_text()
    return re.findall(r'X\(\w+, "(\w+)", "(\w+)", \w+\)', text)


def entries():
    """(line, MESSAGE_ID, headers, text) of each entry."""
    found, text = [], (tree.SRC / FILE).read_text()
    for match in re.finditer(r"^-- (\w+)\n((?:[\w-]+: .*\n)*)\n((?:(?!-- ).*\n?)*)", text, re.M):
        headers = dict(line.split(": ", 1) for line in match[2].splitlines())
        found.append((text[:match.start()].count("\n") + 1, match[1], headers, match[3].strip()))
    return found


def check_entry(found, at, headers, text):
    for name in HEADERS:
        if name not in headers:
            found.add(FILE, at, f"has no {name}:")
    if headers.get("Defined-By") != "dht":
        found.add(FILE, at, "is defined by dht")
    if "man:" not in headers.get("Documentation", ""):
        found.add(FILE, at, "names no manual page")
    if not text:
        found.add(FILE, at, "says nothing")


def check_reading(found, ids):
    """That journalctl finds every one, in a root of its own."""
    if not shutil.which("journalctl"):
        print("SKIP: journalctl is not installed")
        return
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        folder = root / "usr/lib/systemd/catalog"
        folder.mkdir(parents=True)
        (root / "var/lib/systemd/catalog").mkdir(parents=True)
        shutil.copy(tree.SRC / FILE, folder)
        for args in (["--update-catalog"], ["--dump-catalog", *ids]):
            run = subprocess.run(["journalctl", f"--root={root}", *args], text=True, timeout=60,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
            if run.returncode != 0:
                found.add(FILE, 1, f"journalctl {args[0]}: {run.stdout.strip()}")


def main():
    found = tree.Findings()
    wanted, have = events(), entries()
    for at, identity, headers, text in have:
        check_entry(found, at, headers, text)
        if identity not in [identity for _, identity in wanted]:
            found.add(FILE, at, f"{identity} is no event of {EVENTS}")
    ids = [identity for _, identity, _, _ in have]
    for name, identity in wanted:
        if ids.count(identity) != 1:
            found.add(FILE, 1, f"{name} ({identity}) has {ids.count(identity)} entries")
    if not found.count and ids != [identity for _, identity in wanted]:
        found.add(FILE, 1, f"the entries are not in the order of {EVENTS}")
    for at, line in enumerate((tree.SRC / FILE).read_text().splitlines(), 1):
        if len(line) > COLUMNS and not line.startswith("#"):
            found.add(FILE, at, f"is longer than {COLUMNS} columns")
    check_reading(found, ids)
    found.end(f"{len(wanted)} events")


main()
