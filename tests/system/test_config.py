# SPDX-License-Identifier: BSD-2-Clause
"""Configuration files: all faults of a bad one are told at once, with their place."""
import os
import pathlib
import re
import resource
import socket
import subprocess
import tempfile
import time

import lab
import raw

CONFIG = 78


class Config(lab.LabTest):
    @classmethod
    def setUpClass(cls):
        pass

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="dht-lab-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.conf = self.folder / "dht.conf"

    def write(self, text, name="dht.conf", mode=0o600):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path

    def run_dhtd(self, *arguments, seconds=lab.PATIENCE, preexec_fn=None):
        return subprocess.run([str(lab.DHTD), *map(str, arguments)], text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=seconds,
                              env=lab.clean_environment(), preexec_fn=preexec_fn)

    def check(self, text=None):
        if text is not None:
            self.write(text)
        return self.run_dhtd("--check", "-c", self.conf)

    def faults(self, text):
        """[(line, setting and what is wrong), …] of a file with faults."""
        run = self.check(text)
        self.assertEqual(run.returncode, CONFIG, run.stdout + run.stderr)
        found = re.findall(rf"^(?:dhtd: )?{re.escape(str(self.conf))}:(\d+): (.*)$",
                           run.stdout + run.stderr, re.M)
        return [(int(line), what) for line, what in found]

    # ---- What is wrong, and where ----

    def test_all_faults_at_once(self):
        found = self.faults("""\
listen: {
    address = "127.0.0.300";
    ports = { client = 70000; };
    workers = "two";
};
records: { ttl = "30";
    max_ttl = 5;
    max_memory = "64X"; };
clients: { allow = ( "10.0.0.1/8" );
    rate = -1;
    base_put = "yes"; };
log: { level = "loud"; };
colour = "blue";
""")
        places = {(line, what.split(":")[0]) for line, what in found}
        self.assertLessEqual({
            (2, "listen.address"), (3, "listen.ports.client"), (4, "listen.workers"),
            (6, "records.ttl"), (7, "records.max_ttl"), (8, "records.max_memory"),
            (9, "clients.allow"), (10, "clients.rate"), (11, "clients.base_put"),
            (12, "log.level"), (13, "colour")}, places, found)
        self.assertEqual(len(found), 11, found)

    def test_a_line_that_memory_is_too_short_for(self):
        self.write("listen: { workers = 1; };\n")
        with open(self.conf, "r+b") as file:
            file.truncate(600 << 20)  # one long line, which takes no room on the disk

        def check(*arguments):
            limit = (400 << 20, 400 << 20)
            return self.run_dhtd(*arguments, preexec_fn=lambda: resource.setrlimit(
                resource.RLIMIT_AS, limit))
        if check("--version").returncode != 0:
            self.skipTest("a sanitizer's build needs more memory than that to start")
        run = check("--check", "-c", self.conf)
        self.assertEqual(run.returncode, CONFIG, run.stderr)
        self.assertIn("Cannot allocate memory", run.stderr)

    def test_all_faults_of_the_cluster_at_once(self):
        found = self.faults("""\
cluster: {
    seeds = ( "a b", "a.example:0",
              "192.0.2.300" );
    replicas = 0;
    weight = 101;
    suspect_after = "5"; };
records: { max_memory = "64K"; };
storage: { mode = "often"; };
metrics: { listen = "127.0.0.1"; };
control: { socket = 5; };
tracker: { interval = "1s"; };
""")
        places = [(line, what.split(":")[0]) for line, what in found]
        self.assertEqual(sorted(places), [
            (2, "cluster.seeds"), (2, "cluster.seeds"), (3, "cluster.seeds"),
            (4, "cluster.replicas"), (5, "cluster.weight"), (6, "cluster.suspect_after"),
            (7, "records.max_memory"), (8, "storage.mode"), (9, "metrics.listen"),
            (10, "control.socket"), (11, "tracker.interval")], found)
        memory, = [what for _, what in found if what.startswith("records.max_memory")]
        self.assertIn("\"1M\"", memory, "it names the least")

    def test_what_is_not_used_yet_is_noted(self):
        more = self.write("tracker: { enabled = true; };\n", "dht.conf.d/10-tracker.conf")
        run = self.check("cluster: { name = \"x\"; replicas = 3; };\n"
                         "storage: { mode = \"sync\"; };\n")
        self.assertEqual((run.returncode, run.stdout), (0, ""))
        self.assertEqual([line.removeprefix("dhtd: ") for line in run.stderr.splitlines()], [
            f"{self.conf}:2: storage.mode: this version does not use it yet",
            f"{more}:1: tracker.enabled: this version does not use it yet"])
        run = self.run_dhtd("--print-config", "-c", self.conf)
        row, = [line for line in run.stdout.splitlines() if "mode = " in line]
        self.assertIn(f"# {self.conf}:2; not used yet", row)

    def test_a_client_port_that_another_plane_will_have(self):
        """Who has only set the client's port is not told of ports that nobody uses."""
        run = self.check("listen: { ports = { client = 8471; }; };\n")
        self.assertEqual((run.returncode, run.stderr), (0, ""))

    def test_misspelt_settings(self):
        for wrong, right in (("records: { tll = \"1m\"; };", "records.ttl"),
                             ("clients: { thirdparty_put = true; };", "clients.third_party_put"),
                             ("listen: { adress = \"127.0.0.1\"; };", "listen.address"),
                             ("pasword = \"x\";", "password"),
                             ("recordz: { ttl = \"1m\"; };", "records")):
            (line, what), *_ = self.faults("\n" + wrong + "\n")
            self.assertEqual(line, 2)
            self.assertIn(right, what)

    def test_syntax(self):
        for text, line in (("listen: {\n", 2), ("a = ;\n", 1),
                           ("\n\nrecords: { ttl = \"1m };\n", 3),
                           ("log: { level = \"info\"; } }\n", 1), ("\x01\n", 1)):
            found = self.faults(text)
            self.assertTrue(found, text)
            self.assertIn(found[0][0], (line, line - 1, line + 1), text)

    def test_a_quote_is_missing(self):
        """It is said in one line, and what stands behind it is read as it was meant."""
        self.write("records: {\n ttl = \"1m;\n max_ttl = 5;\n};\n"
                   "cluster: { name = \"a\nb\"; };\n")
        run = self.check()
        self.assertEqual(run.returncode, CONFIG)
        for line in run.stderr.splitlines():
            self.assertRegex(line, rf"^{re.escape(str(self.conf))}:\d+: ", run.stderr)
        self.assertIn(f"{self.conf}:2: a string goes on", run.stderr)
        self.assertIn(f"{self.conf}:3: records.max_ttl: ", run.stderr)

    def test_what_another_programs_file_looks_like(self):
        for text, expected in (
                ("log: { level = \"info\"; };\n[records]\nttl = 30\n",
                 "2: syntax error near '[': a group is written records: { … };"),
                ("records.ttl = \"5m\";\ncolour = 1;\n",
                 "1: syntax error near 'records.ttl': a group is written records: { ttl = …; };"),
                ("records: {\n ttl = \"1m\";\n ttl = \"2m\";\n};\ncolour = 1;\n",
                 "3: records.ttl: is set twice in this file (first on line 2)"),
                ("clients: { require_auth = yes; };\n",
                 "1: syntax error near 'yes': a value is true or false, a number, or text in "
                 "\"quotes\"")):
            run = self.check(text)
            self.assertEqual(run.returncode, CONFIG)
            self.assertEqual(run.stderr, f"{self.conf}:{expected}\n")

    def test_what_is_no_file(self):
        for name in ("dht.conf", "dht.conf.d/10-x.conf", "hidden"):
            with self.subTest(name):
                self.write("password_file = \"hidden\";\n")
                self.write("secret\n", "hidden")
                path = self.folder / name
                path.parent.mkdir(exist_ok=True)
                path.unlink(missing_ok=True)
                os.mkfifo(path, 0o600)
                run = self.check()
                self.assertEqual(run.returncode, CONFIG)
                self.assertIn("is not a regular file", run.stderr)
                self.assertIn(str(path), run.stderr)
                path.unlink()

    def test_a_drop_in_folder_that_cannot_be_read(self):
        self.write("")
        (self.folder / "dht.conf.d").write_text("")
        run = self.check()
        self.assertEqual(run.returncode, CONFIG)
        self.assertIn(f"{self.conf}.d: cannot read: ", run.stderr)

    def test_no_such_file(self):
        for arguments in (("-c", self.folder / "none"), ("--check", "-c", self.folder / "none"),
                          ("-c", self.folder)):
            run = self.run_dhtd(*arguments)
            self.assertEqual(run.returncode, CONFIG)
            self.assertIn(str(self.folder), run.stderr + run.stdout)

    def test_values_that_do_not_fit_each_other(self):
        for text, setting in (
                ("records: { ttl = \"2h\"; max_ttl = \"1h\"; };", "records.ttl"),
                ("clients: { require_auth = true; };", "clients.require_auth"),
                ("listen: { client_addresses = ( \"127.0.0.1\" ); };", "listen.client_addresses"),
                ("password = \"$argon2id$v=19$broken\";", "password"),
                ("listen: { ports = { client = 5; keepalive = 5; }; };", "listen.ports.keepalive"),
                ("listen: { ports = { peer = 8470; }; };", "listen.ports.peer"),
                ("tracker: { port = 8470; };", "tracker.port"),
                ("cluster: { replicas = 2; write_quorum = 3; };", "cluster.write_quorum"),
                ("cluster: { drop_after = \"1s\"; };", "cluster.drop_after"),
                ("cluster: { key_file = \"none\"; };", "cluster.key_file"),
                (f"control: {{ socket = \"/{'x' * 107}\"; }};", "control.socket")):
            (_, what), *_ = self.faults(text + "\n")
            self.assertTrue(what.startswith(setting), what)

    def test_a_bad_file_does_not_start(self):
        self.write("listen: { address = \"nowhere\"; };\n")
        run = self.run_dhtd("-c", self.conf)
        self.assertEqual(run.returncode, CONFIG)
        self.assertIn(f"{self.conf}:1: listen.address", run.stderr)

    # ---- Addresses that cannot be had ----

    def test_a_port_in_use(self):
        server = self.other_server()
        other = self.other_server({"listen": {"address": server.address}}, wait=False)
        self.assertEqual(other.wait_end(), CONFIG)
        self.assertRegex(other.log(), rf"{other.conf}:\d+: listen\.\S+: .*in use")
        with lab.Client(server.address) as client:
            for _ in range(20):
                self.assertEqual(client.ask(raw.get(b"abc")), raw.NOBODY, "the first goes on")

    def test_a_port_of_somebody_else(self):
        address = lab.address()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind((address, lab.PORT))
            server = self.other_server({"listen": {"address": address}}, wait=False)
            self.assertEqual(server.wait_end(), CONFIG)
            self.assertIn("listen.", server.log())

    def test_an_address_of_another_machine(self):
        server = self.other_server({"listen": {"address": "192.0.2.1"}}, wait=False)
        self.assertEqual(server.wait_end(), CONFIG)
        self.assertRegex(server.log(), rf"{server.conf}:\d+: listen\.address")

    def test_check_binds_nothing(self):
        server = self.other_server()
        run = self.check(f"listen: {{ address = \"{server.address}\"; }};\n")
        self.assertEqual((run.returncode, run.stderr), (0, ""))

    # ---- Secrets ----

    def test_a_password_that_others_can_read(self):
        text = "\npassword = \"secret\";\n"
        self.write(text, mode=0o644)
        run = self.check()
        self.assertEqual(run.returncode, CONFIG)
        self.assertIn(f"{self.conf}:2: password", run.stderr + run.stdout)
        self.assertNotIn("secret", run.stderr + run.stdout)
        self.write(text, mode=0o640)
        self.assertEqual(self.check().returncode, 0, "a group of one's own is fine")

    def test_secret_files(self):
        keys = f"alice {os.urandom(32).hex()}\n"
        for setting, content in (("password_file", "secret\n"), ("clients.keys_file", keys)):
            group, _, name = setting.rpartition(".")
            path = self.write(content, "hidden", 0o644)
            line = f"{name} = \"{path}\";"
            text = f"{group}: {{ {line} }};\n" if group else line + "\n"
            (_, what), *_ = self.faults(text)
            self.assertTrue(what.startswith(setting), what)
            path.chmod(0o600)
            self.assertEqual(self.check(text).returncode, 0)
            path.unlink()
            (_, what), *_ = self.faults(text)
            self.assertTrue(what.startswith(setting), what)

    def test_a_password_file_works(self):
        self.write("secret\n", "hidden")
        server = self.other_server({"password_file": str(self.folder / "hidden")})
        with lab.Client(server.address) as client:
            client.send(raw.msg(raw.EXIT, b"secret"))
            self.assertEqual(server.wait_end(), 0)

    def test_secrets_are_not_printed(self):
        self.write("password = \"very secret\";\n")
        run = self.run_dhtd("--print-config", "-c", self.conf)
        self.assertEqual(run.returncode, 0)
        self.assertNotIn("very secret", run.stdout + run.stderr)
        self.assertIn("password", run.stdout)

    # ---- Includes, drop-ins, the printed result ----

    def test_include(self):
        self.write("records: { ttl = \"7m\"; };\n", "more.conf")
        self.write("@include \"more.conf\"\nlog: { level = \"debug\"; };\n")
        run = self.run_dhtd("--print-config", "-c", self.conf)
        self.assertEqual(run.returncode, 0, run.stderr)
        row, = [line for line in run.stdout.splitlines() if re.search(r"\bttl = ", line)]
        self.assertIn("\"7m\"", row)
        self.assertIn("more.conf:1", row)
        row, = [line for line in run.stdout.splitlines() if re.search(r"\blevel = ", line)]
        self.assertIn("dht.conf:2", row)

    def test_a_fault_in_an_included_file(self):
        more = self.write("\n\nrecords: { ttl = 5; };\n", "more.conf")
        run = self.check("@include \"more.conf\"\n")
        self.assertEqual(run.returncode, CONFIG)
        self.assertIn(f"{more}:3: records.ttl", run.stderr + run.stdout)
        run = self.check("\n@include \"none.conf\"\n")
        self.assertEqual(run.returncode, CONFIG)
        self.assertIn(f"{self.conf}:2: ", run.stderr + run.stdout)

    def test_an_include_of_itself(self):
        run = self.check("@include \"dht.conf\"\n")
        self.assertEqual(run.returncode, CONFIG)

    def test_drop_ins_in_order(self):
        self.write("records: { ttl = \"1m\"; want_ttl = \"9m\"; };\n")
        self.write("records: { ttl = \"2m\"; };\n", "dht.conf.d/10-two.conf")
        self.write("records: { ttl = \"3m\"; };\n", "dht.conf.d/20-three.conf")
        self.write("records: { ttl = \"bad\"; };\n", "dht.conf.d/30-not-read.txt")
        run = self.run_dhtd("--print-config", "-c", self.conf)
        self.assertEqual(run.returncode, 0, run.stderr)
        rows = [line for line in run.stdout.splitlines() if "20-three.conf:1" in line]
        self.assertEqual(len(rows), 1, run.stdout)
        self.assertIn("\"3m\"", rows[0])
        self.assertIn("\"9m\"", run.stdout)

    def test_what_is_printed_can_be_read(self):
        self.write("listen: { address = \"127.0.0.9\"; workers = 3; };\n"
                   "clients: { allow = ( \"10.0.0.0/8\", \"::1\" ); };\n")
        first = self.run_dhtd("--print-config", "-c", self.conf)
        self.write(first.stdout)
        second = self.run_dhtd("--print-config", "-c", self.conf)
        self.assertEqual(second.returncode, 0, second.stderr)
        values = [[re.sub(r"\s*(#|//).*", "", line) for line in run.stdout.splitlines()]
                  for run in (first, second)]
        self.assertEqual(*values)
        self.assertIn("127.0.0.9", second.stdout)

    def test_the_configuration_counts(self):
        server = self.other_server({"records": {"ttl": "90s", "max_ttl": "2m"},
                                    "cluster": {"name": "named thus"}})
        with lab.Client(server.address) as client:
            transaction = raw.txid()
            self.assertEqual(raw.pong_of(client.ask(raw.ping(transaction)), transaction)[3],
                             "named thus")
            for asked, granted in ((0, 90), (100, 100), (121, 120)):
                done = client.ask(raw.announce(transaction := raw.txid(), [b"abc"], ttl=asked))
                self.assertEqual(raw.done_of(done, transaction)[0], granted)

    # ---- The command line ----

    def test_closed_standard_files(self):
        """Nothing of the daemon's own takes their numbers: its log would be written there."""
        address = lab.address()
        self.write(lab.config_text({"listen": {"address": address, "workers": 1}}))
        process = subprocess.Popen([str(lab.DHTD), "-c", str(self.conf)],
                                   env=lab.clean_environment(),
                                   preexec_fn=lambda: os.closerange(0, 3))
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        with lab.Client(address) as client:
            def answers():
                try:
                    client.send(raw.get(b"abc"))
                    return client.receive(0.1)
                except ConnectionRefusedError:
                    return time.sleep(0.05)
            lab.wait_for(answers, "an answer")
        for fd in range(3):
            self.assertEqual(os.readlink(f"/proc/{process.pid}/fd/{fd}"), "/dev/null")
        process.terminate()
        self.assertEqual(process.wait(lab.PATIENCE), 0)

    def test_usage(self):
        for arguments in (("--nonsense",), ("-x",), ("extra",), ("-c",),
                          ("--log-level", "loud")):
            run = self.run_dhtd(*arguments)
            self.assertEqual(run.returncode, 2, arguments)
            self.assertEqual(len(run.stderr.strip().splitlines()), 1, run.stderr)
        for option in ("--help", "-h", "--version"):
            run = self.run_dhtd(option)
            self.assertEqual((run.returncode, run.stderr), (0, ""))
            self.assertLessEqual(len(run.stdout.splitlines()), 24, "fits a screen")
            self.assertIn("dhtd", run.stdout)
            with open("/dev/full", "w") as full:
                run = subprocess.run([str(lab.DHTD), option], stdout=full)
            self.assertEqual(run.returncode, 1, "nobody could read it")


if __name__ == "__main__":
    lab.main()
