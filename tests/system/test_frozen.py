# SPDX-License-Identifier: BSD-2-Clause
"""One of five servers is stopped for longer than it takes the others to hold it for dead, or has
next to no processor time: that is its own trouble, and it accuses nobody.

DHT_FROZEN sets for how many seconds (4); from 20 on with the default times. DHT_STOPS sets how many
are stopped for so short that nobody should notice (5).
"""
import contextlib
import os
import pathlib
import secrets
import signal
import sys
import threading
import time
import unittest

import fleet
import lab
import raw
import varlink

SECONDS = float(os.environ.get("DHT_FROZEN", "4"))
STOPS = int(os.environ.get("DHT_STOPS", "5"))
SHORT = 3 if SECONDS >= 20 else 0.6  # seconds: three fifths of suspect_after
BACK = 5  # seconds after which it is as if nothing had been
TIMES = {} if SECONDS >= 20 else fleet.QUICK["cluster"]
SHARE = 0.02  # of a processor
PERIOD_US = 100000
RECORDS = 500


def ask(server, method, **parameters):
    with varlink.Connection(server.folder / "control") as connection:
        return connection.call("org.dht.Control." + method, parameters)


class Witness:
    """What each server has said of the others since this was made, and how many it has accused."""

    def __init__(self, servers):
        self.since = {s: (len(s.lines), self.verdicts(s)) for s in servers}

    @staticmethod
    def verdicts(server):
        found = ask(server, "GetStats")["cluster"]
        return found["suspicions"], found["deaths"]

    def accused(self, server):
        """({address: what was said}, suspicions, deaths): of its log, and of its counters."""
        lines, before = self.since[server]
        said = {}
        for line in [line for line in server.lines[lines:] if line]:
            if "does not answer" in line or "is dead" in line:
                said.setdefault(line.split(":8471")[0].split()[-1], []).append(line)
        now = self.verdicts(server)
        return said, now[0] - before[0], now[1] - before[1]


class Throttle:
    """A control group of little processor time, of either version; gone with close()."""

    def __init__(self, process, share):
        base, files = self.find()
        self.folder = base / f"dht-test-{os.getpid()}"
        self.folder.mkdir()
        try:
            for name, text in files(int(share * PERIOD_US)):
                (self.folder / name).write_text(text)
            (self.folder / "cgroup.procs").write_text(str(process.pid))
        except OSError:
            self.close()
            raise
        self.process, self.base = process, base

    @staticmethod
    def find():
        root = pathlib.Path("/sys/fs/cgroup")
        controllers = root / "cgroup.controllers"
        if controllers.exists() and "cpu" in controllers.read_text().split():
            return root, lambda quota: [("cpu.max", f"{quota} {PERIOD_US}")]
        for name in ("cpu", "cpu,cpuacct"):
            if (root / name / "cpu.cfs_quota_us").exists() or (root / name / "tasks").exists():
                return root / name, lambda quota: [("cpu.cfs_period_us", str(PERIOD_US)),
                                                   ("cpu.cfs_quota_us", str(quota))]
        raise FileNotFoundError("no cpu controller")

    def throttled(self):
        rows = (self.folder / "cpu.stat").read_text().split()
        return int(rows[rows.index("nr_throttled") + 1])

    def close(self):
        with contextlib.suppress(OSError, AttributeError):
            (self.base / "cgroup.procs").write_text(str(self.process.pid))
        with contextlib.suppress(OSError):
            self.folder.rmdir()


