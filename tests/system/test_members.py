# SPDX-License-Identifier: BSD-2-Clause
"""What an administrator sees of a cluster: members, partitions, where a hash is."""
import json
import re
import secrets
import signal
import time

import fleet
import lab


class Seen(fleet.FleetTest):
    def test_peers_and_status(self):
        f = self.fleet(3, {"cluster": {"zone": "e1"}})
        a, b, c = f.servers
        lab.wait_for(lambda: fleet.peers(a)[b.address]["settled"], "it is told of")
        peer = fleet.peers(a)[b.address]
        self.assertEqual((peer["port"], peer["clientPort"], peer["state"], peer["link"]),
                         (8471, 8470, "alive", "good"))
        self.assertEqual((peer["zone"], peer["weight"]), ("e1", 1))
        self.assertEqual(peer["version"], fleet.status(b)["version"])
        self.assertGreater(peer["roundTripMicroseconds"], 0)
        self.assertLess(abs(peer["clockOffsetMilliseconds"]), 1000)
        self.assertEqual(len(peer["keyIds"]), 1)
        self.assertEqual(peer["keyIds"][0], fleet.ctl(a, "keys")["keys"][0]["id"])
        found = fleet.status(a)
        self.assertEqual((found["members"], found["known"], found["leaving"]), (3, 3, False))
        self.assertEqual(found["partitions"], {"owned": 16384, "partial": 0, "kept": 0})
        self.works(a, "wait", "--members", "3")
        self.fails(6, a, "wait", "--members", "4", "--timeout", "200ms", say=("3 of 4 members",))
        table = self.works(a, "peers").stdout.splitlines()
        self.assertEqual(len(table), 3)
        self.assertRegex(table[0], r"^ADDRESS +STATE +LINK +ROUND TRIP +LOSS +LAST HEARD +CLOCK")
        self.assertRegex("\n".join(table), rf"(?m)^{re.escape(c.address)}:8471 +alive +good ")

    def test_what_happens_is_logged(self):
        f = self.fleet(2)
        a, b = f.servers
        at = f"{b.address}:8471"
        self.assertIn(f"{at} has joined the cluster", a.log())
        b.kill()
        f.wait_members(1)
        lab.wait_for(lambda: f"{at} is dead" in a.log(), "its death is logged")
        self.assertIn(f"{at} does not answer", a.log())
        found = fleet.peers(a)[b.address]
        self.assertEqual((found["state"], found["link"]), ("dead", "none"))
        run = self.ctl(a, "status")
        self.assertEqual(run.returncode, 8)
        self.assertIn("1 of 2 members are alive, fewer than cluster.write_quorum (2)", run.stdout)
        self.works(a, "drop-peer", b.address)
        lab.wait_for(lambda: not fleet.peers(a), "it is forgotten")
        self.works(a, "status")

    def test_who_leaves_and_comes_back(self):
        f = self.fleet(2)
        a, b = f.servers
        b.stop()
        lab.wait_for(lambda: f"{b.address}:8471 has left the cluster" in a.log(), "it has left")
        lab.wait_for(lambda: fleet.status(a)["known"] == 1, "it is known no more")

    def test_alone_among_seeds(self):
        """Not at once: the others may just be starting."""
        server = lab.Server(lab.merged(fleet.QUICK, {"cluster": {"seeds": [lab.address()]}}))
        self.addCleanup(server.end)
        self.works(server, "status")
        lab.wait_for(lambda: self.ctl(server, "status").returncode == 8, "it is told", 20)
        self.assertIn("none of cluster.seeds answers", self.ctl(server, "status").stdout)

    def test_other_replicas(self):
        """Each computes owners with its own number, so both say so until they are alike."""
        f = self.fleet(1)
        a, b = f.servers[0], f.add({"cluster": {"replicas": 2}})
        f.wait_members(2)
        for s, other, theirs, own in ((a, b, 2, 3), (b, a, 3, 2)):
            reason = (f"member {other.address}:8471 has cluster.replicas {theirs}, "
                      f"this server {own}")
            lab.wait_for(lambda s=s, want=reason: want in fleet.status(s)["reasons"], reason)
            run = self.ctl(s, "status")
            self.assertEqual(run.returncode, 8)
            self.assertIn(reason, run.stdout)
            peer = fleet.peers(s)[other.address]
            self.assertEqual((peer["replicas"], peer["writeQuorum"]), (theirs, 2))
        # Other replicas take a restart: until then nobody is told that they are alike.
        b.settings["cluster"]["replicas"] = 3
        b.conf.write_text(lab.config_text(b.settings))
        answer = fleet.ctl(b, "reload")
        self.assertEqual([c["path"] for c in answer["needsRestart"]], ["cluster.replicas"])
        self.assertEqual(fleet.peers(a)[b.address]["replicas"], 2)
        b.stop()
        lab.wait_for(lambda: self.ctl(a, "status").returncode == 0, "nobody else is there")

    def test_partitions(self):
        f = self.fleet(4)
        a = f.servers[0]
        lab.wait_for(lambda: fleet.status(a)["partitions"]["kept"] == 0, "all is in its place", 60)
        shares = fleet.ctl(a, "partitions")
        self.assertEqual(sum(s["partitions"] for s in shares["servers"]), 3 * 16384)
        self.assertEqual({s["address"] for s in shares["servers"]},
                         {s.address for s in f.servers})
        own = next(s["partitions"] for s in shares["servers"] if s["self"])
        self.assertEqual(own, fleet.status(a)["partitions"]["owned"])
        self.assertEqual(shares["own"]["complete"], own)
        rows = fleet.ctl(a, "partitions", "--list")["partitions"]
        self.assertEqual([row["partition"] for row in rows], list(range(16384)))
        self.assertEqual({len(set(row["owners"])) for row in rows}, {3})
        at = f"{a.address}:8471"
        self.assertEqual({row["state"] for row in rows if at in row["owners"]}, {"complete"})
        self.assertEqual({row["state"] for row in rows if at not in row["owners"]}, {"none"})
        others = fleet.ctl(f.servers[1], "partitions", "--list")["partitions"]
        self.assertEqual([row["owners"] for row in rows], [row["owners"] for row in others])

    def explain(self, server, one):
        return json.loads(self.ctl(server, "-o", "json", "explain", one).stdout)

    def test_explain(self):
        f = self.fleet(4)
        a = f.servers[0]
        one = secrets.token_hex(32)
        for i in range(3):
            lab.dht("-S", a.address, "put", "--ip", f"192.0.2.{i}", one)
        answers = [self.explain(s, one) for s in f.servers]
        for s, found in zip(f.servers, answers):
            owners = [r for r in found["replicas"] if r["owner"]]
            self.assertEqual(found["hash"], one)
            self.assertEqual(found["partition"], answers[0]["partition"])
            self.assertEqual(len(owners), 3)
            for r in owners:
                self.assertEqual((r["answered"], r["complete"], r["providers"]), (True, True, 3))
                self.assertEqual(r["version"], owners[0]["version"])
                self.assertIn(r["ttlSeconds"], range(1700, 1801))
            self.assertEqual([r["address"] for r in found["replicas"] if r["self"]],
                             [s.address])
        self.assertEqual(self.ctl(a, "explain", secrets.token_hex(32)).returncode, 5)
        victim = next(s for s in f.servers if s is not a and s.address in
                      {r["address"] for r in answers[0]["replicas"] if r["owner"]})
        victim.process.send_signal(signal.SIGSTOP)
        start = time.monotonic()
        run = self.ctl(a, "explain", one)
        victim.process.send_signal(signal.SIGCONT)
        self.assertEqual(run.returncode, 7, run.stdout)
        self.assertRegex(run.stdout, rf"{re.escape(victim.address)}:8471 .* no answer ")
        self.assertLess(time.monotonic() - start, 3)

    def test_many_ask_at_once(self):
        """Each is answered, or told to try again; nobody waits for long."""
        f = self.fleet(2)
        a, b = f.servers
        b.process.send_signal(signal.SIGSTOP)
        try:
            running = [lab.start_dhtctl("-s", a.folder / "control", "explain", f"{i:02x}")
                       for i in range(20)]
            results = [(process.wait(lab.PATIENCE), process.communicate()[1])
                       for process in running]
        finally:
            b.process.send_signal(signal.SIGCONT)
        self.assertEqual({status for status, _ in results}, {1, 7}, results)
        self.assertEqual(sum(status == 7 for status, _ in results), 8)
        self.assertTrue(all("try again" in err for status, err in results if status == 1))


if __name__ == "__main__":
    lab.main()
