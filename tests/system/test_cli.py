# SPDX-License-Identifier: BSD-2-Clause
"""The client program: what it prints, how it fails, and where it takes its settings from."""
import hashlib
import json
import os
import pathlib
import re
import socket
import tempfile
import time

import lab
import raw

COMMANDS = ("get", "put", "drop", "want", "hash", "ping", "servers", "exit", "bench")
QUICK = ("--timeout", "40ms", "--tries", "2")
V4 = "192.0.2.1"


class Cli(lab.LabTest):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="dht-lab-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def dht(self, *arguments, **more):
        """With this server."""
        return lab.dht("-S", self.server.address, *arguments, **more)

    def fails(self, status, *arguments, say="", **more):
        """It fails with this status, and says why in one line on standard error."""
        run = lab.dht(*arguments, **more)
        self.assertEqual(run.returncode, status, (arguments, run.stdout, run.stderr))
        self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)
        self.assertTrue(run.stderr.startswith("dht: "), run.stderr)
        self.assertIn(say, run.stderr)
        self.assertEqual(run.stdout or "", "")
        return run

    def new_hash(self):
        return lab.fresh_hash().hex()

    def json(self, *arguments, status=0, **more):
        run = self.dht("-o", "json", *arguments, **more)
        self.assertEqual(run.returncode, status, run.stderr + run.stdout)
        return json.loads(run.stdout)

    # ---- Help and usage ----

    def test_help(self):
        whole = lab.dht("--help")
        self.assertEqual((whole.returncode, whole.stderr), (0, ""))
        for command in COMMANDS:
            self.assertRegex(whole.stdout, rf"\n +{command}\b")
            run = lab.dht(command, "--help")
            self.assertEqual((run.returncode, run.stderr), (0, ""))
            self.assertIn(f"dht {command}", run.stdout)
            self.fits_a_screen(run.stdout)
            self.assertEqual(lab.dht("--help", command).stdout, run.stdout)
        self.fits_a_screen(whole.stdout)
        self.assertRegex(lab.dht("--version").stdout, r"^dht \d+\.\d+")

    def fits_a_screen(self, text):
        lines = text.splitlines()
        self.assertLessEqual(len(lines), 30, text)
        self.assertLessEqual(max(map(len, lines)), 80, text)

    def test_usage(self):
        for arguments in ((), ("nonsense",), ("--nonsense",), ("get",), ("get", "xyz"),
                          ("get", "abc"), ("get", "00" * 65), ("get", "sha256:00"), ("get", ""),
                          ("put", "00", "--ip", "300.1.1.1"), ("put", "00", "--port", "70000"),
                          ("put", "00", "--ttl", "-5"), ("-o", "xml", "ping"), ("get", "-x", "00"),
                          ("--timeout", "soon", "ping"), ("-S", "", "ping"), ("ping", "more"),
                          ("get", "--file"), ("put", "00", "--ttl"), ("hash",)):
            self.fails(2, *arguments)
        self.fails(2, "gte", "00", say="get")
        self.fails(2, "get", "--flie", "x", say="--file")

    def test_options_anywhere(self):
        key = self.new_hash()
        where = ("-S", self.server.address)
        self.assertEqual(lab.dht("put", key, "--ip", V4, *where).returncode, 0)
        expected = self.dht("get", key).stdout
        self.assertIn(V4, expected)
        for arguments in ((*where, "get", key), ("get", *where, key), ("get", key, *where),
                          ("get", key, f"--server={self.server.address}"),
                          ("-o", "plain", "get", *where, key), ("get", *where, "--", key)):
            self.assertEqual(lab.dht(*arguments).stdout, expected, arguments)

    # ---- What the commands do ----

    def test_put_get_drop(self):
        key = self.new_hash()
        self.fails_with_server(5, "get", key)
        run = self.dht("put", key, "--ip", V4, "--port", "80", "--ttl", "60s")
        self.assertEqual(run.returncode, 0)
        run = self.dht("get", key)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertEqual(len(run.stdout.splitlines()), 1, "one provider a line")
        self.assertIn(f"{V4}:80", run.stdout)
        self.assertEqual(self.dht("drop", key, "--ip", V4, "--port", "80").returncode, 0)
        self.fails_with_server(5, "get", key)

    def test_a_lifetime_that_is_cut(self):
        key = self.new_hash()
        run = self.dht("put", key, "--ttl", "2d")
        self.assertEqual((run.returncode, run.stderr),
                         (0, "dht: the server keeps it for 24h only (records.max_ttl)\n"))
        self.assertEqual(self.dht("put", key, "--ttl", "24h").stderr, "")
        run = self.dht("-o", "json", "put", key, "--ttl", "2d")
        self.assertEqual((json.loads(run.stdout)["ttlSeconds"], run.stderr), (86400, ""))

    def fails_with_server(self, status, *arguments):
        run = self.dht(*arguments)
        self.assertEqual(run.returncode, status, (arguments, run.stdout, run.stderr))
        self.assertLessEqual(len(run.stderr.splitlines()), 1)

    def test_all_providers_of_a_crowd(self):
        key = lab.fresh_hash()
        many = {f"10.1.{i // 250}.{i % 250 + 1}" for i in range(1000)}
        with self.client() as client:
            list(client.ask_all(raw.announce(raw.txid(), [key], one) for one in many))
        run = self.dht("get", key.hex())
        self.assertEqual({line.split()[-1] for line in run.stdout.splitlines()}
                         if " " in run.stdout else set(run.stdout.splitlines()), many)

    def test_several_hashes_in_part(self):
        known, unknown = self.new_hash(), self.new_hash()
        self.dht("put", known, "--ip", V4)
        run = self.dht("get", known, unknown)
        self.assertIn(run.returncode, (5, 7))
        self.assertIn(V4, run.stdout)

    def test_the_server_sees_ones_address(self):
        key = self.new_hash()
        self.dht("put", key, "--port", "7")
        self.assertIn("127.0.0.1:7", self.dht("get", key).stdout)

    def test_hashes_as_people_write_them(self):
        digest = hashlib.sha256(b"what").hexdigest()
        self.dht("put", digest, "--ip", V4)
        btih = os.urandom(20)
        with self.client() as client:
            client.answers(raw.put(V4, btih))
        for text in (digest.upper(), f"sha256:{digest}", f"magnet:?xt=urn:btih:{btih.hex()}&dn=x",
                     f"magnet:?dn=x&xt=urn:btih:{btih.hex().upper()}"):
            self.assertEqual(self.dht("get", text).returncode, 0, text)

    def test_base(self):
        key = self.new_hash()
        self.assertEqual(self.dht("--base", "put", key, "--ip", V4).returncode, 0)
        self.assertIn(V4, self.dht("--base", "get", key).stdout)
        self.assertEqual(self.dht("--base", "get", self.new_hash()).returncode, 5)
        requests = self.server.stats()["requests"]
        self.assertGreaterEqual(requests["get"], 2)
        self.assertGreaterEqual(requests["put"], 1)
        self.assertIn("sent", self.dht("--base", "put", key, "--ip", V4).stdout)
        sent = self.json("--base", "put", key, "--ip", V4)["results"]
        self.assertEqual(sent, [{"hash": key, "status": "sent"}])

    def test_what_no_base_message_says(self):
        for arguments in (("put", "00", "--port", "80"), ("put", "00", "--ttl", "1h"), ("servers",),
                          ("drop", "00")):
            self.fails(2, "--base", *arguments, say="leave out --base")

    def test_nothing_to_announce(self):
        for command in ("put", "drop"):
            self.fails(5, command, "-d", self.folder, say=f"no file in {self.folder}")
            self.fails(5, command, "--stdin", stdin="", say="no hash on standard input")

    def test_a_file_is_no_folder(self):
        path = self.folder / "file"
        path.write_bytes(b"x")
        for command in ("get", "put", "hash"):
            self.fails(1, command, "--dir", path, say=f"{path} cannot be read: Not a directory")
        self.fails(1, "get", "--file", self.folder,
                   say=f"{self.folder} cannot be read: Is a directory")

    def test_ping_and_servers(self):
        self.assertEqual(self.dht("ping").returncode, 0)
        self.assertEqual(self.dht("--base", "ping").returncode, 0)
        run = self.dht("servers")
        self.assertEqual(run.returncode, 0)
        self.assertIn(self.server.address, run.stdout)

    def test_want(self):
        key = self.new_hash()
        waiting = lab.start_dht("-S", self.server.address, "want", key)
        try:
            time.sleep(0.5)
            self.assertIsNone(waiting.poll(), "it waits")
            self.dht("put", key, "--ip", V4)
            out, _ = waiting.communicate(timeout=lab.PATIENCE)
            self.assertEqual(waiting.returncode, 0)
            self.assertIn(V4, out)
        finally:
            waiting.kill()
            waiting.communicate()
        self.assertIn(V4, self.dht("want", key).stdout, "one that is there")
        for base in ((), ("--base",)):
            run = self.dht(*base, "want", "--wait", "300ms", self.new_hash())
            self.assertEqual(run.returncode, 6)
            self.assertIn("nobody had it", run.stderr)

    def test_hash(self):
        path = self.folder / "file"
        content = os.urandom(100000)
        path.write_bytes(content)
        run = lab.dht("hash", path)
        self.assertIn(hashlib.sha256(content).hexdigest(), run.stdout)
        path.write_bytes(b"")
        self.assertIn(hashlib.sha256(b"").hexdigest(), lab.dht("hash", path).stdout)
        run = lab.dht("hash", path, self.folder / "none")
        self.assertIn(run.returncode, (1, 7))
        self.assertIn("none", run.stderr)

    def test_standard_input(self):
        keys = [self.new_hash() for _ in range(200)]
        self.assertEqual(self.dht("put", "--stdin", "--ip", V4,
                                  stdin="".join(f"{key}  name\n" for key in keys)).returncode, 0)
        found = self.json("get", "--stdin", stdin="\n".join(keys))["results"]
        self.assertEqual([one["hash"] for one in found], keys)
        self.assertTrue(all(one["providers"][0]["ip"] == V4 for one in found))

    def test_exit(self):
        server = self.other_server({"password": "secret"})
        secret = self.folder / "password"
        secret.touch(0o600)
        secret.write_text("wrong\n")
        where = ("-S", server.address, "exit", "--password-file", secret)
        run = lab.dht(*where)
        self.assertEqual(run.returncode, 4)
        self.assertIn(f"{server.address}:8470 still answers: the password is wrong, or the server "
                      "has none", run.stderr)
        time.sleep(1.1)
        secret.write_text("secret\n")
        self.assertEqual(lab.dht(*where).returncode, 0)
        self.assertEqual(server.wait_end(), 0)

    def test_bench(self):
        run = self.dht("bench", "--help")
        times = re.findall(r"--(\w*(?:time|seconds|duration)\w*)", run.stdout)
        run = self.dht("bench", *([f"--{times[0]}", "1s"] if times else []), seconds=60)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertRegex(run.stdout, r"\d")

    # ---- JSON ----

    def test_json(self):
        key, nobody = self.new_hash(), self.new_hash()
        self.json("put", key, "--ip", V4, "--port", "80", "--ttl", "60s")
        found = self.json("get", key)
        self.assertEqual(found["results"][0]["hash"], key)
        provider, = found["results"][0]["providers"]
        self.assertLessEqual({"ip": V4, "port": 80}.items(), provider.items())
        self.assertIn(provider["ttlSeconds"], (59, 60))
        self.assertEqual(self.json("get", nobody, status=5)["results"],
                         [{"hash": nobody, "providers": []}])
        for _ in range(2):
            dropped = self.json("drop", key, "--ip", V4, "--port", "80")
            self.assertEqual(dropped, {"results": [{"hash": key, "status": "withdrawn"}]})
        for arguments in (("ping",), ("servers",), ("hash", "/dev/null")):
            self.assertIsInstance(self.json(*arguments), dict)

    def test_json_errors(self):
        for status, arguments in ((2, ("-o", "json", "nonsense")),
                                  (2, ("-o", "json", "get", "xyz")),
                                  (2, ("get", "xyz", "-o", "json")),
                                  (3, ("-o", "json", "-S", lab.address(), "ping", *QUICK))):
            run = lab.dht(*arguments)
            self.assertEqual(run.returncode, status)
            error = json.loads(run.stdout)["error"]
            self.assertEqual(set(error), {"code", "message", "hint"})

    # ---- Failures ----

    def test_closed_port(self):
        start = time.monotonic()
        self.fails(3, "-S", lab.address(), "get", "00",
                   say="reached: is dhtd running, and on this address? dhtctl status")
        self.assertLess(time.monotonic() - start, 5)
        self.fails(3, "-S", "no-such-host.invalid", "ping", say="no-such-host.invalid")

    def test_several_closed_ports(self):
        one, other = lab.address(), lab.address()
        self.fails(3, "-S", f"{one},{other}:7", "get", "00",
                   say=f"none of {one}, {other}:7 can be reached: ")
        self.folder.joinpath("password").touch(0o600)
        self.folder.joinpath("password").write_text("x")
        self.fails(3, "-S", f"{one},{other}", "exit", "--password-file", self.folder / "password",
                   say=f"dht: {one}:8470 cannot be reached: ")

    def test_silence(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind((lab.address(), 0))
            host, port = silent.getsockname()
            for arguments in (("get", "00"), ("put", "00"), ("drop", "00"), ("ping",), ("servers",),
                              ("--base", "get", "00")):
                start = time.monotonic()
                self.fails(6, "-S", f"{host}:{port}", *QUICK, *arguments)
                self.assertLess(time.monotonic() - start, 5, arguments)
            for base in ((), ("--base",)):
                self.fails(6, "-S", f"{host}:{port}", *base, "want", "--wait", "300ms", "00",
                           say=f"{host}:{port} did not answer within 300")

    def test_the_next_server(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind((lab.address(), 0))
            key = self.new_hash()
            self.dht("put", key, "--ip", V4)
            host, port = silent.getsockname()
            servers = f"{host}:{port},127.0.0.1:9,{self.server.address}"
            run = lab.dht("-S", servers, "--timeout", "50ms", "get", key)
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertIn(V4, run.stdout)

    def test_not_permitted(self):
        server = self.other_server({"clients": {"third_party_put": False}})
        for command in ("put", "drop"):
            run = lab.dht("-S", server.address, command, "00", "--ip", V4)
            self.assertEqual(run.returncode, 4)
            self.assertIn("refuse", run.stdout + run.stderr)
            self.assertIn("third_party_put", run.stderr)
            run = lab.dht("-S", server.address, command, "00", "01", "--ip", V4)
            self.assertRegex(run.stderr, r"^dht: 2 of 2 hashes .*third_party_put.*\n$")

    def test_full(self):
        server = self.other_server({"records": {"max_records": 1}})
        where, limits = ("-S", server.address, "put", "--ip", V4), "one of records.max_records, "
        self.assertEqual(lab.dht(*where, "00").returncode, 0)
        self.assertIn(f"the hash is not stored: the server is full: {limits}",
                      lab.dht(*where, "01").stderr)
        self.assertIn(f"2 of 2 hashes are not stored: 2 full: {limits}",
                      lab.dht(*where, "01", "02").stderr)

    def test_answers_that_are_none(self):
        """A server that answers nonsense is not waited for longer than one that is silent."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as odd:
            odd.bind((lab.address(), 0))
            odd.settimeout(0.02)
            host, port = odd.getsockname()
            process = lab.start_dht("-S", f"{host}:{port}", *QUICK, "get", "00")
            end = time.monotonic() + lab.PATIENCE
            try:
                while process.poll() is None and time.monotonic() < end:
                    self.answer_nonsense(odd)
                self.assertIn(process.returncode, (1, 6))
            finally:
                process.kill()
                process.communicate()

    @staticmethod
    def answer_nonsense(odd):
        try:
            request, source = odd.recvfrom(2048)
        except socket.timeout:
            return
        txid = request[3:11]
        for answer in (b"", b"\x11", request, raw.ext(raw.PROVIDERS, txid, b"\0"),
                       raw.ext(raw.PROVIDERS, raw.txid(), b"\0" * 11),
                       raw.ext(raw.PROVIDERS, txid, b"\7" + b"\0" * 10),
                       raw.ext(raw.DONE, txid, b"\0\0\0\1\1\0"), raw.have("192.0.2.1"),
                       os.urandom(60)):
            odd.sendto(answer, source)

    def test_standard_output_is_full(self):
        key = self.new_hash()
        self.dht("put", key, "--ip", V4)
        for arguments in (("get", key), ("-o", "json", "get", key), ("hash", "/dev/null"),
                          ("-S", self.server.address, "--help"), ("--version",), ("servers",)):
            with open("/dev/full", "w") as full:
                run = self.dht(*arguments, stdout=full)
            self.assertEqual(run.returncode, 1, (arguments, run.stderr))
            self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)

    def test_standard_output_is_closed(self):
        reader, writer = os.pipe()
        os.close(reader)
        try:
            run = lab.dht("hash", "/dev/null", stdout=writer)
        finally:
            os.close(writer)
        self.assertIn(run.returncode, (1, -13))

    # ---- Profiles ----

    def write_profile(self, text):
        path = self.folder / "dht/client.ini"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    def with_profile(self, *arguments, **env):
        return lab.dht(*arguments, env={"XDG_CONFIG_HOME": str(self.folder), **env})

    def test_where_settings_come_from(self):
        nowhere, here = lab.address(), self.server.address
        self.write_profile(f"[default]\nserver = {here}\n[profile bad]\nserver = {nowhere}\n"
                           "[profile json]\noutput = json\n")
        self.assertEqual(self.with_profile("ping").returncode, 0, "[default]")
        self.assertEqual(self.with_profile("ping", DHT_SERVER=nowhere).returncode, 3)
        self.assertEqual(self.with_profile("ping", DHT_PROFILE="bad").returncode, 3)
        self.assertEqual(self.with_profile("-p", "bad", "ping").returncode, 3)
        self.assertEqual(self.with_profile("-p", "json", "ping", DHT_PROFILE="bad").returncode, 0)
        self.assertEqual(self.with_profile("-p", "bad", "-S", here, "ping").returncode, 0)
        self.assertEqual(self.with_profile("-S", here, "ping", DHT_SERVER=nowhere).returncode, 0)
        json.loads(self.with_profile("-p", "json", "ping").stdout)
        self.assertEqual(lab.dht("ping", env={"HOME": str(self.folder), "DHT_SERVER": here})
                         .returncode, 0, "without any file")

    def test_home(self):
        path = self.folder / ".config/dht/client.ini"
        path.parent.mkdir(parents=True)
        path.write_text(f"[default]\nserver = {self.server.address}\n")
        self.assertEqual(lab.dht("ping", env={"HOME": str(self.folder)}).returncode, 0)

    def test_bad_profiles(self):
        for text, line in (("[default]\nservr = x\n", 2), ("[default]\ntimeout = soon\n", 2),
                           ("[nonsense]\nserver = x\n", 1), ("server = x\n", 1),
                           ("[default]\nserver\n", 2), ("[profile x]\ntries = many\n", 2),
                           ("[default]\nserver = 127.0.0.1:99999\n", 2),
                           ("[default]\nserver = a\nserver = b\n", 3)):
            path = self.write_profile(text)
            run = self.with_profile("ping")
            self.assertEqual(run.returncode, 78, (text, run.stderr))
            self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)
            self.assertRegex(run.stderr, rf"{re.escape(str(path))}:({line}|{line + 1})\b")
        self.write_profile("[default]\n")
        self.assertEqual(self.with_profile("-S", "127.0.0.1:99999", "ping").returncode, 2)
        run = self.with_profile("-p", "nobody", "ping")
        self.assertIn(run.returncode, (2, 78))
        self.assertIn("nobody", run.stderr)


if __name__ == "__main__":
    lab.main()
