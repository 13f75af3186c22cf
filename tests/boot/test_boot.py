# SPDX-License-Identifier: BSD-2-Clause
"""What an administrator does with dht's packages in a booted Debian, from apt install to purge.

DHT_DEBS is the folder of the .deb files. The tests are one story: they run in the order of their
names and each finds what the last one left.
"""
import json
import os
import pathlib
import re
import socket
import statistics
import sys
import threading
import time

import lab
import load

DEBS = pathlib.Path(os.environ.get("DHT_DEBS") or "/nonexistent")
PACKAGES = ("dht", "dht-client", "libdht0", "libdht-dev")
EXPOSURE_MAX = 1.2
RELOADS = 30
HASH = "5ca1ab1e" * 8


def debs():
    """The packages' files, each package's newest."""
    found = {}
    for path in sorted(DEBS.glob("*.deb"), key=lambda path: path.stat().st_mtime):
        found[path.name.split("_")[0]] = path
    return [found[name] for name in PACKAGES if name in found]


class Story(lab.BootTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.before = cls.files()

    @classmethod
    def files(cls):
        """Every path in the places that a package may leave something in."""
        text = cls.machine.run("find", "/etc", "/usr", "/var/lib", "/run", "/var/cache", "/opt",
                               "-xdev", "-path", "/run/systemd", "-prune", "-o", "-print").stdout
        return set(text.splitlines())

    def ctl(self, *arguments, **more):
        return self.machine.run("dhtctl", *arguments, check=False, **more)

    def ctl_json(self, *arguments):
        done = self.ctl("-o", "json", *arguments)
        return done.returncode, json.loads(done.stdout)

    def state(self, unit="dht"):
        return self.machine.show(unit, "ActiveState", "SubState", "NRestarts", "StatusText",
                                 "ExecMainStatus", "Result", "MainPID")

    def conf(self, text):
        """Writes a drop-in of the configuration."""
        self.machine.put(text, "/etc/dht/dht.conf.d/50-test.conf")

    # ---- The story ----

    def test_01_apt_installs_the_packages(self):
        self.machine.install(*debs())
        self.machine.run("getent", "passwd", "_dht")
        self.assertEqual(self.machine.run("dhtd", "--check").stdout, "")
        failed = self.machine.run("systemctl", "--failed", "--plain", "--no-legend").stdout
        self.assertEqual(failed, "")

    def test_02_start_is_ready_in_under_a_second(self):
        times = []
        for _ in range(5):
            self.machine.run("systemctl", "stop", "dht")
            self.machine.run("systemctl", "start", "dht")
            shown = self.machine.show("dht", "InactiveExitTimestampMonotonic",
                                      "ActiveEnterTimestampMonotonic")
            times.append(int(shown["ActiveEnterTimestampMonotonic"]) -
                         int(shown["InactiveExitTimestampMonotonic"]))
        print(f"start to ready: {[round(one / 1000) for one in times]} ms", file=sys.stderr)
        self.assertLess(statistics.median(times), 1e6)
        self.assertEqual(self.state()["SubState"], "running")

    def test_03_the_client_puts_and_gets(self):
        self.machine.run("dht", "put", HASH, "--ip", "192.0.2.7", "--port", "80")
        found = json.loads(self.machine.run("dht", "-o", "json", "get", HASH).stdout)
        provider, = found["results"][0]["providers"]
        self.assertEqual((provider["ip"], provider["port"]), ("192.0.2.7", 80))

    def test_04_dhtctl_shows_it(self):
        status, answer = self.ctl_json("status")
        self.assertEqual((status, answer["health"], answer["reasons"]), (0, "healthy", []))
        self.assertEqual((answer["address"], answer["members"], answer["records"],
                          answer["hashes"]), ("127.0.0.1", 1, 1, 1))
        self.assertEqual(self.ctl_json("peers"), (0, {"peers": []}))
        status, answer = self.ctl_json("stats")
        self.assertEqual((status, answer["requests"]["announce"], answer["drops"]["malformed"]),
                         (0, 1, 0))
        status, answer = self.ctl_json("lookup", HASH)
        self.assertEqual((status, answer["total"]), (0, 1))
        for command in ("status", "peers", "stats", "config"):
            self.assertEqual(self.ctl(command).returncode, 0)

    def test_05_systemd_hears_of_it(self):
        text = lab.wait_for(lambda: re.match(r"1 member, 1 records? of 1 hash",
                                             self.state()["StatusText"]), "STATUS=", 15)
        self.assertTrue(text)
        self.machine.run("systemctl", "start", "dht-wait-online.service")

    def test_06_the_journal_has_fields(self):
        entries = self.machine.journal("dht", "DHT_EVENT=ready")
        self.assertTrue(entries)
        self.assertRegex(entries[-1]["MESSAGE_ID"], r"^[0-9a-f]{32}$")
        self.assertEqual(entries[-1]["DHT_ADDRESS"], "127.0.0.1:8470")
        self.assertEqual((entries[-1]["PRIORITY"], entries[-1]["SYSLOG_IDENTIFIER"]),
                         ("5", "dhtd"))
        shown = self.machine.run("journalctl", "-x", "-n1", "-u", "dht", "DHT_EVENT=ready").stdout
        self.assertIn("Defined-By: dht", shown)

    def test_07_the_sandbox_is_tight(self):
        text = self.machine.run("systemd-analyze", "security", "dht.service",
                                "--no-pager").stdout
        score = float(re.search(r"exposure level for dht.service: ([0-9.]+)", text).group(1))
        print(f"systemd-analyze security: {score}", file=sys.stderr)
        self.assertLessEqual(score, EXPOSURE_MAX)
        denied = self.machine.run("journalctl", "-k", "-g", "SECCOMP|audit", check=False).stdout
        self.assertNotIn("dhtd", denied)

    def test_08_who_may_do_what(self):
        self.machine.run("useradd", "--no-create-home", "stranger")
        self.machine.run("useradd", "--no-create-home", "-G", "_dht", "helper")
        done = self.ctl("status", user="stranger")
        self.assertEqual(done.returncode, 4, done)
        self.assertIn("_dht", done.stderr)
        self.assertEqual(self.ctl("status", user="helper").returncode, 0)
        self.assertEqual(self.ctl("log-level", "debug", user="helper").returncode, 0)
        self.assertEqual(self.ctl("log-level", "info").returncode, 0)
        self.assertEqual(self.machine.run("dht", "get", HASH, user="stranger").returncode, 0)
        # Somebody opened the socket to all: reading is for all then, changing is not.
        self.machine.run("chmod", "0666", "/run/dht/control")
        self.assertEqual(self.ctl("status", user="stranger").returncode, 0)
        for command in (("log-level", "debug"), ("reload",), ("shutdown",)):
            self.assertEqual(self.ctl(*command, user="stranger").returncode, 4)
        self.machine.run("chmod", "0660", "/run/dht/control")
        self.machine.run("userdel", "stranger")
        self.machine.run("userdel", "helper")
        entries = self.machine.journal("dht", "DHT_EVENT=controlDenied")
        self.assertTrue(entries and entries[0]["DHT_METHOD"])

    def test_09_reload_says_what_came_of_it(self):
        self.conf('records: { ttl = "20m"; };\n')
        self.machine.run("systemctl", "reload", "dht")
        status, answer = self.ctl_json("config", "records.ttl")
        self.assertEqual(answer["settings"][0]["value"], '"20m"')
        self.conf('records: { ttl = "20m";\n  tll = "1h"; };\n')
        for _ in range(2):
            done = self.machine.run("systemctl", "reload", "dht", check=False)
            self.assertNotEqual(done.returncode, 0)
            done = self.ctl("reload")
            self.assertEqual(done.returncode, 78)
            self.assertIn("/etc/dht/dht.conf.d/50-test.conf:2: records.tll", done.stdout +
                          done.stderr)
        self.assertEqual(self.ctl("status").returncode, 8)
        self.assertEqual(self.state()["ActiveState"], "active")
        self.conf("listen: { workers = 2; };\n")
        status, answer = self.ctl_json("reload")
        self.assertEqual((status, answer["outcome"]), (0, "needsRestart"))
        self.conf("")
        self.machine.run("systemctl", "reload", "dht")
        self.assertEqual(self.ctl("status").returncode, 0)

    def test_10_reload_under_load_loses_nothing(self):
        with load.Load(self.machine) as one, load.Load(self.machine) as two:
            for number in range(RELOADS):
                self.conf(f"records: {{ max_records = {1000 + number}; }};\n")
                self.machine.run("systemctl", "reload", "dht")
        status, answer = self.ctl_json("config", "records.max_records")
        self.assertEqual(answer["settings"][0]["value"], str(999 + RELOADS))
        self.assertEqual((one.lost, two.lost), (0, 0))
        self.assertGreater(one.sent + two.sent, 1000)
        print(f"{RELOADS} reloads, {one.sent + two.sent} requests, none lost", file=sys.stderr)

    def test_11_a_password_comes_as_a_credential(self):
        self.machine.put("a secret\n", "/etc/dht/password", mode=0o600)
        self.machine.put("[Service]\nLoadCredential=dht.password:/etc/dht/password\n",
                         "/etc/systemd/system/dht.service.d/password.conf")
        self.machine.run("systemctl", "daemon-reload")
        self.machine.run("systemctl", "restart", "dht")
        password, = self.ctl_json("config", "password")[1]["settings"]
        self.assertEqual((password["value"], password["file"]),
                         ("(secret)", "credential dht.password"))
        self.machine.put("wrong\n", "/root/wrong", mode=0o600)
        self.machine.run("dht", "exit", "--password-file", "/root/wrong", check=False)
        lab.wait_for(lambda: self.machine.journal("dht", "DHT_EVENT=exitWrong"), "the refusal")
        time.sleep(1.2)
        self.machine.run("dht", "exit", "--password-file", "/etc/dht/password", check=False)
        lab.wait_for(lambda: self.state()["ActiveState"] == "inactive", "the end")
        self.assertEqual((self.state()["ExecMainStatus"], self.state()["Result"]),
                         ("0", "success"))
        self.machine.run("rm", "-r", "/etc/systemd/system/dht.service.d", "/etc/dht/password")
        self.machine.run("systemctl", "daemon-reload")
        self.machine.run("systemctl", "start", "dht")

    def test_12_a_socket_of_systemd_is_used(self):
        self.machine.put("[Socket]\nListenDatagram=127.0.0.1:8470\nFileDescriptorName=client\n"
                         "Service=dht.service\n", "/etc/systemd/system/dht.socket")
        self.machine.run("systemctl", "stop", "dht")
        self.machine.run("systemctl", "daemon-reload")
        self.machine.run("systemctl", "start", "dht.socket")
        # Nobody is there yet: the request wakes the daemon, and is answered.
        self.machine.run("dht", "ping", seconds=20)
        self.assertEqual(self.state()["ActiveState"], "active")
        self.machine.run("systemctl", "stop", "dht.socket", "dht.service")
        self.machine.run("rm", "/etc/systemd/system/dht.socket")
        self.machine.run("systemctl", "daemon-reload")
        self.machine.run("systemctl", "start", "dht")

    def quiet_and_hostile(self, attack):
        """p99 of the datagram path without and with an attack on the control socket."""
        with load.Load(self.machine, pause=0.0002) as quiet:
            time.sleep(4)
        done = threading.Event()
        thread = threading.Thread(target=attack, args=(done,))
        with load.Load(self.machine, pause=0.0002) as hostile:
            thread.start()
            time.sleep(4)
            done.set()
        thread.join()
        return quiet, hostile

    def test_13_the_control_socket_under_attack(self):
        def attack(done):
            path = str(self.machine.path("/run/dht/control"))
            held = []
            while not done.is_set():
                one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                one.settimeout(1)
                try:
                    one.connect(path)
                    one.send(b'{"method":' if len(held) % 2 else b"\xff" * 4096)
                except OSError:
                    pass
                held.append(one)
                if len(held) > 200:
                    held.pop(0).close()
                time.sleep(0.001)
            for one in held:
                one.close()

        quiet, hostile = self.quiet_and_hostile(attack)
        self.assertEqual((quiet.lost, hostile.lost), (0, 0))
        ratio = hostile.percentile(0.99) / quiet.percentile(0.99)
        print(f"p99: {quiet.percentile(0.99) * 1e6:.0f} us, under attack "
              f"{hostile.percentile(0.99) * 1e6:.0f} us ({ratio:.2f} times)", file=sys.stderr)
        self.assertEqual(self.ctl("status").returncode, 0)

    def test_14_report(self):
        self.machine.run("dhtctl", "report", "--file", "/root/report.tar.gz")
        names = self.machine.run("tar", "-tzf", "/root/report.tar.gz").stdout
        for name in ("status.json", "stats.json", "config.json", "log.json"):
            self.assertIn(name, names)
        self.machine.run("rm", "/root/report.tar.gz")

    def test_15_manual_and_completions_are_there(self):
        text = self.machine.run("dpkg", "-L", *PACKAGES).stdout
        for name in ("man8/dhtd.8", "man8/dhtctl.8", "man1/dht.1", "man5/dht.conf.5",
                     "man5/dht-client.ini.5", "man7/dht-protocol.7", "man3/libdht.3",
                     "completions/dht", "completions/dhtctl", "_dhtctl", "dhtctl.fish",
                     "libdht.so.0", "dht.pc"):
            self.assertIn(name, text)

    def test_20_shutdown_is_clean(self):
        done = self.ctl("shutdown")
        self.assertEqual(done.returncode, 0, done)
        lab.wait_for(lambda: self.state()["ActiveState"] == "inactive", "the end")
        self.assertEqual((self.state()["ExecMainStatus"], self.state()["Result"]),
                         ("0", "success"))
        time.sleep(1)
        self.assertEqual(self.state()["ActiveState"], "inactive")
        done = self.ctl("-o", "json", "status")
        self.assertEqual(done.returncode, 3)
        self.assertIn("systemctl status dht", json.loads(done.stdout)["error"]["hint"])

    def test_21_purge_leaves_nothing(self):
        self.machine.run("systemctl", "start", "dht")
        self.machine.run("apt-get", "-qy", "purge", *PACKAGES, seconds=120)
        known = re.compile(r"/(var/lib/dpkg|var/lib/apt|var/lib/systemd|var/cache/(apt|debconf|"
                           r"man|ldconfig)|etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$|"
                           r"run/(user|systemd|sudo|udev|lock|utmp|log|dbus)|etc/ld\.so)")
        left = {path for path in self.files() - self.before if not known.match(path)}
        self.assertEqual(left, set())
        for table in ("passwd", "group"):
            self.assertNotEqual(self.machine.run("getent", table, "_dht", check=False).returncode,
                                0)
        self.assertEqual(self.machine.run("systemctl", "list-unit-files", "dht*", "--no-legend",
                                          check=False).stdout, "")


if __name__ == "__main__":
    if not debs():
        print("SKIP: no packages in DHT_DEBS")
        sys.exit(77)
    lab.main()
