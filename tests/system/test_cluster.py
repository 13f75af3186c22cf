# SPDX-License-Identifier: BSD-2-Clause
"""A cluster of real servers: announced to one, found at another, also when one has died."""
import secrets
import time
import unittest

import fleet
import lab


def hashes(n):
    return [secrets.token_hex(32) for _ in range(n)]


class Cluster(unittest.TestCase):
    key = True

    @classmethod
    def setUpClass(cls):
        cls.fleet = fleet.Fleet(3, key=cls.key)
        cls.addClassCleanup(cls.fleet.end)

    def dht(self, server, *arguments, status=0):
        run = lab.dht("-S", server.address, *arguments)
        self.assertEqual(run.returncode, status, (arguments[:3], run.stdout[:300], run.stderr))
        return run.stdout

    def test_peers(self):
        for s in self.fleet.servers:
            others = fleet.peers(s)
            self.assertEqual(set(others), {o.address for o in self.fleet.servers if o is not s})
            for p in others.values():
                self.assertEqual(p["state"], "alive")

    def test_announced_here_found_there(self):
        a, b, c = self.fleet.servers
        many = hashes(200)
        self.dht(a, "put", "--ip", "192.0.2.7", "--port", "80", *many)
        for s in (b, c, a):
            out = self.dht(s, "get", *many)
            self.assertEqual(out.count("192.0.2.7"), len(many))
        self.dht(b, "drop", "--ip", "192.0.2.7", "--port", "80", *many)
        for s in (c, a, b):
            self.dht(s, "get", many[0], status=5)

    def test_want_at_another(self):
        a, b, c = self.fleet.servers
        for want_at, put_at in ((a, b), (b, c), (c, a)):
            one = hashes(1)[0]
            waiting = lab.start_dht("-S", want_at.address, "want", one)
            try:
                time.sleep(0.3)
                self.dht(put_at, "put", "--ip", "192.0.2.9", one)
                out, err = waiting.communicate(timeout=lab.PATIENCE)
                self.assertIn("192.0.2.9", out, err)
            finally:
                waiting.kill()
                waiting.communicate()

    def test_servers(self):
        out = self.dht(self.fleet.servers[0], "servers")
        for s in self.fleet.servers:
            self.assertIn(s.address, out)


class InClear(Cluster):
    key = False


class Killed(unittest.TestCase):
    def test_one_of_three(self):
        f = fleet.Fleet(3)
        self.addCleanup(f.end)
        a, b, c = f.servers
        many = hashes(300)
        run = lab.dht("-S", a.address, "put", "--ip", "192.0.2.7", *many)
        self.assertEqual(run.returncode, 0, run.stderr)
        a.kill()
        for s in (b, c):
            run = lab.dht("-S", s.address, "get", *many)
            self.assertEqual(run.stdout.count("192.0.2.7"), len(many), run.stderr)
        f.wait_members(2)


if __name__ == "__main__":
    lab.main()
