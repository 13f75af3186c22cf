# SPDX-License-Identifier: BSD-2-Clause
"""The control socket, as it is met by clients that know nothing but Varlink, or that mean ill."""
import contextlib
import json
import os
import pathlib
import re
import socket
import stat
import subprocess
import time

import lab
import raw
import varlink

OURS = "org.dht.Control."
SERVICE = "org.varlink.service."
CONNECTS = 10000
CLIENTS_MAX = 64
STALL = 5  # seconds without progress that a client may take
NOBODY = 65534


class Control(lab.LabTest):
    def path(self, server=None):
        return (server or self.server).folder / "control"

    def connect(self, server=None):
        connection = varlink.Connection(self.path(server))
        self.addCleanup(connection.close)
        return connection

    def expect_error(self, name, parameters, call, *arguments, **flags):
        """A call that brings an error; the connection goes on."""
        connection = self.connect()
        connection.send(call, *arguments, **flags)
        with self.assertRaises(varlink.Error) as caught:
            connection.reply()
        self.assertEqual((caught.exception.name, caught.exception.parameters),
                         (SERVICE + name, parameters))
        self.assertEqual(connection.call(OURS + "GetStatus")["health"], "healthy")

    def expect_closed(self, data):
        connection = self.connect()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.socket.sendall(data)
        with self.assertRaises(varlink.Closed):
            connection.message()
        self.answers_everybody()

    def answers_everybody(self, server=None):
        """Datagrams, and a client of the control socket."""
        server = server or self.server
        with lab.Client(server.address) as client:
            self.assertEqual(client.ask(raw.get(b"abc")), raw.NOBODY)
        with varlink.Connection(self.path(server)) as connection:
            self.assertEqual(connection.call(OURS + "GetStatus")["members"], 1)


