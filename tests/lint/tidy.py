# SPDX-License-Identifier: BSD-2-Clause
"""clang-tidy finds nothing in the C code, with the checks in .clang-tidy; but for what is in the
list tidy-known, each line of it FILE, CHECK and the reason why it is wrong there."""
import concurrent.futures
import os
import re
import subprocess

import tree

# Other versions have other checks.
VERSION = 14
# Tests give the analyser wrong paths by what they allocate and compare on purpose.
NOT_FOR_TESTS = "-clang-analyzer-*,-bugprone-suspicious-missing-comma"
LIBRARIES = ["libsodium", "libconfig", "inih", "libsystemd", "jansson", "cmocka"]


def flags():
    """How the build compiles, as far as an analyser needs it."""
    run = subprocess.run(["pkg-config", "--cflags", *LIBRARIES], text=True, stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL)
    return ["-std=gnu17", "-D_GNU_SOURCE", f"-I{tree.SRC}/src", f"-I{tree.BUILD}",
            '-DDHT_SYSCONFDIR="/etc"', *run.stdout.split()]


def tidy(paths, compile_flags):
    """The findings in some files, and what went wrong otherwise."""
    of_tests = paths[0].relative_to(tree.SRC).parts[0] == "tests"
    run = subprocess.run(["clang-tidy", "--quiet", f"--config-file={tree.SRC}/.clang-tidy",
                          f"--checks={NOT_FOR_TESTS if of_tests else ''}",
                          *map(str, paths), "--", *compile_flags],
                         text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    rows = set(re.findall(r"^(/.+?):(\d+):\d+: (?:error|warning): (.*)$", run.stdout, re.M))
    return rows, run.returncode and not rows and (run.stdout + run.stderr)


def known():
    """{(file, check)} of tidy-known."""
    rows = [line.split(None, 2) for line in (tree.HERE / "tidy-known").read_text().splitlines()
            if line and not line.startswith("#")]
    return {(row[0], row[1]) for row in rows if len(row) == 3}


def tell(rows, found):
    """Reports what is not known, and what is known and was not found."""
    wrong = known()
    used = set()
    for path, line, what in sorted(rows):
        name = os.path.relpath(path, tree.SRC)
        checks = re.search(r"\[([\w.,-]+)\]$", what)
        excused = {(name, one) for one in checks.group(1).split(",")} & wrong if checks else set()
        used |= excused
        if not excused:
            found.add(path, line, what)
    for name, check in sorted(wrong - used):
        found.add("tests/lint/tidy-known", 1, f"{check} is not found in {name} any more")


def main():
    tree.need("clang-tidy")
    text = subprocess.run(["clang-tidy", "--version"], text=True, stdout=subprocess.PIPE).stdout
    version = re.search(r"version (\d+)", text)
    if not version or int(version.group(1)) != VERSION:
        tree.skip(f"clang-tidy is not version {VERSION}")
    if not (tree.BUILD / "config.h").exists():
        tree.skip(f"no config.h in {tree.BUILD}: configure first")
    found = tree.Findings()
    paths = tree.files(["src", "tests", "bench"], [".c"])
    workers = len(os.sched_getaffinity(0))
    groups = [part[i::workers * 4] for i in range(workers * 4)
              for part in (tree.files(["src", "bench"], [".c"]), tree.files(["tests"], [".c"]))]
    rows = set()
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        for some, failed in pool.map(tidy, filter(None, groups), [flags()] * len(groups)):
            rows |= some
            if failed:
                print(failed)
                found.add(".clang-tidy", 1, "clang-tidy failed")
    tell(rows, found)
    found.end(f"{len(paths)} files")


main()
