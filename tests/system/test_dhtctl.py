# SPDX-License-Identifier: BSD-2-Clause
"""The administration program: what it shows, in both forms, and how it fails.

What it prints is compared with the files in golden/, byte for byte, after what varies from one run
to the next is masked. A shape that is to change: DHT_GOLDEN=write writes them anew.
"""
import hashlib
import io
import json
import os
import pathlib
import pwd
import re
import signal
import socket
import subprocess
import tarfile
import tempfile
import threading
import time
import unittest

import lab
import raw

GOLDEN = pathlib.Path(__file__).resolve().parent / "golden"
REWRITE = os.environ.get("DHT_GOLDEN") == "write"
COMMANDS = ("status", "peers", "partitions", "stats", "lookup", "explain", "config", "reload",
            "shutdown", "wait", "drain", "undrain", "add-peer", "drop-peer", "keys", "log-level",
            "monitor", "keygen", "hash-password", "report")
LATER = ("metrics", "export", "import")
# All but those that take an operand or end the server, as calls of it.
CALLS = (("status",), ("peers",), ("partitions",), ("stats",), ("stats", "--watch"),
         ("lookup", "00"), ("explain", "00"), ("config",), ("reload",), ("shutdown",), ("drain",),
         ("undrain",), ("add-peer", "::1"), ("drop-peer", "::1"), ("keys",), ("keys", "use", "00"),
         ("log-level",), ("log-level", "info"), ("monitor",))
SETTINGS = {"listen": {"workers": 1}, "records": {"ttl": "10m"}}

MASKS = (
    (r'("(?:uptimeSeconds|memoryBytes|processId|requestsPerSecond|ttlSeconds|sequence|probes|'
     r'accepted|calls)": ?)\d+', r"\g<1>0"),
    (r'("version": ?)"[^"]*"', r'\1"VERSION"'),
    (r'("time": ?)"[^"]*"', r'\1"TIME"'),
    (r'(passwordHash": ?)"\$argon2id\$v=19\$m=65536,t=2,p=1\$[^"]{66}"', r'\1"HASH"'),
    (r"(?m)^(SERVER|ADDRESS:8471) +", r"\1  "),
    (r"(?m)^((?:memory|uptime|process|version|requests/s) +).*$", r"\1MASKED"),
    (r"(?m)^((?: +|control +)(?:memoryBytes|probes|accepted|calls)) +.*$", r"\1  MASKED"),
    (r"[0-9a-f]{16}\b", "VERSION0VERSION0"),
    (r"(?m)(?<= )(?:9m \d\ds|   10m|10m 1s)(?=  |$)", "9m 59s"),
    (r"(?m)^(\d{4}-\d\d-\d\dT[\d:.]+Z)", "TIME"),
    (r'("DHT_UID": ?")\d+', r"\g<1>0"),
    (r"asked by \w+( \d+)? \(process \d+\)", "asked by WHO"),
)


def masked(text, server):
    if server:
        text = text.replace(str(server.folder), "/FOLDER").replace(server.address, "ADDRESS")
    for pattern, mask in MASKS:
        text = re.sub(pattern, mask, text)
    return text


