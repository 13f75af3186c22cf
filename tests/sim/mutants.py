#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Whether the simulator finds bugs that are there: plants those of src/base/mutant.h one by one.

    tests/sim/mutants.py [--build DIR] [--seeds N] [--first K] [-j JOBS] [--quick] [NUMBER…]

Builds in DIR (build-mutants), with --enable-mutants, what is not built. Each mutant is to be found
within N seeds (500). The table says by which seed, and by which check; with --first K also in how
many of the first K seeds it is found. A seed that fails without the mutant too does not count.
--quick takes a few that are found soon, and 60 seeds. The exit status is 0 when all were found.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys

SRC = pathlib.Path(__file__).resolve().parents[2]
QUICK = (2, 4, 11, 13, 16, 20, 31)
QUICK_SEEDS = 60


def mutants():
    """number → its name."""
    text = (SRC / "src/base/mutant.h").read_text()
    return {int(number): name for number, name in re.findall(r'X\((\d+), "([^"]+)"', text)}


def build(folder, jobs):
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "Makefile").exists():
        subprocess.run([SRC / "configure", "-q", "--enable-mutants"], cwd=folder, check=True)
    subprocess.run(["make", "-s", f"-j{jobs}", "tests/sim/dhtsim"], cwd=folder, check=True)
    return folder / "tests/sim/dhtsim"


class Simulator:
    """The program, and which seeds fail without a mutant."""

    def __init__(self, program, jobs):
        self.program, self.jobs = program, jobs
        self.sound = {}

    def run(self, mutant, first, last, *options):
        """The seeds that fail, as seed → check: text."""
        command = [self.program, "--mutant", str(mutant), "--seeds", f"{first}..{last}",
                   "-j", str(self.jobs), *options]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        if done.returncode not in (0, 1):
            sys.exit(f"{' '.join(map(str, command))}: status {done.returncode}")
        return {int(seed): what for seed, what in
                re.findall(r"^seed (\d+): (.*), at [\d.]+ s$", done.stdout, re.M)}

    def is_sound(self, seed):
        if seed not in self.sound:
            self.sound[seed] = not self.run(0, seed, seed)
        return self.sound[seed]

    def last_words(self, mutant, seed):
        """What an assert of the core's says when it ends the program."""
        command = [self.program, "--mutant", str(mutant), "--seed", str(seed)]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        match = re.search(r"src/(\S+?): .*Assertion (.*) failed", done.stderr)
        return "assert: " + " ".join(match.groups()) if match else "died"

    def first(self, mutant, seeds):
        """The first seed that finds it, and how; None when none does."""
        start = 1
        while start <= seeds:
            failed = self.run(mutant, start, seeds, "--stop-at-first")
            for seed in sorted(failed):
                if self.is_sound(seed):
                    died = failed[seed].startswith("died")
                    return seed, self.last_words(mutant, seed) if died else failed[seed]
            start = max(failed, default=seeds) + 1
        return None

    def count(self, mutant, seeds):
        return sum(map(self.is_sound, self.run(mutant, 1, seeds)))


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", type=pathlib.Path, default=SRC / "build-mutants")
    parser.add_argument("--seeds", type=int, default=500)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("-j", dest="jobs", type=int, default=os.cpu_count())
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("numbers", type=int, nargs="*", metavar="NUMBER")
    args = parser.parse_args()
    if args.quick:
        args.seeds = min(args.seeds, QUICK_SEEDS)
        args.numbers = args.numbers or QUICK
    return args


def main():
    args = parse()
    names = mutants()
    simulator = Simulator(build(args.build.resolve(), args.jobs), args.jobs)
    missed = 0
    for number in args.numbers or names:
        found = simulator.first(number, args.seeds)
        seed, what = found or ("-", f"not found in {args.seeds} seeds")
        share = f"{simulator.count(number, args.first):3}/{args.first} " if args.first else ""
        print(f"{number:3} {names[number]:18} {seed:>4} {share} {what[:80]}", flush=True)
        missed += not found
    print(f"{len(args.numbers or names) - missed} found, {missed} missed")
    sys.exit(missed > 0)


main()