class Protocol(Control):
    def test_introspection(self):
        connection = self.connect()
        info = connection.call(SERVICE + "GetInfo")
        self.assertEqual(info.keys(), {"vendor", "product", "version", "url", "interfaces"})
        self.assertEqual(info["interfaces"], ["org.varlink.service", "org.dht.Control"])
        for name in info["interfaces"]:
            text = connection.call(SERVICE + "GetInterfaceDescription",
                                   {"interface": name})["description"]
            self.assertRegex(text, rf"(?m)^interface {re.escape(name)}$")
            self.assertIn("\nmethod Get", text)

    def test_what_has_no_parameters_answers(self):
        connection = self.connect()
        for method, key in (("GetStatus", "uptimeSeconds"), ("GetStats", "requests"),
                            ("ListPeers", "peers"), ("GetConfig", "settings"),
                            ("GetLog", "entries")):
            self.assertIn(key, connection.call(OURS + method))
            self.assertIn(key, connection.call(OURS + method, {}))
        self.assertEqual(connection.call(OURS + "ListPeers"), {"peers": []})

    def test_lookup(self):
        connection = self.connect()
        with lab.Client(self.server.address) as client:
            client.answers(raw.put("192.0.2.7", b"\xab\xcd"))
        found = connection.call(OURS + "Lookup", {"hash": "abcd"})
        self.assertEqual((found["hash"], found["total"], found["next"]), ("abcd", 1, 0))
        self.assertEqual(found["providers"][0]["ip"], "192.0.2.7")
        nobody = connection.call(OURS + "Lookup", {"hash": "ABCE", "cursor": None})
        self.assertEqual((nobody["total"], nobody["providers"]), (0, []))

    def test_parameters_that_are_wrong_are_named(self):
        for method, parameters, wrong in (
                ("GetStatus", {"verbose": True}, "verbose"),
                ("Lookup", {}, "hash"),
                ("Lookup", {"hash": 1}, "hash"),
                ("Lookup", {"hash": ""}, "hash"),
                ("Lookup", {"hash": "xy"}, "hash"),
                ("Lookup", {"hash": "ab" * 65}, "hash"),
                ("Lookup", {"hash": "ab", "cursor": -1}, "cursor"),
                ("Lookup", {"hash": "ab", "cursor": 1 << 32}, "cursor"),
                ("Lookup", {"hash": "ab", "page": 1}, "page"),
                ("SetLogLevel", {"level": "loud"}, "level"),
                ("Reload", {"dryRun": "yes"}, "dryRun"),
                ("Shutdown", {"now": True}, "now")):
            self.expect_error("InvalidParameter", {"parameter": wrong}, OURS + method, parameters)
        self.expect_error("InvalidParameter", {"parameter": "level"}, OURS + "Monitor",
                          {"level": "loud"}, more=True)

    def test_what_is_not_there_is_named(self):
        self.expect_error("MethodNotFound", {"method": OURS + "Getstatus"}, OURS + "Getstatus")
        self.expect_error("InterfaceNotFound", {"interface": "org.dht"}, "org.dht.GetStatus")
        self.expect_error("InterfaceNotFound", {"interface": "org.x"},
                          SERVICE + "GetInterfaceDescription", {"interface": "org.x"})

    def test_a_stream_needs_more(self):
        self.expect_error("ExpectedMore", {}, OURS + "Monitor")

    def test_what_is_no_call_closes_the_connection(self):
        good = json.dumps({"method": OURS + "GetStatus"})
        for text in ("", "x", "[]", "{}", '{"method":1}', '{"method":"GetStatus"}', good[:-1],
                     good + "x", good[:-1] + ',"id":1}', good[:-1] + ',"more":1}',
                     good[:-1] + ',"parameters":[]}', good[:-1] + ',"upgrade":true}',
                     good[:-1] + ',"method":"a.B"}'):
            self.expect_closed(text.encode() + b"\0")
        self.expect_closed(b'{"method":"' + b"\xff" + b'"}\0')

    def test_calls_are_answered_in_their_order(self):
        connection = self.connect()
        keys = [lab.fresh_hash().hex() for _ in range(300)]
        calls = [{"method": OURS + "Lookup", "parameters": {"hash": key}} for key in keys]
        connection.socket.sendall(b"".join(json.dumps(call).encode() + b"\0" for call in calls))
        self.assertEqual([connection.reply()[0]["hash"] for _ in keys], keys)

    def test_oneway_gets_no_answer(self):
        connection = self.connect()
        connection.send(OURS + "GetStatus", oneway=True)
        connection.send("no.such.Method", oneway=True)
        connection.send(OURS + "Monitor", oneway=True)
        self.assertIn("peers", connection.call(OURS + "ListPeers"))

    def test_a_call_in_pieces(self):
        connection = self.connect()
        for byte in json.dumps({"method": OURS + "GetStats"}).encode() + b"\0":
            connection.socket.sendall(bytes([byte]))
        self.assertIn("drops", connection.reply()[0])

    def test_who_only_stops_sending_is_answered(self):
        connection = self.connect()
        connection.send(OURS + "GetStats")
        connection.socket.shutdown(socket.SHUT_WR)
        self.assertIn("drops", connection.reply()[0])
        with self.assertRaises(varlink.Closed):
            connection.message()