class Frozen(unittest.TestCase):
    def setUp(self):
        self.fleet = fleet.Fleet(5, {"cluster": TIMES, "listen": {"workers": 1}})
        self.addCleanup(self.fleet.end)
        *self.others, self.victim = self.fleet.servers
        self.witness = Witness(self.fleet.servers)

    def announce(self, servers, count=RECORDS):
        many = [secrets.token_bytes(32) for _ in range(count)]
        for i, key in enumerate(many):
            with lab.Client(servers[i % len(servers)].address) as client:
                transaction = raw.txid()
                answer = client.ask(raw.announce(transaction, [key], "192.0.2.7", 80))
                self.assertEqual(raw.done_of(answer, transaction)[1], [0])
        return many

    def missing(self, server, many):
        found = 0
        with lab.Client(server.address) as client:
            for key in many:
                transaction = raw.txid()
                answer = client.ask(raw.lookup(transaction, [key]))
                found += raw.sections_of(answer, transaction)[0].total == 1
        return len(many) - found

    def healthy_accuse_only_the_victim(self):
        for s in self.others:
            said = self.witness.accused(s)[0]
            self.assertLessEqual(set(said), {self.victim.address}, said)

    def test_short_stops(self):
        rng = lab.rng()
        for _ in range(STOPS):
            server = rng.choice(self.fleet.servers)
            server.process.send_signal(signal.SIGSTOP)
            time.sleep(SHORT)
            server.process.send_signal(signal.SIGCONT)
            time.sleep(rng.uniform(0, SHORT))
        lab.wait_for(self.is_back, "all are there", BACK)
        suspected, dead = map(sum, zip(*(self.witness.accused(s)[1:] for s in self.fleet.servers)))
        print(f"{STOPS} stops of {SHORT:g} s: {suspected} suspicions, {dead} held for dead",
              file=sys.stderr)
        self.assertEqual(dead, 0)

    def is_back(self):
        """It is alive and settled for everybody, and they for it."""
        for s in self.fleet.servers:
            seen = {p["address"]: p for p in ask(s, "ListPeers")["peers"]}
            if len(seen) != 4 or not all(p["state"] == "alive" and p["settled"]
                                         for p in seen.values()):
                return False
        return fleet.is_whole(self.victim, 5)

    def load(self, stop, result):
        """Lookups of some records and new ones at the healthy, as fast as they come; as many go to
        the victim, and nobody waits for these."""
        known, n = self.announce(self.others, 50), 0
        clients = [lab.Client(s.address) for s in self.others]
        beside = lab.Client(self.victim.address)
        while not stop.is_set():
            n += 1
            beside.send(raw.lookup(raw.txid(), [known[n % 50]]))
            beside.receive(0)
            client, transaction = clients[n % 4], raw.txid()
            request = raw.lookup(transaction, [known[n % 50]])
            if n % 10 == 0:
                request = raw.announce(transaction, [secrets.token_bytes(32)], "192.0.2.7", 80)
            start = time.monotonic()
            client.send(request)
            answer = client.receive(2)
            result["slowest"] = max(result["slowest"], time.monotonic() - start)
            result["requests"] += 1
            if answer is None or answer[3:11] != transaction:
                result["failed"] += 1
                client.receive(2)
        for client in (*clients, beside):
            client.close()

    def seen_of_the_victim(self, seconds):
        """How often each state was seen of it, from the healthy."""
        end, seen = time.monotonic() + seconds, {}
        while time.monotonic() < end:
            for s in self.others:
                p, = [p for p in ask(s, "ListPeers")["peers"]
                      if p["address"] == self.victim.address]
                seen[p["state"]] = seen.get(p["state"], 0) + 1
            time.sleep(0.1)
        return seen

    def test_starved(self):
        try:
            throttle = Throttle(self.victim.process, SHARE)
        except OSError as error:
            self.skipTest(f"no control group for its processor time: {error}")
        self.addCleanup(throttle.close)
        stop, load = threading.Event(), {"requests": 0, "failed": 0, "slowest": 0}
        thread = threading.Thread(target=self.load, args=(stop, load))
        thread.start()
        try:
            seen = self.seen_of_the_victim(SECONDS)
        finally:
            stop.set()
            thread.join()
        throttled = throttle.throttled()
        throttle.close()
        lab.wait_for(self.is_back, "it is back", BACK)
        self.healthy_accuse_only_the_victim()
        said, *counted = self.witness.accused(self.victim)
        print(f"{SHARE:.0%} of a processor for {SECONDS:g} s ({throttled} times without): seen as "
              f"{seen}; the healthy accused no healthy one; it suspected {counted[0]} and held "
              f"{counted[1]} for dead ({sorted(said)}); {load['requests']} requests at the "
              f"others, {load['failed']} failed, the slowest took {load['slowest']:.2f} s",
              file=sys.stderr)
        self.assertGreater(throttled, 0)
        self.assertEqual(counted[1], 0)
        self.assertEqual(load["failed"], 0)

    def test_stopped(self):
        before = self.announce(self.others)
        self.victim.process.send_signal(signal.SIGSTOP)
        start = time.monotonic()
        try:
            while time.monotonic() < start + SECONDS / 2:
                time.sleep(0.1)
            meanwhile = self.announce(self.others)
            time.sleep(max(0, start + SECONDS - time.monotonic()))
            states = [fleet.peers(s)[self.victim.address]["state"] for s in self.others]
        finally:
            self.victim.process.send_signal(signal.SIGCONT)
        woken = time.monotonic()
        missing = self.missing(self.victim, before), self.missing(self.victim, meanwhile)
        lab.wait_for(self.is_back, "it is back", BACK)
        back = time.monotonic() - woken
        self.assertEqual(states, ["dead"] * 4)
        time.sleep(SECONDS / 2)  # to think again
        said, *counted = self.witness.accused(self.victim)
        self.assertEqual((said, counted), ({}, [0, 0]))
        self.healthy_accuse_only_the_victim()
        self.assertTrue(self.is_back())
        self.assertEqual(self.missing(self.victim, before + meanwhile), 0)
        print(f"stopped for {SECONDS:g} s: dead for all others, it accused nobody, back after "
              f"{back:.2f} s; of {RECORDS} records of before {missing[0]} and of as many of "
              f"meanwhile {missing[1]} were not found at it at once, 0 later", file=sys.stderr)


if __name__ == "__main__":
    lab.main()
