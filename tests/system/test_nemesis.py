# SPDX-License-Identifier: BSD-2-Clause
"""Five real servers whose network is cut and which are killed while clients write and read.

No acknowledged record is lost, none is invented, none served after its end, and no request fails
that is tried at three servers while one of five is gone. DHT_CYCLES sets how often the network is
cut and healed (3), DHT_KILLS how many servers are killed (3).
"""
import collections
import contextlib
import os
import socket
import sys
import time
import unittest

import fleet
import lab
import nemesis

CYCLES = int(os.environ.get("DHT_CYCLES", "3"))
KILLS = int(os.environ.get("DHT_KILLS", "3"))
FAST = {"cluster": {"keepalive_interval": "200ms", "suspect_after": "1s", "drop_after": "2s",
                    "repair_interval": "2s"},
        "listen": {"workers": 2}}
SERVERS = [f"127.0.0.{n}" for n in range(2, 7)]
NO_NETWORK = None


class Faults(unittest.TestCase):
    """Without any server."""

    def test_each_does_what_it_says(self):
        if NO_NETWORK:
            self.skipTest(NO_NETWORK)
        self.addCleanup(nemesis.heal)
        for name, drops, egress, low, high in (
                ("none", [], (), 2000, 2000),
                ("one way", nemesis.one_way([SERVERS[:2]]), (), 0, 0),
                ("the other way", nemesis.one_way([SERVERS[1::-1]]), (), 2000, 2000),
                ("loss", nemesis.loss(20, SERVERS), (), 1500, 1700),
                # Of a duplicate there may be one as well: 1 / (1 - 0.3).
                ("duplicates", [], nemesis.duplicates(30, SERVERS), 2700, 3010)):
            nemesis.rules(drops, egress)
            with contextlib.closing(socket.socket(type=socket.SOCK_DGRAM)) as to, \
                    contextlib.closing(socket.socket(type=socket.SOCK_DGRAM)) as out:
                to.bind((SERVERS[1], 9))
                to.settimeout(0.02)
                out.bind((SERVERS[0], 0))
                arrived = self.sent_and_arrived(out, to, 2000)
            self.assertTrue(low <= arrived <= high, (name, arrived))

    @staticmethod
    def sent_and_arrived(out, to, count):
        arrived = 0
        for i in range(count):
            out.sendto(bytes(16), to.getsockname())
            while i % 50 == 49:
                try:
                    arrived += len(to.recv(64)) == 16
                except TimeoutError:
                    break
        return arrived


class Nemesis(unittest.TestCase):
    def setUp(self):
        if NO_NETWORK:
            self.skipTest(NO_NETWORK)
        nemesis.heal()
        self.rng = lab.rng()
        self.fleet = fleet.Fleet(0, FAST)
        self.addCleanup(self.fleet.end)
        for address in SERVERS:
            self.fleet.add(address=address)
        self.fleet.wait_members(5)
        from ledger import Ledger  # after the namespace was entered
        self.ledger = Ledger(lambda: SERVERS, self.rng)
        self.addCleanup(self.ledger.stop)

    def settle(self):
        """Heals all, waits until the five agree and have compared what they have."""
        nemesis.heal()
        self.fleet.wait_members(5, 30)
        for s in self.fleet.alive():
            lab.wait_for(lambda s=s: fleet.status(s)["partitions"]["partial"] == 0, "caught up", 30)
        time.sleep(5)

    def verdict(self, what):
        wanted = 0
        for address in SERVERS:
            wanted, missing = self.ledger.check(address)
            self.assertEqual(missing, 0, (address, self.ledger.violations[:5]))
        self.assertEqual(self.ledger.violations, [])
        print(f"{what}: {self.ledger.acks} acknowledged ({self.ledger.weak} by fewer than the "
              f"quorum, {self.ledger.failed} not), {self.ledger.reads} reads "
              f"({self.ledger.failed_reads} failed), {wanted} records looked for at each server: "
              "0 lost, 0 invented, 0 served after their end", file=sys.stderr)

    def draw_fault(self):
        rng = self.rng
        some = rng.sample(SERVERS, rng.choice((1, 2)))
        rest = [a for a in SERVERS if a not in some]
        a, b = rng.sample(SERVERS, 2)
        return rng.choice((
            ("split", nemesis.cut(nemesis.between(some, rest)), ()),
            ("one way", nemesis.one_way(nemesis.between(some, rest)), ()),
            ("deaf", nemesis.one_way(nemesis.between(rest, some)), ()),
            ("one link", nemesis.cut([(a, b)]), ()),
            ("half a link", nemesis.one_way([(a, b)]), ()),
            ("loss", nemesis.loss(20, SERVERS), ()),
            ("duplicates", [], nemesis.duplicates(30, SERVERS)),
            ("shattered", nemesis.cut([(x, y) for x in SERVERS for y in SERVERS if x < y]), ()),
        ))

    def test_partitions(self):
        self.ledger.start()
        seen, hit = collections.Counter(), collections.Counter()
        for _ in range(CYCLES):
            name, drops, egress = self.draw_fault()
            nemesis.rules(drops, egress)
            time.sleep(self.rng.uniform(1, 5))
            seen[name] += 1
            hit[name] += nemesis.counted()
            nemesis.heal()
            time.sleep(self.rng.uniform(0.5, 4))
        self.ledger.stop()
        self.settle()
        self.verdict(f"{CYCLES} cuts {dict(seen)}, which hit so many datagrams: {dict(hit)}")
        self.assertTrue(all(hit[name] for name in seen), "a fault that hit nothing")

    def test_kills(self):
        """One server after the other is killed, and comes back empty once the others have made up
        for it."""
        self.ledger.start()
        for _ in range(KILLS):
            victim = self.rng.choice(self.fleet.alive())
            victim.kill()
            time.sleep(self.rng.uniform(0.3, 4))
            self.fleet.servers.remove(victim)
            victim.end()
            self.fleet.add(address=victim.address)
            self.fleet.wait_members(5, 30)
            for s in self.fleet.alive():
                lab.wait_for(lambda s=s: fleet.status(s)["partitions"]["partial"] == 0,
                             "caught up", 30)
            time.sleep(4)
        self.ledger.stop()
        self.settle()
        self.verdict(f"{KILLS} kills")
        self.assertEqual((self.ledger.failed, self.ledger.failed_reads), (0, 0))


if __name__ == "__main__":
    NO_NETWORK = nemesis.enter()
    lab.main()