class Log(Control):
    def test_a_monitor_shows_lines_as_they_come(self):
        watcher, other = self.connect(), self.connect()
        watcher.send(OURS + "Monitor", {"level": "notice"}, more=True)
        time.sleep(0.3)
        before = other.call(OURS + "SetLogLevel", {"level": "debug"})["before"]
        item, continues = watcher.reply()
        self.assertTrue(continues)
        self.assertEqual((item["entry"]["event"], item["entry"]["level"]), ("logLevel", "notice"))
        self.assertEqual(item["entry"]["fields"]["DHT_LEVEL"], "debug")
        self.assertRegex(item["entry"]["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
        self.assertEqual(item["lost"], 0)
        self.assertEqual(other.call(OURS + "SetLogLevel", {"level": before})["before"], "debug")
        following, _ = watcher.reply()
        self.assertGreater(following["entry"]["sequence"], item["entry"]["sequence"])
        entries = other.call(OURS + "GetLog")["entries"]
        self.assertIn(item["entry"], entries)
        numbers = [entry["sequence"] for entry in entries]
        self.assertEqual(numbers, sorted(numbers))


class Hostile(Control):
    def test_rubbish(self):
        self.expect_closed(b"x" * (1 << 20))
        self.expect_closed(os.urandom(1 << 20).replace(b"\0", b"x"))
        self.expect_closed(b'{"method":"' + b"a." * (1 << 19))
        self.expect_closed(b"\0" * (1 << 20))

    def test_ten_thousand_connects(self):
        start = time.monotonic()
        for i in range(CONNECTS):
            with varlink.connected(self.path()) as one, \
                    contextlib.suppress(BrokenPipeError, ConnectionResetError):
                if i % 10 == 1:
                    one.sendall(b'{"method":')
                if i % 10 == 2:
                    one.sendall(json.dumps({"method": OURS + "GetStats"}).encode() + b"\0")
            if i % 1000 == 0:
                with lab.Client(self.server.address) as client:
                    self.assertEqual(client.ask(raw.get(b"abc"), 1), raw.NOBODY)
        print(f"{CONNECTS} connects in {time.monotonic() - start:.1f} s")
        self.answers_everybody()

    def test_all_places_taken(self):
        for _ in range(CLIENTS_MAX):
            self.connect()
        time.sleep(1.5)
        self.answers_everybody()

    def test_streams_never_take_all_places(self):
        for _ in range(2 * CLIENTS_MAX):
            self.connect().send(OURS + "Monitor", more=True)
        time.sleep(1.5)
        self.answers_everybody()

    def test_half_a_message_is_cut_off(self):
        connection = self.connect()
        start = time.monotonic()
        connection.socket.sendall(b'{"method":')
        with self.assertRaises(varlink.Closed):
            connection.message()
        self.assertGreater(time.monotonic() - start, STALL - 1)
        self.assertLess(time.monotonic() - start, STALL + 3)

    def test_who_does_not_read_is_cut_off(self):
        call = json.dumps({"method": OURS + "GetConfig"}).encode() + b"\0"
        stuck = [self.connect() for _ in range(10)]
        for one in stuck:
            one.socket.setblocking(False)
        before = self.server.memory_kb()
        end = time.monotonic() + STALL + 3
        while stuck and time.monotonic() < end:
            stuck = [one for one in stuck if self.pushes(one.socket, call)]
            self.answers_everybody()
            time.sleep(0.1)
        self.assertEqual(stuck, [])
        if not self.server.instrumented():
            self.assertLess(self.server.memory_kb() - before, 16384)

    @staticmethod
    def pushes(one, call):
        """Sends as many calls as are taken; whether the connection still stands."""
        try:
            while True:
                one.send(call)
        except BlockingIOError:
            return True
        except (BrokenPipeError, ConnectionResetError):
            return False

    def test_a_stream_that_nobody_reads(self):
        sleeper, talker = self.connect(), self.connect()
        before = self.server.memory_kb()
        sleeper.send(OURS + "Monitor", {"level": "debug"}, more=True)
        # Each change says a line of 300 bytes or more in JSON: 3000 are more than a socket takes.
        for i in range(3000):
            talker.call(OURS + "SetLogLevel", {"level": ("error", "warning")[i % 2]})
        end = time.monotonic() + STALL + 3
        while time.monotonic() < end:
            self.answers_everybody()
            talker.call(OURS + "SetLogLevel", {"level": "info"})
            time.sleep(0.2)
        with self.assertRaises(varlink.Closed):
            while True:
                sleeper.message()
        if not self.server.instrumented():
            self.assertLess(self.server.memory_kb() - before, 16384)


class Life(Control):
    @classmethod
    def setUpClass(cls):
        pass

    def test_shutdown_is_answered_first(self):
        server = self.other_server()
        connection = self.connect(server)
        self.assertEqual(connection.call(OURS + "Shutdown"), {})
        with self.assertRaises(varlink.Closed):
            connection.message()
        self.assertEqual(server.wait_end(), 0, server.log())
        self.assertFalse(self.path(server).exists())

    def test_what_happens_here_is_counted(self):
        server = self.other_server()
        with varlink.Connection(self.path(server)) as connection:
            connection.call(OURS + "GetStatus")
            counted = connection.call(OURS + "GetStats")["control"]
        self.assertEqual(counted, {"accepted": 1, "refused": 0, "cutOff": 0, "calls": 2,
                                   "denied": 0})
        bad = self.connect(server)
        bad.socket.sendall(b"x\0")
        with self.assertRaises(varlink.Closed):
            bad.message()
        self.assertEqual(server.stop()[0], 0)
        self.assertEqual(server.last_stats()["control"],
                         {**counted, "accepted": 2, "cutOff": 1})

    def test_a_second_daemon_is_refused(self):
        first = self.other_server()
        second = self.other_server({"control": {"socket": str(self.path(first))}}, wait=False)
        self.assertEqual(second.wait_end(), 78, second.log())
        self.assertRegex(second.log(), rf"another dhtd serves {re.escape(str(self.path(first)))}")
        self.answers_everybody(first)

    def test_a_killed_ones_socket_is_replaced(self):
        first = self.other_server()
        path = self.path(first)
        first.process.kill()
        first.process.wait(lab.PATIENCE)
        self.assertTrue(path.is_socket())
        second = self.other_server({"control": {"socket": str(path)}})
        with varlink.Connection(path) as connection:
            self.assertEqual(connection.call(OURS + "GetStatus")["processId"],
                             second.process.pid)
        second.stop()
        self.assertFalse(path.exists())
        first.process.returncode = 0  # it was killed on purpose

    def test_nothing_else_is_removed(self):
        for make, why in ((pathlib.Path.touch, "no socket"), (pathlib.Path.mkdir, "no socket"),
                          (self.listen, "another process listens")):
            server = self.other_server()
            path = server.folder / "other"
            make(path)
            second = self.other_server({"control": {"socket": str(path)}}, wait=False)
            self.assertEqual(second.wait_end(), 78, second.log())
            self.assertIn(why, second.log())
            self.assertTrue(path.exists())

    def listen(self, path):
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.addCleanup(listener.close)
        listener.bind(str(path))
        listener.listen()

    def test_its_mode(self):
        private = self.other_server({"control": {"admin_group": ""}})
        self.assertEqual(stat.S_IMODE(self.path(private).stat().st_mode), 0o600)
        group = str(os.getegid())
        shared = self.other_server({"control": {"admin_group": group}})
        self.assertEqual(stat.S_IMODE(self.path(shared).stat().st_mode), 0o660)
        self.assertEqual(self.path(shared).stat().st_gid, os.getegid())
        for server in (private, shared):
            server.stop()
            self.assertEqual([one.name for one in server.folder.iterdir()], ["dht.conf"])

    def test_a_folder_that_others_can_write(self):
        server = self.other_server()
        folder = server.folder / "open"
        folder.mkdir()
        folder.chmod(0o777)
        second = self.other_server({"control": {"socket": str(folder / "control")}}, wait=False)
        self.assertEqual(second.wait_end(), 78, second.log())
        self.assertIn("chmod go-w", second.log())


# What a caller without permission does, in a process of its own.
STRANGER = """
import os, sys
sys.path.insert(0, {tests!r})
import varlink
os.setgroups([])
os.setgid({nobody})
os.setuid({nobody})
connection = varlink.Connection({path!r})
assert connection.call("org.dht.Control.GetStatus")["health"] == "healthy"
for method, parameters in (("Reload", {{}}), ("Reload", {{"dryRun": True}}), ("Shutdown", None),
                           ("SetLogLevel", {{"level": "debug"}}), ("Shutdown", {{"x": 1}})):
    try:
        connection.call("org.dht.Control." + method, parameters)
        sys.exit(method + " was allowed")
    except varlink.Error as error:
        assert error.name == "org.varlink.service.PermissionDenied", error
        assert error.parameters == {{}}, error
connection.send("org.dht.Control.Shutdown", oneway=True)
assert "settings" in connection.call("org.dht.Control.GetConfig")
"""


class Permission(Control):
    def test_a_stranger_reads_and_changes_nothing(self):
        if os.geteuid() != 0:
            self.skipTest("only root can become somebody else")
        self.server.folder.chmod(0o711)
        self.path().chmod(0o666)
        here = str(pathlib.Path(varlink.__file__).parent)
        code = STRANGER.format(nobody=NOBODY, tests=here, path=str(self.path()))
        child = subprocess.run(["python3", "-B", "-c", code], stderr=subprocess.PIPE, text=True,
                               timeout=30, cwd="/")
        self.assertEqual(child.returncode, 0, child.stderr)
        self.server.wait_line(rf"user {NOBODY} \(process \d+\) may not call Reload")
        self.answers_everybody()


if __name__ == "__main__":
    lab.main()
