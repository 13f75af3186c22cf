#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a request costs dhtd, as a ratio to a bare echo server measured beside it.

    bench/run.py [--build DIR] [--pairs N] [--seconds S] [--hashes N]

The server has one worker and processor 0 to itself, the load generator processor 1. Each pair is
echo, then dhtd, the same load; the ratios are taken pair by pair and the median is what counts,
because the machine's speed drifts. The cost is the server's processor time for each answer.
"""
import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
IP = "127.77.%d.%d" % (os.getpid() >> 8 & 255, os.getpid() & 255 or 1)


def pinned(cpu):
    return lambda: os.sched_setaffinity(0, {cpu % os.cpu_count()})


def start(argv, ready):
    """A server process pinned to processor 0, once it has said that it is ready."""
    p = subprocess.Popen(argv, stderr=subprocess.PIPE, text=True, preexec_fn=pinned(0))
    for line in p.stderr:
        if ready in line:
            return p
    sys.exit("%s did not start" % argv[0])


def load(args, port, pid, mode):
    out = subprocess.run(
        [os.path.join(args.build, "bench/load"), IP, str(port), str(pid), str(args.seconds), mode,
         str(args.hashes)],
        stdout=subprocess.PIPE, check=True, preexec_fn=pinned(1), timeout=args.seconds + 300)
    return json.loads(out.stdout) if out.stdout else None


def start_dhtd(args, folder):
    conf = os.path.join(folder, "dht.conf")
    with open(conf, "w", encoding="ascii") as f:
        f.write('listen: { address = "%s"; workers = 1; };\n' % IP)
    binary = os.path.join(args.build, ".libs/dhtd")
    if not os.path.exists(binary):
        binary = os.path.join(args.build, "dhtd")
    p = start([binary, "-c", conf], "ready")
    load(args, 8470, p.pid, "put")
    return p


def report(mode, pairs):
    ratios = [d["cpuMicrosecondsPerAnswer"] / e["cpuMicrosecondsPerAnswer"] for e, d in pairs]
    rates = [d["answersPerSecond"] / e["answersPerSecond"] for e, d in pairs]
    echo = statistics.median(e["cpuMicrosecondsPerAnswer"] for e, _ in pairs)
    dhtd = statistics.median(d["cpuMicrosecondsPerAnswer"] for _, d in pairs)
    lost = sum(d["lost"] for _, d in pairs)
    print("%-9s %9.3f %9.3f %9.3f %8.3f-%.3f %9.3f %6d" % (
        mode, echo, dhtd, statistics.median(ratios), min(ratios), max(ratios),
        statistics.median(rates), lost))
    return statistics.median(ratios)


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--build", default=os.path.dirname(HERE))
    ap.add_argument("--pairs", type=int, default=7)
    ap.add_argument("--seconds", type=float, default=3)
    ap.add_argument("--hashes", type=int, default=100000)
    ap.add_argument("--modes", default="get,miss,lookup,announce")
    args = ap.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        echo = start([os.path.join(args.build, "bench/echo"), IP, "8479"], "ready")
        dhtd = start_dhtd(args, folder)
        print("processor time for each answer, one worker, %d records, %d pairs of %g s" % (
            args.hashes, args.pairs, args.seconds))
        print("%-9s %9s %9s %9s %14s %9s %6s" % (
            "", "echo us", "dhtd us", "ratio", "(min-max)", "rate", "lost"))
        try:
            for mode in args.modes.split(","):
                report(mode, [(load(args, 8479, echo.pid, mode),
                               load(args, 8470, dhtd.pid, mode)) for _ in range(args.pairs)])
                time.sleep(0.2)
        finally:
            for p in (echo, dhtd):
                p.send_signal(signal.SIGTERM)
                p.wait(10)


main()