class Ctl(lab.LabTest):
    settings = SETTINGS

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="dht-lab-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def ctl(self, *arguments, server=None, **more):
        return lab.dhtctl("-s", (server or self.server).folder / "control", *arguments, **more)

    def json(self, *arguments, status=0, **more):
        run = self.ctl("-o", "json", *arguments, **more)
        self.assertEqual((run.returncode, run.stderr), (status, ""), run.stdout)
        return json.loads(run.stdout)

    def fails(self, status, *arguments, say=(), **more):
        """It fails with this status, and says why in one line on standard error; and the same as
        JSON on standard output. Gives the error."""
        run = lab.dhtctl(*arguments, **more)
        self.assertEqual(run.returncode, status, (arguments, run.stdout, run.stderr))
        self.assertEqual(run.stdout or "", "")
        self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)
        for text in ("dhtctl: ", *say):
            self.assertIn(text, run.stderr)
        run = lab.dhtctl("-o", "json", *arguments, **more)
        self.assertEqual((run.returncode, run.stderr), (status, ""), arguments)
        document = json.loads(run.stdout)
        self.assertEqual(list(document), ["error"])
        self.assertEqual(list(document["error"]), ["code", "message", "hint"])
        return document["error"]

    def matches(self, name, text, server=None):
        path = GOLDEN / name
        text = masked(text, server or self.server)
        if REWRITE:
            GOLDEN.mkdir(exist_ok=True)
            path.write_text(text)
        self.assertEqual(text, path.read_text(), name)

    def golden(self, name, *arguments, status=0, server=None, note="", table=True):
        """Both forms of one command."""
        for form in ("json", "table") if table else ("json",):
            run = self.ctl("-o", form, *arguments, server=server)
            self.assertEqual(run.returncode, status, run.stdout + run.stderr)
            self.assertIn(note if form == "table" else "", run.stderr)
            self.assertEqual(bool(run.stderr), bool(note) and form == "table", run.stderr)
            self.matches(f"{name}.{'txt' if form == 'table' else 'json'}", run.stdout, server)


