# SPDX-License-Identifier: BSD-2-Clause
"""What hostile clients of the control socket cost the datagrams: p99 with each attack over p99
without, in a booted machine with dht's packages (DHT_DEBS).

The datagrams are those of `dht bench` with one request under way: a program whose own pace says
nothing. A pair of times is measured, quiet and then attacked by a process of its own, DHT_PAIRS
of them for each attack (9), and the median of the pairs' ratios is told with its extremes: one
time on a shared machine says nothing. An attacker also costs by merely running where processors
are few: that is measured by attacks on sockets that have nothing to do with dht ('bystander' for
those that come without a pause, 'echo' for those that wait between their calls). Arguments: which
attacks.
"""
import contextlib
import ctypes
import json
import multiprocessing
import os
import socket
import statistics
import sys
import time

import lab
import test_boot

PAIRS = int(os.environ.get("DHT_PAIRS") or 9)
SECONDS = int(os.environ.get("DHT_SECONDS") or 2)
SOCKET = "/run/dht/control"
MONITOR = b'{"method":"org.dht.Control.Monitor","parameters":{"level":"debug"},"more":true}\0'


def connect(path):
    one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    one.settimeout(0.5)
    one.connect(path)
    return one


def spread(path, done, count, act):
    """act() on new connections, at an even pace, so that `count` of them fill the time."""
    start, held = time.monotonic(), []
    for number in range(count):
        pause = start + SECONDS * number / count - time.monotonic()
        if done.is_set():
            break
        if pause > 0:
            time.sleep(pause)
        with contextlib.suppress(OSError):
            one = connect(path)
            held.append(one)
            act(one)
        while len(held) > 60:
            held.pop(0).close()
    for one in held:
        one.close()


def connects(path, done):
    """10,000 connects that say nothing."""
    spread(path, done, 10000, lambda one: None)


def halves(path, done):
    """Messages that never end."""
    spread(path, done, 1000, lambda one: one.sendall(b'{"method":"org.dht.Control.Get'))


def rubbish(path, done):
    """A megabyte of rubbish in each of 20 connections."""
    spread(path, done, 20, lambda one: one.sendall(bytes(range(1, 256)) * 4112))


def streams(path, done):
    """40 clients that never read their stream, while 50 lines a second come into the log."""
    held = []
    for _ in range(40):
        held.append(connect(path))
        held[-1].sendall(MONITOR)
    caller = connect(path)
    level = json.dumps({"method": "org.dht.Control.SetLogLevel",
                        "parameters": {"level": "info"}}).encode() + b"\0"
    while not done.is_set():
        with contextlib.suppress(OSError):
            caller.sendall(level)
            caller.recv(4096)
        time.sleep(0.02)
    for one in held + [caller]:
        one.close()


def calls(path, done):
    """One client that asks for all counters as fast as it is answered."""
    one = connect(path)
    while not done.is_set():
        with contextlib.suppress(OSError):
            one.sendall(b'{"method":"org.dht.Control.GetStats"}\0')
            one.recv(65536)
    one.close()


def denied(path, done):
    """Changes asked for by somebody who may not, but whom the socket's mode lets in."""
    shutdown = b'{"method":"org.dht.Control.Shutdown"}\0'
    # The way there is through /proc, which is root's; the peer is who connects.
    os.chdir(os.path.dirname(path))
    os.setresuid(65534, 65534, 65534)
    one = connect(os.path.basename(path))
    with contextlib.suppress(OSError):
        while not done.is_set():
            one.sendall(shutdown)
            answer = one.recv(4096)
            assert b"PermissionDenied" in answer, answer
            time.sleep(0.002)


def bystander(_, done):
    """As 'connects', on a socket of its own."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind("\0dht-bystander-%d" % os.getpid())
    listener.listen(64)
    listener.setblocking(False)

    def act(_):
        with contextlib.suppress(OSError):
            listener.accept()[0].close()

    spread(listener.getsockname(), done, 10000, act)
    listener.close()


def echo(_, done):
    """As 'denied', of a process of its own that only echoes."""
    here, there = socket.socketpair()
    if os.fork() == 0:
        here.close()
        while data := there.recv(4096):
            there.sendall(data)
        os._exit(0)
    there.close()
    while not done.is_set():
        here.sendall(b"x" * 45)
        here.recv(4096)
        time.sleep(0.002)
    here.close()
    os.wait()


ATTACKS = (bystander, connects, halves, rubbish, streams, calls, echo, denied)


def run_attack(attack, path, done):
    """In a process of its own, which ends with this one."""
    ctypes.CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL
    attack(path, done)


def measure(machine, attack):
    """p99 in microseconds of one time, quiet when attack is None."""
    fork = multiprocessing.get_context("fork")
    done, process = fork.Event(), None
    if attack:
        process = fork.Process(target=run_attack,
                               args=(attack, str(machine.path(SOCKET)), done))
        process.start()
    answer = json.loads(machine.run("dht", "-o", "json", "bench", "--connections", "1", "--depth",
                                    "1", "--get-share", "100", "--seconds",
                                    str(SECONDS)).stdout)
    done.set()
    if process:
        process.join(10)
        assert process.exitcode == 0, f"{attack.__name__} ended with {process.exitcode}"
    gets, = (one for one in answer["results"] if one["operation"] == "get")
    return gets["p99Microseconds"]


def main():
    with lab.Machine() as machine:
        machine.start()
        machine.install(*test_boot.debs())
        machine.run("systemctl", "start", "dht")
        machine.run("chmod", "0666", SOCKET)
        chosen = sys.argv[1:] or [attack.__name__ for attack in ATTACKS]
        for attack in (one for one in ATTACKS if one.__name__ in chosen):
            ratios, quiet = [], []
            for _ in range(PAIRS):
                quiet.append(measure(machine, None))
                ratios.append(measure(machine, attack) / quiet[-1])
            print(f"{attack.__name__:10} p99 {statistics.median(ratios):5.2f} times "
                  f"({min(ratios):.2f} to {max(ratios):.2f}) of "
                  f"{statistics.median(quiet) :.0f} us quiet", flush=True)
            assert machine.run("dhtctl", "status", check=False).returncode in (0, 8)


if __name__ == "__main__":
    reason = lab.why_not() or ("" if test_boot.debs() else "no packages in DHT_DEBS")
    if reason:
        print(f"SKIP: {reason}")
        sys.exit(77)
    main()
