# SPDX-License-Identifier: BSD-2-Clause
"""The watchdog restarts a daemon of which any one thread hangs, and no other.

DHT_DEBS is the folder of the .deb files; DHT_BUSY_S how long each busy time lasts (20 s; ten
minutes for the long run).
"""
import os
import sys
import time

import freeze
import lab
import load
import test_boot

BUSY_S = int(os.environ.get("DHT_BUSY_S") or 20)
GRACE_S = 2


class Watchdog(lab.BootTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.machine.install(*test_boot.debs())
        cls.machine.run("systemctl", "start", "dht")

    def restarts(self):
        return int(self.machine.show("dht", "NRestarts")["NRestarts"])

    def running(self):
        pid = self.machine.pid_of("dht")
        return pid if pid and self.machine.show("dht", "SubState")["SubState"] == "running" else 0

    def hold(self, name, thread, limit_s):
        """Holds one thread; gives the seconds until another daemon was ready."""
        before = self.restarts()
        with freeze.Held(thread):
            start = time.monotonic()
            lab.wait_for(lambda: self.restarts() > before, f"a restart for {name}", limit_s + 5)
            lab.wait_for(self.running, "the new daemon", 5)
            return time.monotonic() - start

    def test_each_thread(self):
        names = list(freeze.threads(self.running().host).values())
        period = self.machine.show("dht", "WatchdogUSec")["WatchdogUSec"]
        limit_s = int(period.rstrip("s")) + GRACE_S
        self.assertGreaterEqual(len(names), 4, names)
        for index, name in enumerate(names):
            self.machine.run("systemctl", "reset-failed", "dht")
            pid = self.running().host
            # A daemon that has just come up has fed once; what counts is the worst case after.
            time.sleep(1)
            seconds = self.hold(name, list(freeze.threads(pid))[index], limit_s)
            print(f"{name} held: another daemon after {seconds:.2f} s", file=sys.stderr)
            self.assertLessEqual(seconds, limit_s)
            self.machine.run("dht", "ping")
        stuck = self.machine.journal("dht", "DHT_EVENT=threadStuck")
        self.assertEqual({entry["DHT_THREAD"] for entry in stuck} & set(names),
                         {name for name in names
                          if name.startswith(("worker", "warden", "cluster"))})

    def busy(self, what):
        """The daemon answers a load for BUSY_S, and is the same one at the end."""
        pid, before = self.running(), self.restarts()
        with load.Load(self.machine, pause=0.005) as client:
            time.sleep(BUSY_S)
        print(f"{what}: {client.sent} requests in {BUSY_S} s, {client.lost} lost",
              file=sys.stderr)
        self.assertEqual((self.running(), self.restarts()), (pid, before))

    def test_busy_processors(self):
        unit = "busy.service"
        loops = "for i in 1 2 3 4; do (while :; do :; done) & done; wait"
        self.machine.run("systemd-run", "--unit", unit, "sh", "-c", loops)
        try:
            self.busy("all processors loaded twice")
        finally:
            self.machine.run("systemctl", "stop", unit)

    def test_a_tenth_of_a_processor(self):
        if "cpu" not in self.machine.controllers():
            self.skipTest("this machine's control groups have no cpu controller")
        self.machine.run("systemctl", "set-property", "--runtime", "dht", "CPUQuota=10%")
        try:
            self.busy("CPUQuota=10%")
        finally:
            self.machine.run("systemctl", "set-property", "--runtime", "dht", "CPUQuota=")


if __name__ == "__main__":
    if not test_boot.debs():
        print("SKIP: no packages in DHT_DEBS")
        sys.exit(77)
    lab.main()