class Usage(Ctl):
    server = None

    @classmethod
    def setUpClass(cls):
        pass

    def fits_a_screen(self, text):
        lines = text.splitlines()
        self.assertLessEqual(len(lines), 24, text)
        self.assertLessEqual(max(map(len, lines)), 80, text)

    def test_help(self):
        whole = lab.dhtctl("--help")
        self.assertEqual((whole.returncode, whole.stderr), (0, ""))
        self.fits_a_screen(whole.stdout)
        self.assertIn("See dhtctl(8).", whole.stdout)
        self.assertIn("/run/dht/control", whole.stdout)
        for command in COMMANDS:
            self.assertRegex(whole.stdout, rf"(?m)^(.{{38}})?  {command} ")
            run = lab.dhtctl(command, "--help")
            self.assertEqual((run.returncode, run.stderr), (0, ""))
            self.assertIn(f"dhtctl {command}", run.stdout)
            self.fits_a_screen(run.stdout)
        for command in LATER:
            self.assertNotRegex(whole.stdout, rf"(?m)^(.{{38}})?  {command} ")
            self.fails(2, command, say=("is not a command",))
        self.assertRegex(lab.dhtctl("--version").stdout, r"^dhtctl \d+\.\d+")
        self.assertIn("See dht(1).", lab.dht("--help").stdout)

    def test_usage(self):
        for arguments in ((), ("--nonsense",), ("-o", "plain", "status"), ("status", "more"),
                          ("lookup",), ("lookup", "xyz"), ("lookup", "00", "01"),
                          ("log-level", "info", "more"), ("stats", "--interval", "1s"),
                          ("stats", "--watch", "--interval", "soon"), ("wait", "--members", "0"),
                          ("-s", "", "status"), ("-s", "x" * 200, "status"), ("reload", "now"),
                          ("hash-password", "secret"), ("monitor", "--count", "0"),
                          ("keygen", "more"), ("explain",), ("explain", "xyz"), ("keys", "x"),
                          ("keys", "use"), ("keys", "use", "xyz"), ("keys", "add", "00"),
                          ("keys", "--key-file", "x"), ("drain", "now"), ("undrain", "now"),
                          ("add-peer",), ("drop-peer", "::1", "::2"), ("partitions", "0")):
            self.fails(2, *arguments)
        self.fails(2, "statsu", say=("did you mean 'status'?",))
        self.assertNotIn("secret", lab.dhtctl("hash-password", "secret").stderr)

    # ---- Nobody there ----

    def test_a_quiet_reload(self):
        where = ("-s", self.folder / "control")
        for arguments in (("reload", "-q"), ("-o", "json", "reload", "--quiet")):
            run = lab.dhtctl(*where, *arguments)
            self.assertEqual((run.returncode, run.stdout, run.stderr), (3, "", ""))
        self.fails(2, *where, "reload", "-q", "now")

    def test_no_socket(self):
        path = self.folder / "control"
        for call in CALLS:
            error = self.fails(3, "-s", path, *call,
                               say=(f"cannot reach dhtd at {path}: no such socket: is it the right "
                                    "socket, and does its dhtd run?",))
            self.assertEqual(error["code"], "noSocket")
        run = lab.dhtctl("-o", "json", "-s", "/nonexistent/control", "status")
        self.matches("error.json", run.stdout)

    def test_nobody_listens(self):
        path = self.folder / "control"
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(path))
        error = self.fails(3, "-s", path, "status",
                           say=(f"{path}: nobody listens there any more: systemctl status dht",))
        self.assertEqual(error["code"], "refused")
        path.unlink()
        path.write_text("")
        self.fails(3, "-s", path, "status", say=("not a stream socket",))

    def test_waiting_for_nobody(self):
        start = time.monotonic()
        self.fails(6, "-s", self.folder / "control", "wait", "--timeout", "300ms",
                   say=("after 300ms: cannot reach dhtd at ", "no such socket"))
        self.assertLess(time.monotonic() - start, 5)

    def test_hash_password(self):
        secret = self.folder / "password"
        secret.touch(0o600)
        secret.write_text("geheim\nmore\n")
        for arguments, stdin in ((("--password-file", secret), None), ((), "geheim\n")):
            run = lab.dhtctl("hash-password", *arguments, stdin=stdin)
            self.assertEqual((run.returncode, run.stderr), (0, ""))
            self.assertRegex(run.stdout, r"^\$argon2id\$v=19\$\S+\n$")
        run = lab.dhtctl("-o", "json", "hash-password", stdin="geheim")
        self.matches("hash-password.json", run.stdout)
        self.fails(1, "hash-password", stdin="", say=("no password on standard input",))
        self.assertEqual(lab.dhtctl("hash-password", stdin="x" * 512).returncode, 0)
        self.fails(1, "hash-password", stdin="x" * 513, say=("too long",))
        secret.chmod(0o644)
        self.fails(4, "hash-password", "--password-file", secret, say=("others can read",))

    def test_keygen(self):
        runs = [lab.dhtctl("keygen") for _ in range(2)]
        for run in runs:
            self.assertEqual((run.returncode, run.stderr), (0, ""))
            self.assertRegex(run.stdout, r"^# dht cluster key [0-9a-f]{2}, made \d{4}-\d\d-\d\d\n"
                             r"[0-9a-f]{64}\n$")
            key = bytes.fromhex(run.stdout.split()[-1])
            self.assertIn(f" key {hashlib.blake2b(key, digest_size=32).hexdigest()[:2]},",
                          run.stdout)
        self.assertNotEqual(runs[0].stdout, runs[1].stdout)
        made = json.loads(lab.dhtctl("-o", "json", "keygen").stdout)
        self.assertEqual(list(made), ["keyId", "date", "key"])
        with open("/dev/full", "w") as full:
            self.assertEqual(lab.dhtctl("keygen", stdout=full).returncode, 1)

    def ask(self, *answers):
        """hash-password on a terminal: its exit status and what it prints there."""
        pid, terminal = os.forkpty()
        if pid == 0:
            os.execv(lab.DHTCTL, ["dhtctl", "hash-password"])
        heard = b""
        for prompt, answer in zip((b"Password: ", b"Again: "), answers):
            while not heard.endswith(prompt):
                heard += os.read(terminal, 1000)
            os.write(terminal, answer + b"\n")
        try:
            while True:
                more = os.read(terminal, 1000)
                heard += more
                if not more:
                    break
        except OSError:
            pass  # Linux: the other side has closed
        os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), heard.decode()

    def test_hash_password_on_a_terminal(self):
        status, heard = self.ask(b"geheim", b"geheim")
        self.assertEqual(status, 0, heard)
        self.assertIn("$argon2id$", heard)
        self.assertNotIn("geheim", heard)
        status, heard = self.ask(b"geheim", b"geheimer")
        self.assertEqual(status, 2, heard)
        self.assertIn("differ", heard)

    def test_a_report_without_a_server(self):
        archive = self.folder / "report.tar.gz"
        run = lab.dhtctl("-s", self.folder / "control", "report", "--file", archive)
        self.assertEqual(run.returncode, 7, run.stderr)
        self.assertRegex(run.stderr, r"^dhtctl: missing: status.json, .*log.json: cannot reach")
        with tarfile.open(archive) as tar:
            names = {pathlib.PurePath(name).name for name in tar.getnames()}
        self.assertLessEqual({"version.txt", "uname.txt"}, names)
        self.assertNotIn("status.json", names)
        run = lab.dhtctl("-o", "json", "-s", self.folder / "control", "report", "--file",
                         self.folder / "another")
        self.assertEqual((run.returncode, run.stderr), (7, ""))
        self.assertEqual(json.loads(run.stdout)["missing"][0]["name"], "status.json")
        run = lab.dhtctl("-s", os.fsdecode(b"/nonexistent/\xff"), "report", "--file",
                         self.folder / "a third")
        self.assertEqual(run.returncode, 7, run.stderr)


