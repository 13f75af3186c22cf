# SPDX-License-Identifier: BSD-2-Clause
"""systemd reads the units as they are installed without a complaint, their programs are where
`make install` puts them, and dht.service gives little away: systemd-analyze scores its exposure."""
import os
import pathlib
import re
import subprocess
import tempfile

import tree

UNITS = ["dht.service", "dht-wait-online.service", "dht@one.service"]
EXPOSURE = {"dht.service": 1.2, "dht@one.service": 1.2}
PROGRAMS = {"sbin": "dhtd", "bin": "dhtctl"}
# What every system has: the units refer to them, and nothing else is to be missing.
TARGETS = ["sysinit", "basic", "shutdown", "multi-user", "network-online", "nss-lookup"]


def run(*command):
    # Not a part of the make that may run this: neither its jobs nor its variables.
    env = {name: text for name, text in os.environ.items() if not re.match("M(AKE|FLAGS)", name)}
    return subprocess.run(command, text=True, timeout=120, stdin=subprocess.DEVNULL, env=env,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def make(*arguments):
    done = run("make", "-s", "-C", str(tree.BUILD), "--no-print-directory", *arguments)
    if done.returncode:
        print(done.stdout, end="")
        raise SystemExit(f"make {' '.join(arguments)} failed")
    return done.stdout.strip()


def variable(name):
    return make(f"--eval=print-it:;@echo '$({name})'", "print-it")


def source_of(unit):
    return "systemd/" + re.sub(r"@one", "", unit) + ".in"


def install(root, found):
    """The units, as they are installed below root, and something in their programs' places."""
    make("install-systemdsystemunitDATA", f"DESTDIR={root}")
    folder = variable("systemdsystemunitdir")
    for kind, program in PROGRAMS.items():
        if program not in variable(f"{kind}_PROGRAMS").split():
            found.add("systemd/dht.service.in", 1, f"{program} is not installed in {kind}dir")
        path = root / f"{variable(kind + 'dir')}/{program}".lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    # systemd looks only where systems have their units, wherever the prefix is.
    below = root / "usr/lib/systemd/system"
    below.mkdir(parents=True, exist_ok=True)
    for unit in (root / folder.lstrip("/")).iterdir():
        unit.rename(below / unit.name)
    for target in TARGETS:
        (below / f"{target}.target").write_text("[Unit]\n")


def verify(root, found):
    done = run("systemd-analyze", "verify", "--man=no", f"--root={root}", *UNITS)
    for line in done.stdout.splitlines():
        unit = next((unit for unit in UNITS if unit in line), UNITS[0])
        found.add(source_of(unit), 1, line.replace(str(root), ""))
    if done.returncode and not done.stdout:
        found.add(source_of(UNITS[0]), 1, f"systemd-analyze verify gives {done.returncode}")


def score(root, unit, most, found):
    done = run("systemd-analyze", "security", "--offline=yes", "--no-pager", f"--root={root}",
               f"--threshold={round(most * 10)}", unit)
    match = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
    if not match or done.returncode:
        found.add(source_of(unit), 1, f"its exposure is over {most}" if match else done.stdout)
    return match.group(1) if match else "?"


def main():
    tree.need("systemd-analyze")
    if not (tree.BUILD / "Makefile").exists():
        tree.skip("nothing is configured here")
    found = tree.Findings()
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        install(root, found)
        verify(root, found)
        scores = [score(root, unit, most, found) for unit, most in EXPOSURE.items()]
    found.end(f"{len(UNITS)} units, exposure {' and '.join(scores)}")


main()
