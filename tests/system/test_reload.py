# SPDX-License-Identifier: BSD-2-Clause
"""A new configuration takes the place of the old one in one piece, or not at all, and no datagram
is lost meanwhile."""
import json
import os
import signal
import threading
import time

import lab
import raw

ROUNDS = 20


class Reload(lab.LabTest):
    @classmethod
    def setUpClass(cls):
        pass

    def write(self, server, **changes):
        server.settings = lab.merged(server.settings, changes)
        server.conf.write_text(lab.config_text(server.settings))

    def reload(self, server, *arguments):
        """dhtctl's exit status and answer."""
        done = lab.dhtctl("-s", server.folder / "control", "-o", "json", "reload", *arguments)
        return done.returncode, json.loads(done.stdout)

    def value(self, server, path):
        done = lab.dhtctl("-s", server.folder / "control", "-o", "json", "config", path)
        setting, = json.loads(done.stdout)["settings"]
        return setting["value"]

    def test_a_good_file_changes_what_it_names(self):
        server = self.other_server({"records": {"ttl": "10m"}})
        self.write(server, records={"ttl": "20m"}, clients={"base_put": False})
        status, answer = self.reload(server)
        self.assertEqual((status, answer["outcome"]), (0, "applied"))
        self.assertEqual([(one["path"], one["from"], one["to"]) for one in answer["applied"]],
                         [("records.ttl", '"10m"', '"20m"'),
                          ("clients.base_put", "true", "false")])
        with lab.Client(server.address) as client:
            client.answers(raw.put("192.0.2.1", b"abc"))
        self.assertEqual(server.stats()["drops"]["policy"], 1)
        self.assertEqual(self.reload(server)[1]["outcome"], "unchanged")

    def test_what_needs_a_restart_is_named(self):
        server = self.other_server()
        self.write(server, listen={"workers": 7}, records={"max_records": 5})
        status, answer = self.reload(server)
        self.assertEqual((status, answer["outcome"]), (0, "needsRestart"))
        self.assertEqual([one["path"] for one in answer["needsRestart"]], ["listen.workers"])
        self.assertEqual([one["path"] for one in answer["applied"]], ["records.max_records"])
        done = lab.dhtctl("-s", server.folder / "control", "-o", "json", "status")
        self.assertEqual(json.loads(done.stdout)["restartNeeded"], ["listen.workers"])

    def test_a_bad_file_changes_nothing(self):
        server = self.other_server({"records": {"ttl": "10m"}})
        good = server.conf.read_text()
        server.conf.write_text('records: { ttl = "20m"; };\nclients: { rates = 5; };\n')
        for _ in range(2):
            status, answer = self.reload(server)
            self.assertEqual((status, answer["outcome"]), (78, "rejected"))
            fault, = answer["rejected"]
            self.assertEqual((fault["file"], fault["line"], fault["setting"]),
                             (str(server.conf), 2, "clients.rates"))
            self.assertIn("clients.rate?", fault["message"])
            self.assertEqual(self.value(server, "records.ttl"), '"10m"')
        done = lab.dhtctl("-s", server.folder / "control", "-o", "json", "status")
        self.assertEqual(done.returncode, 8)
        self.assertIn("clients.rates", json.loads(done.stdout)["reasons"][0])
        server.conf.write_text(good)
        self.assertEqual(self.reload(server)[1]["outcome"], "unchanged")
        done = lab.dhtctl("-s", server.folder / "control", "status")
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_a_fault_in_a_file_whose_name_is_no_text(self):
        server = self.other_server()
        folder = server.folder / "dht.conf.d"
        folder.mkdir()
        (folder / os.fsdecode(b"\xff.conf")).write_text("x = 1;\n")
        self.assertEqual(self.reload(server)[0], 78)
        done = lab.dhtctl("-s", server.folder / "control", "-o", "json", "status")
        self.assertEqual(done.returncode, 8, done.stdout)
        self.assertIn("/?.conf:1: x: ", json.loads(done.stdout)["reasons"][0])

    def test_a_dry_run_changes_nothing(self):
        server = self.other_server({"records": {"ttl": "10m"}})
        self.write(server, records={"ttl": "20m"})
        status, answer = self.reload(server, "--dry-run")
        self.assertEqual((status, answer["outcome"]), (0, "applied"))
        self.assertEqual(self.value(server, "records.ttl"), '"10m"')
        server.conf.write_text("x = 1;\n")
        self.assertEqual(self.reload(server, "--dry-run")[0], 78)
        done = lab.dhtctl("-s", server.folder / "control", "status")
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_a_level_that_was_asked_for_stays_until_the_files_change_theirs(self):
        server = self.other_server()
        control = ("-s", server.folder / "control", "-o", "json", "log-level")
        lab.dhtctl(*control, "debug")
        for changes, level in (({}, "debug"), ({"records": {"ttl": "20m"}}, "debug"),
                               ({"log": {"level": "notice"}}, "notice")):
            self.write(server, **changes)
            self.assertEqual(self.reload(server)[0], 0)
            self.assertEqual(json.loads(lab.dhtctl(*control).stdout), {"level": level})

    def test_hangup_reloads_again_and_again(self):
        server = self.other_server()
        for ttl in ("11m", "12m", "13m"):
            self.write(server, records={"ttl": ttl})
            since = len(server.lines)
            server.process.send_signal(signal.SIGHUP)
            server.wait_line(rf"records\.ttl: .* becomes \"{ttl}\"", since)

    def test_secrets_are_read_again(self):
        keys = self.other_server({"password": "first"})
        keys.conf.chmod(0o600)
        self.write(keys, password="second")
        status, answer = self.reload(keys)
        self.assertEqual((status, answer["outcome"]), (0, "applied"))
        self.assertNotIn("first", json.dumps(answer))
        self.assertNotIn("second", json.dumps(answer) + keys.log())
        with lab.Client(keys.address) as client:
            client.send(raw.msg(raw.EXIT, b"first"))
            keys.wait_line("wrong password")
            time.sleep(1.2)
            client.send(raw.msg(raw.EXIT, b"second"))
        self.assertEqual(keys.wait_end(), 0)

    def ask(self, server, done, lost):
        """One GET after the other, each sent once."""
        with lab.Client(server.address) as client:
            count = 0
            while not done.is_set():
                client.send(raw.get(b"held"))
                if client.receive(2) is None:
                    lost.append(count)
                count += 1
        lost.append(-count)

    def test_no_datagram_is_lost_under_load(self):
        server = self.other_server()
        done, lost = threading.Event(), []
        loads = [threading.Thread(target=self.ask, args=(server, done, lost)) for _ in range(2)]
        for thread in loads:
            thread.start()
        try:
            for number in range(ROUNDS):
                self.write(server, records={"max_records": 1000 + number},
                           clients={"rate": 10**9 - number,
                                    "trusted": ["127.0.0.0/8", f"192.0.2.{number}"]})
                self.assertEqual(self.reload(server)[1]["outcome"], "applied")
        finally:
            done.set()
            for thread in loads:
                thread.join()
        self.assertEqual([one for one in lost if one >= 0], [], "requests without an answer")
        self.assertGreater(-sum(lost), ROUNDS)


if __name__ == "__main__":
    lab.main()
