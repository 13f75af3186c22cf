# SPDX-License-Identifier: BSD-2-Clause
"""Changing the keys of a cluster, and who has the wrong one."""
import json
import pathlib
import re
import tempfile
import time

import fleet
import lab


class Keys(fleet.FleetTest):
    def keygen(self):
        """A file with a new key, and its id."""
        folder = tempfile.TemporaryDirectory(prefix="dht-key-")
        self.addCleanup(folder.cleanup)
        path = pathlib.Path(folder.name) / "new.key"
        path.touch(0o600)
        path.write_text(lab.dhtctl("keygen").stdout)
        return path, re.search(r"key ([0-9a-f]{2}),", path.read_text()).group(1)

    def with_own_files(self, n):
        """A fleet of servers with a key file each."""
        f = self.fleet(1)
        text = f.key.read_text()
        folder = tempfile.TemporaryDirectory(prefix="dht-key-")
        self.addCleanup(folder.cleanup)
        self.files = [f.key]
        for i in range(1, n):
            path = pathlib.Path(folder.name) / f"{i}.key"
            path.touch(0o600)
            path.write_text(text)
            self.files.append(path)
            f.add({"cluster": {"key_file": str(path)}})
        f.wait_members(n)
        return f

    def key(self, server, key_id):
        return {k["id"]: k for k in fleet.ctl(server, "keys")["keys"]}.get(key_id)

    def test_a_change_of_keys(self):
        f = self.with_own_files(3)
        old = fleet.ctl(f.servers[0], "keys")["keys"][0]["id"]
        path, new = self.keygen()
        a, b, c = f.servers
        self.fails(5, a, "keys", "use", new, say=(f"no key {new}",))
        self.fails(1, a, "keys", "remove", old, say=("is the only one",))
        for s in f.servers:
            if s is c:
                lab.wait_for(lambda: self.key(a, new)["held"] == 2, "the others hold it")
                self.fails(1, a, "keys", "use", new, say=(f"{c.address}:8471 does not have it: ",))
            run = self.works(s, "-o", "json", "keys", "add", "--key-file", path)
            self.assertTrue(json.loads(run.stdout)["persistent"])
        for s in f.servers:
            lab.wait_for(lambda s=s: self.key(s, new)["held"] == 3, "all hold it")
        self.fails(1, a, "keys", "remove", old, say=("seals with it",))
        for s in f.servers:
            self.works(s, "keys", "use", new)
        lab.wait_for(lambda: self.key(a, new)["sealing"] == 3, "all seal with it")
        for s in f.servers:
            lab.wait_for(lambda s=s: self.key(s, old)["sealing"] == 0, "nobody uses the old one")
            self.works(s, "keys", "remove", old)
        for s in f.servers:
            self.assertEqual([k["id"] for k in fleet.ctl(s, "keys")["keys"] if k["here"]], [new])
        for key_file in self.files:
            self.assertIn(path.read_text().split()[-1], key_file.read_text())
            self.assertEqual(len(re.findall(r"(?m)^[0-9a-f]{64}$", key_file.read_text())), 1)
            self.assertEqual(key_file.stat().st_mode & 0o777, 0o600)
        time.sleep(3)
        f.wait_members(3)
        self.assertNotIn("suspect", {p["state"] for p in fleet.peers(a).values()})
        # After a restart it is the same.
        c.stop()
        again = lab.Server(c.settings)
        self.addCleanup(again.end)
        self.works(c, "wait", "--members", "3", "--timeout", "15s")
        self.assertIn(f"cluster key {new} added, asked by", a.log())

    def test_a_file_that_cannot_be_written(self):
        f = self.fleet(1)
        path, new = self.keygen()
        (f.key.parent / f"{f.key.name}.new").mkdir()
        run = self.works(f.servers[0], "keys", "add", "--key-file", path)
        self.assertIn("warning: this is lost with the next start or reload: cannot write",
                      run.stderr)
        self.assertIn("the first seals", run.stderr)
        self.assertEqual(run.stdout.count(new), 1)
        self.assertNotIn(path.read_text().split()[-1], run.stdout + run.stderr)
        self.works(f.servers[0], "reload")
        self.assertIsNone(self.key(f.servers[0], new))
        self.assertNotIn(path.read_text().split()[-1], f.servers[0].log())

    def test_a_key_by_a_pipe(self):
        f = self.fleet(1)
        path, new = self.keygen()
        self.works(f.servers[0], "keys", "add", stdin=path.read_text())
        self.assertTrue(self.key(f.servers[0], new)["here"])
        self.fails(1, f.servers[0], "keys", "add", stdin=path.read_text(),
                   say=("has the key", "already"))
        self.fails(1, f.servers[0], "keys", "add", stdin="# nothing\n", say=("but comments",))

    def reload_key(self, server, path):
        """dhtctl's exit status and the answer of a reload with this key file, None: without."""
        settings = lab.merged(server.settings, {"cluster": {"key_file": str(path or "")}})
        server.conf.write_text(lab.config_text(settings))
        return fleet.ctl(server, "reload")

    def expect_restart(self, server, answer):
        self.assertEqual(answer["outcome"], "needsRestart")
        self.assertEqual([c["path"] for c in answer["needsRestart"]], ["cluster.key_file"])
        self.assertEqual(answer["applied"], [])
        self.assertEqual(fleet.ctl(server, "status")["restartNeeded"], ["cluster.key_file"])
        self.assertIn("cluster.key_file: ", server.log())
        self.assertIn("with the next restart only", server.log())

    def test_a_first_key_takes_a_restart(self):
        """A server in clear does not begin to seal by a reload, and goes on."""
        server = lab.Server(fleet.QUICK)
        self.addCleanup(server.end)
        path, _ = self.keygen()
        for _ in range(2):
            self.expect_restart(server, self.reload_key(server, path))
        self.assertEqual(fleet.ctl(server, "keys")["keys"], [])
        self.assertEqual(self.reload_key(server, None)["outcome"], "unchanged")
        self.assertEqual(fleet.ctl(server, "status")["restartNeeded"], [])

    def test_going_without_keys_takes_a_restart(self):
        path, key_id = self.keygen()
        server = lab.Server(lab.merged(fleet.QUICK, {"cluster": {"key_file": str(path)}}))
        self.addCleanup(server.end)
        for _ in range(2):
            self.expect_restart(server, self.reload_key(server, None))
        self.assertTrue(self.key(server, key_id)["here"])
        other, other_id = self.keygen()
        self.assertEqual(self.reload_key(server, other)["outcome"], "applied")
        self.assertTrue(self.key(server, other_id)["here"])

    def test_a_reload_that_cuts_off_is_warned_of(self):
        """It is done all the same: whoever writes the files decides."""
        f = self.fleet(2)
        a, b = f.servers
        path, new = self.keygen()
        both = path.with_name("both.key")
        both.touch(0o600)
        both.write_text(f.key.read_text() + path.read_text())
        self.assertNotIn("warnings", self.reload_key(a, both))
        a.conf.write_text(lab.config_text(
            lab.merged(a.settings, {"cluster": {"key_file": str(path)}})))
        warning = f"cluster.key_file: the key {new} seals, and is not held yet by {b.address}:8471"
        answer = fleet.ctl(a, "reload", "--dry-run")
        self.assertIn(warning, answer["warnings"][0])
        self.assertNotIn(warning, a.log())
        run = self.works(a, "reload")
        self.assertIn(f"dhtctl: warning: {warning}", run.stderr)
        self.assertIn("add it as the second key everywhere first", run.stderr)
        self.assertIn(warning, a.log())

    def test_a_wrong_key_has_a_name(self):
        """Of a server that knocks at one that does not know it, and of one that is a seed."""
        f = self.fleet(1)
        a = f.servers[0]
        path, new = self.keygen()
        b = lab.Server(lab.merged(fleet.QUICK, {"cluster": {"seeds": [a.address],
                                                      "key_file": str(path)}}))
        self.addCleanup(b.end)
        wrong = lab.wait_for(lambda: fleet.ctl(a, "peers").get("wrongKeys"), "it knocks")[0]
        self.assertEqual((wrong["address"], wrong["fault"], wrong["keyId"], wrong["expected"]),
                         (b.address, "unknownKey", new, False))
        self.works(a, "status")
        run = self.works(a, "peers")
        self.assertIn(f"wrong key: {b.address} seals with the key {new}, which this server does "
                      "not have (", run.stderr)
        c = f.add({"cluster": {"seeds": [a.address, b.address]}})
        f.wait_members(2)
        self.works(b, "add-peer", c.address)
        lab.wait_for(lambda: self.ctl(c, "status").returncode == 8, "it is a reason")
        self.assertIn(f"{b.address} seals with the key {new}, which this server does not have",
                      self.ctl(c, "status").stdout)

    def test_a_server_in_clear_has_a_name(self):
        f = self.fleet(1)
        a = f.servers[0]
        b = lab.Server(lab.merged(fleet.QUICK, {"cluster": {"seeds": [a.address]}}))
        self.addCleanup(b.end)
        wrong = lab.wait_for(lambda: fleet.ctl(a, "peers").get("wrongKeys"), "it knocks")[0]
        self.assertEqual((wrong["address"], wrong["fault"], wrong["keyId"]),
                         (b.address, "inClear", None))
        self.assertIn("talks in clear, and this server has a key", self.works(a, "peers").stderr)


if __name__ == "__main__":
    lab.main()