class Golden(Ctl):
    """What is shown of a server that nothing else has asked for anything."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with lab.Client(cls.server.address) as client:
            list(client.ask_all([raw.announce(raw.txid(), [b"abc"], "192.0.2.1", 80),
                                 raw.announce(raw.txid(), [b"abc"], "192.0.2.2", 8000)]))

    def test_status(self):
        self.golden("status", "status")

    def test_peers(self):
        self.golden("peers", "peers", note="dhtctl: no other servers\n")

    def test_partitions(self):
        self.golden("partitions", "partitions")
        rows = self.json("partitions", "--list")["partitions"]
        self.assertEqual([row["partition"] for row in rows], list(range(16384)))
        self.assertEqual(rows[77], {"partition": 77, "state": "complete",
                                    "owners": [f"{self.server.address}:8471"]})

    def test_explain(self):
        found, nobody = b"abc".hex(), "dhtctl: 00 is in partition 13243\n"
        self.golden("explain", "explain", found, note=f"dhtctl: {found} is in partition ")
        self.golden("explain-nobody", "explain", "00", status=5, note=nobody)

    def test_keys(self):
        self.golden("keys", "keys", note="dhtctl: no keys: the servers talk in clear\n")

    def test_alone(self):
        """What needs others is refused where there are none."""
        where = ("-s", self.server.folder / "control")
        self.fails(1, *where, "drain", say=("there is no other member",))
        self.fails(1, *where, "keys", "add", stdin="00" * 32 + "\n", say=("in clear",))
        self.fails(5, *where, "keys", "use", "3f", say=("has no key 3f",))
        self.fails(5, *where, "drop-peer", "127.0.0.2", say=("127.0.0.2:8471 is no member",))
        self.fails(1, *where, "drop-peer", self.server.address, say=("the server itself",))
        self.fails(2, *where, "add-peer", "nonsense", say=("is not the address of a server",))
        self.fails(1, *where, "add-peer", "::1", say=("sends to no IPv6 address",))

    def test_stats(self):
        self.golden("stats", "stats")

    def test_lookup(self):
        self.golden("lookup", "lookup", b"abc".hex())
        self.golden("lookup-nobody", "lookup", "00", status=5, table=False)
        run = self.ctl("lookup", "00")
        self.assertEqual((run.stdout, run.stderr), ("", "dhtctl: nobody has 00\n"))

    def test_config(self):
        self.golden("config", "config", "records.max_ttl", "clients.rate", "listen.ports.client")

    def test_wait(self):
        self.golden("wait", "wait")


class Shown(Ctl):
    """One server that nothing is changed of."""

    def test_nothing_is_reset(self):
        with self.client() as client:
            client.answers(raw.get(b"abc"))
        first, second = self.json("stats"), self.json("stats")
        self.assertGreater(first["requests"]["get"], 0)
        self.assertEqual(first["requests"], second["requests"])

    def test_hashes_as_people_write_them(self):
        digest = "ab" * 32
        for text in (f"sha256:{digest}", f"magnet:?xt=urn:btmh:1220{digest}&dn=x",
                     digest.upper()):
            self.assertEqual(self.json("lookup", text, status=5)["hash"], digest)

    def test_all_pages(self):
        many = {f"10.1.{i // 250}.{i % 250 + 1}" for i in range(3000)}
        with self.client() as client:
            list(client.ask_all(raw.announce(raw.txid(), [b"crowd"], one) for one in many))
        found = self.json("lookup", b"crowd".hex())
        self.assertEqual(found["total"], len(many))
        self.assertEqual(len(found["providers"]), len(many))
        self.assertEqual({one["ip"] for one in found["providers"]}, many)

    def test_config(self):
        paths = [one["path"] for one in self.json("config")["settings"]]
        self.assertIn("records.ttl", paths)
        self.assertEqual(len(paths), len(set(paths)))
        changed = self.json("config", "--changed")["settings"]
        self.assertEqual([one["path"] for one in changed],
                         ["listen.address", "listen.workers", "records.ttl", "control.socket"])
        place = {one["path"]: (one["file"], one["line"]) for one in changed}["records.ttl"]
        number = next(number for number, line in
                      enumerate(self.server.conf.read_text().splitlines(), 1) if "ttl" in line)
        self.assertEqual(place, (str(self.server.conf), number))
        group = self.json("config", "records")["settings"]
        self.assertEqual([one["path"] for one in group],
                         [path for path in paths if path.startswith("records.")])
        self.fails(2, "-s", self.server.folder / "control", "config", "records.tll",
                   say=("did you mean records.ttl?",))

    def test_wait(self):
        self.assertEqual(self.ctl("wait").returncode, 0)
        self.fails(6, "-s", self.server.folder / "control", "wait", "--members", "2", "--timeout",
                   "200ms", say=("after 200ms: 1 of 2 members",))

    def test_watching_counters(self):
        run = self.ctl("stats", "--watch", "--interval", "20ms", "--count", "45")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        lines = run.stdout.splitlines()
        heads = [i for i, line in enumerate(lines) if line.startswith("requests/s")]
        self.assertEqual((heads, len(lines)), ([0, 21, 42], 48))
        self.assertEqual({len(line) for line in lines}, {len(lines[0])})
        run = self.ctl("-o", "json", "stats", "--watch", "--interval", "20ms", "--count", "3")
        documents = [json.loads(line) for line in run.stdout.splitlines()]
        self.assertEqual(len(documents), 3)
        self.assertEqual([list(one) for one in documents], [list(self.json("stats"))] * 3)

    def test_rates(self):
        process = lab.start_dhtctl("-s", self.server.folder / "control", "stats", "--watch",
                                   "--interval", "300ms", "--count", "4")
        with self.client() as client:
            while process.poll() is None:
                client.answers(raw.get(b"abc"))
        out, _ = process.communicate()
        rates = [int(line.split()[0]) for line in out.splitlines()[1:]]
        self.assertGreater(max(rates), 0, out)

    def interrupted(self, *arguments):
        process = lab.start_dhtctl("-s", self.server.folder / "control", *arguments)
        try:
            time.sleep(0.7)
            self.assertIsNone(process.poll())
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=lab.PATIENCE)
        finally:
            process.kill()
        self.assertEqual((process.returncode, err), (0, ""))
        return out

    def test_interrupts_end_it_well(self):
        self.assertIn("requests/s",
                      self.interrupted("stats", "--watch", "--interval", "100ms"))
        self.interrupted("stats", "--watch", "--interval", "1h")
        self.interrupted("monitor")

    def test_standard_output_is_full(self):
        for arguments in (("status",), ("stats", "--watch"), ("config",), ("-o", "json", "peers"),
                          ("log-level",)):
            with open("/dev/full", "w") as full:
                run = self.ctl(*arguments, stdout=full)
            self.assertEqual(run.returncode, 1, (arguments, run.stderr))
            self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)

    # ---- Reports ----

    def test_report(self):
        run = self.ctl("report", cwd=self.folder)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        archive, = self.folder.iterdir()
        self.assertRegex(archive.name, r"^dht-report-\d{8}-\d{6}\.tar\.gz$")
        self.assertEqual(archive.stat().st_mode & 0o777, 0o600)
        self.assertIn(archive.name, run.stdout)
        self.assertIn("No secrets are in it", run.stdout)
        held = self.contents(archive.read_bytes())
        for name in ("status", "stats", "peers", "keys", "config", "log"):
            self.assertIsInstance(json.loads(held[f"{name}.json"]), dict)
        self.assertIn(b"dhtctl ", held["version.txt"])
        self.fails(1, "-s", self.server.folder / "control", "report", "--file", archive,
                   say=("is there already",))
        run = self.json("report", "--file", self.folder / "x")
        self.assertEqual(list(run), ["file", "contents", "missing"])
        self.assertEqual(run["missing"], [])

    def contents(self, archive):
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            return {pathlib.PurePath(one.name).name: tar.extractfile(one).read()
                    for one in tar if one.isfile()}

    def test_a_report_through_a_pipe(self):
        run = subprocess.run([lab.DHTCTL, "-s", self.server.folder / "control", "report", "-f",
                              "-"], capture_output=True, env=lab.clean_environment(),
                             timeout=30, check=True)
        self.assertIn("status.json", self.contents(run.stdout))
        self.assertIn(b"status.json", run.stderr)

    def test_a_report_holds_no_secret(self):
        server = self.other_server({"password": "streng-geheim"})
        run = self.ctl("report", "--file", self.folder / "report", server=server)
        self.assertEqual(run.returncode, 0, run.stderr)
        for name, content in self.contents((self.folder / "report").read_bytes()).items():
            self.assertNotIn(b"streng-geheim", content, name)

    def test_a_report_leaves_nothing_behind(self):
        """Also when it is interrupted by a signal, and when its file is not to be had."""
        env = {"TMPDIR": str(self.folder)}
        self.ctl("report", "--file", "/nonexistent/x", env=env)
        self.assertEqual(list(self.folder.iterdir()), [])
        with socket.socket(socket.AF_UNIX) as silent:
            silent.bind(str(self.folder / "control"))
            silent.listen()
            process = subprocess.Popen([lab.DHTCTL, "-s", self.folder / "control", "report",
                                        "--file", self.folder / "report"], text=True,
                                       stderr=subprocess.PIPE, env=lab.clean_environment(**env))
            try:
                lab.wait_for(lambda: len(list(self.folder.iterdir())) == 3, "a folder and a file")
                process.send_signal(signal.SIGTERM)
                _, err = process.communicate(timeout=lab.PATIENCE)
            finally:
                process.kill()
        self.assertEqual(process.returncode, 1)
        self.assertEqual(len(err.splitlines()), 1, err)
        self.assertEqual([one.name for one in self.folder.iterdir()], ["control"])

    # ---- Who may ----

    def as_nobody(self, server, *arguments):
        nobody = pwd.getpwnam("nobody")
        return self.ctl(*arguments, server=server, user=nobody.pw_uid, group=nobody.pw_gid,
                        extra_groups=[])

    @unittest.skipUnless(os.geteuid() == 0, "only root can become somebody else")
    def test_not_permitted(self):
        server = self.other_server(SETTINGS)
        try:
            run = self.as_nobody(server, "status")
        except PermissionError:
            self.skipTest("nobody cannot run what was built")
        if run.returncode in (126, 127):
            self.skipTest(f"nobody cannot run what was built: {run.stderr}")
        self.assertEqual(run.returncode, 4, run.stderr)
        self.assertIn("root and the group _dht may: 'adduser YOU _dht'", run.stderr)
        with tempfile.TemporaryDirectory(prefix="dht-lab-") as folder:
            os.chmod(folder, 0o777)
            run = self.as_nobody(server, "report", "--file", f"{folder}/report")
        self.assertEqual(run.returncode, 7, run.stderr)
        self.assertTrue(run.stderr.endswith("run it as root or as a member of group _dht for a "
                                            "whole report\n"), run.stderr)
        self.assertEqual(self.as_nobody(server, "wait").returncode, 4)
        server.folder.chmod(0o755)
        run = self.as_nobody(server, "-o", "json", "status")
        self.assertEqual((run.returncode, json.loads(run.stdout)["error"]["code"]),
                         (4, "notPermitted"))
        (server.folder / "control").chmod(0o666)
        self.assertEqual(self.as_nobody(server, "status").returncode, 0)
        self.assertEqual(self.as_nobody(server, "log-level").returncode, 0)
        for arguments in (("reload",), ("shutdown",), ("log-level", "debug")):
            run = self.as_nobody(server, *arguments)
            self.assertEqual(run.returncode, 4, run.stderr)
            self.assertIn("control.admin_group", run.stderr)
        self.assertIsNone(server.process.poll())

    # ---- Other ends ----

    def answered(self, answer):
        """status, of a service that says this."""
        with socket.socket(socket.AF_UNIX) as listener:
            path = self.folder / "other"
            listener.bind(str(path))
            listener.listen()
            process = lab.start_dhtctl("-s", path, "status")
            connection, _ = listener.accept()
            with connection:
                self.assertEqual(connection.recv(1000),
                                 b'{"method":"org.dht.Control.GetStatus"}\0')
                connection.sendall(answer)
            _, err = process.communicate(timeout=lab.PATIENCE)
            path.unlink()
        return process.returncode, err

    def test_other_services(self):
        for answer, status, say in (
                (b"", 3, "closed the connection"), (b'{"par', 3, "closed the connection"),
                (b"SSH-2.0-OpenSSH_9\r\n\0", 1, "does not speak Varlink"),
                (b'{"error":"org.varlink.service.MethodNotFound"}\0', 1, "versions differ"),
                (b'{"error":"org.varlink.service.InterfaceNotFound"}\0', 1, "versions differ"),
                (b'{"error":"org.varlink.service.PermissionDenied"}\0', 4, "sudo")):
            code, err = self.answered(answer)
            self.assertEqual(code, status, err)
            self.assertIn(say, err)
            self.assertEqual(len(err.splitlines()), 1, err)


class Changed(Ctl):
    """Servers that something is changed of, each test its own."""

    @classmethod
    def setUpClass(cls):
        pass

    def setUp(self):
        super().setUp()
        self.server = self.other_server(SETTINGS)

    def write(self, **changes):
        self.server.conf.write_text(lab.config_text(lab.merged(self.server.settings, changes)))

    def test_reload(self):
        self.write(records={"ttl": "20m"})
        self.golden("reload-dry-run", "reload", "--dry-run")
        self.golden("reload-applied", "reload", table=False)
        self.write(records={"ttl": "30m"})
        self.matches("reload-applied.txt", self.ctl("reload").stdout)
        self.golden("reload-unchanged", "reload")
        self.write(records={"ttl": "30m"}, listen={"workers": 2})
        self.golden("reload-restart", "reload")
        self.assertEqual(self.json("status")["restartNeeded"], ["listen.workers"])

    def test_a_rejected_reload(self):
        self.write(records={"ttl": "soon"}, clients={"rates": 1})
        self.golden("reload-rejected", "reload", status=78, table=False)
        run = self.ctl("reload")
        self.assertEqual((run.returncode, run.stdout), (78, ""))
        self.matches("reload-rejected.txt", run.stderr)
        self.assertEqual(self.json("config", "records.ttl")["settings"][0]["value"], '"10m"')
        run = self.ctl("status")
        self.assertEqual(run.returncode, 8)
        self.assertRegex(run.stdout, r"^health +degraded\nreason +\S")

    def test_log_level(self):
        self.golden("log-level", "log-level")
        self.golden("log-level-set", "log-level", "info")
        self.assertEqual(self.json("log-level", "debug"), {"level": "debug", "before": "info"})
        self.assertEqual(self.json("log-level"), {"level": "debug"})
        self.fails(2, "-s", self.server.folder / "control", "log-level", "loud",
                   say=("'loud' is not a value for LEVEL: one of error, warning, notice, ",))
        self.fails(2, "-s", self.server.folder / "control", "monitor", "--level", "loud",
                   say=("'loud' is not a value for --level: one of error, ",))
        self.fails(2, "-s", self.server.folder / "control", "monitor", "--level",
                   os.fsdecode(b"inf\xff"), say=("is not a value", "notice"), errors="replace")

    def monitor(self, *arguments):
        process = lab.start_dhtctl("-s", self.server.folder / "control", *arguments)
        end = time.monotonic() + lab.PATIENCE
        while process.poll() is None and time.monotonic() < end:
            self.ctl("log-level", "info")
            time.sleep(0.05)
        process.kill()
        out, err = process.communicate()
        self.assertEqual((process.returncode, err), (0, ""))
        return out

    def test_monitor(self):
        self.matches("monitor.json", self.monitor("-o", "json", "monitor", "--count", "1"))
        self.matches("monitor.txt", self.monitor("monitor", "--count", "1"))

    def test_shutdown(self):
        reaper = threading.Thread(target=self.server.process.wait)
        reaper.start()
        self.golden("shutdown", "shutdown", table=False)
        reaper.join(lab.PATIENCE)
        self.assertEqual(self.server.process.returncode, 0)
        self.fails(3, "-s", self.server.folder / "control", "status")

    def test_a_hash_is_a_password(self):
        hashed = lab.dhtctl("hash-password", stdin="geheim").stdout.strip()
        server = self.other_server({"password": hashed})
        secret = self.folder / "password"
        secret.touch(0o600)
        secret.write_text("geheim")
        run = lab.dht("-S", server.address, "exit", "--password-file", secret)
        self.assertEqual(run.returncode, 0, run.stderr)

    def test_wait_for_one_that_starts(self):
        path = self.folder / "control"
        process = lab.start_dhtctl("-s", path, "wait", "--timeout", "20s")
        time.sleep(0.2)
        self.assertIsNone(process.poll())
        self.other_server(lab.merged(SETTINGS, {"control": {"socket": str(path)}}))
        _, err = process.communicate(timeout=lab.PATIENCE)
        self.assertEqual((process.returncode, err), (0, ""))

    def test_a_server_that_is_stuck(self):
        """All at once: each gives up after ten seconds."""
        where = ("-s", self.server.folder / "control")
        self.server.process.send_signal(signal.SIGSTOP)
        self.addCleanup(self.server.process.send_signal, signal.SIGCONT)
        start = time.monotonic()
        running = [lab.start_dhtctl(*where, *call) for call in CALLS]
        report = lab.start_dhtctl(*where, "report", "--file", self.folder / "report")
        self.fails(6, *where, "wait", "--timeout", "300ms", say=("did not answer",))
        for call, process in zip(CALLS, running):
            out, err = process.communicate(timeout=30)
            self.assertEqual((process.returncode, out), (6, ""), (call, err))
            self.assertIn("did not answer within 10s", err)
        _, err = report.communicate(timeout=30)
        self.assertEqual(report.returncode, 7, err)
        self.assertLess(time.monotonic() - start, 20)
        self.server.process.send_signal(signal.SIGCONT)
        self.assertEqual(self.ctl("status").returncode, 0, "what was asked for too late is nothing")


if __name__ == "__main__":
    lab.main()
