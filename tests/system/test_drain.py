# SPDX-License-Identifier: BSD-2-Clause
"""Changing who is in a cluster: servers that are added, dropped, drained and taken back."""
import json
import secrets
import signal
import time

import fleet
import lab


class Changed(fleet.FleetTest):
    def test_add_peer(self):
        settings = lab.merged(fleet.QUICK, {"cluster": {"key_file": ""}})
        a, b = lab.Server(settings), lab.Server(settings)
        self.addCleanup(a.end)
        self.addCleanup(b.end)
        self.works(a, "add-peer", b.address)
        for s in (a, b):
            self.works(s, "wait", "--members", "2", "--timeout", "10s")
        self.assertIn("a member already (alive)", self.works(a, "add-peer", b.address).stderr)

    def test_drop_one_that_is_alive(self):
        f = self.fleet(2)
        a, b = f.servers
        run = self.works(a, "drop-peer", f"{b.address}:8471")
        self.assertIn("it has to answer for itself", run.stderr)
        time.sleep(2.5)
        self.assertEqual(fleet.peers(a)[b.address]["state"], "alive")

    def test_drain(self):
        f = self.fleet(4)
        a, d = f.servers[0], f.servers[3]
        many = [secrets.token_hex(32) for _ in range(300)]
        run = lab.dht("-S", d.address, "put", "--ip", "192.0.2.7", *many)
        self.assertEqual(run.returncode, 0, run.stderr)
        run = self.works(d, "-o", "json", "drain", "--timeout", "60s")
        self.assertEqual(json.loads(run.stdout)["drained"], True)
        found = fleet.status(d)
        self.assertEqual((found["leaving"], found["drained"], found["records"]), (True, True, 0))
        self.assertEqual(found["partitions"]["owned"], 0)
        lab.wait_for(lambda: fleet.peers(a)[d.address]["state"] == "leaving", "it is told of")
        lab.wait_for(lambda: f"{d.address}:8471 hands over what it has" in a.log(), "it is logged")
        # It answers for the others, and nothing is missed when it is gone at once.
        run = lab.dht("-S", d.address, "get", *many)
        self.assertEqual(run.stdout.count("192.0.2.7"), len(many), run.stderr)
        d.kill()
        run = lab.dht("-S", a.address, "get", *many)
        self.assertEqual(run.stdout.count("192.0.2.7"), len(many), run.stderr)

    def test_undrain(self):
        f = self.fleet(3)
        c = f.servers[2]
        self.works(c, "drain", "--timeout", "60s")
        self.assertIn("it gets its share again", self.works(c, "undrain").stderr)
        self.assertIn("not being drained", self.works(c, "undrain").stderr)
        lab.wait_for(lambda: fleet.status(c)["partitions"] ==
                     {"owned": 16384, "partial": 0, "kept": 0}, "it has its share again", 30)
        self.assertFalse(fleet.status(c)["leaving"])

    def test_a_drain_takes_its_time(self):
        """The others are paused: it cannot be done, and goes on when they are back."""
        f = self.fleet(2, {"cluster": {"suspect_after": "20s", "drop_after": "40s"}})
        a, b = f.servers
        run = lab.dht("-S", b.address, "put", "--ip", "192.0.2.7", "00")
        self.assertEqual(run.returncode, 0, run.stderr)
        a.process.send_signal(signal.SIGSTOP)
        try:
            self.fails(6, b, "drain", "--timeout", "700ms",
                       say=("after 700ms: ", "partitions are not with others yet", "undrain"))
        finally:
            a.process.send_signal(signal.SIGCONT)
        lab.wait_for(lambda: fleet.status(b)["drained"], "it is drained", 30)


if __name__ == "__main__":
    lab.main()
