# SPDX-License-Identifier: BSD-2-Clause
"""A line that loses, repeats, delays and reorders datagrams: the client still gets it all done, and
a request that comes twice or late has the effect of one that came once."""
import heapq
import json
import os
import select
import socket
import threading
import time

import lab
import raw

COUNT = 3000
LOSS, REPEAT = 0.15, 0.15
DELAY_MS = (0, 0, 0, 1, 5, 30)
LATE_MS = 300  # of a repetition


class Relay:
    """Passes datagrams between one server and whoever sends to it, badly, both ways."""

    def __init__(self, server, rng):
        self.rng = rng
        self.server = (server, lab.PORT)
        self.front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.front.bind((lab.address(), lab.PORT))
        self.address = self.front.getsockname()[0]
        self.backs = {}  # client → the socket that stands for it
        self.waiting, self.count = [], 0
        self.passed = self.lost = 0
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def back_of(self, client):
        if client not in self.backs:
            back = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            back.connect(self.server)
            self.backs[client] = back
        return self.backs[client]

    def mangle(self, send):
        """Now, later, twice, or never."""
        if self.rng.random() < LOSS:
            self.lost += 1
            return
        self.passed += 1
        times = [self.rng.choice(DELAY_MS)]
        if self.rng.random() < REPEAT:
            times.append(self.rng.randrange(LATE_MS))
        for delay_ms in times:
            self.count += 1
            heapq.heappush(self.waiting, (time.monotonic() + delay_ms / 1000, self.count, send))

    def turn(self):
        """Takes in what came, sends what is due."""
        sockets = {self.front: None, **{back: client for client, back in self.backs.items()}}
        for one in select.select(list(sockets), [], [], 0.001)[0]:
            data, source = one.recvfrom(65536)
            if one is self.front:
                back = self.back_of(source)
                self.mangle(lambda d=data, b=back: b.send(d))
            else:
                self.mangle(lambda d=data, c=sockets[one]: self.front.sendto(d, c))
        while self.waiting and self.waiting[0][0] <= time.monotonic():
            try:
                heapq.heappop(self.waiting)[2]()
            except ConnectionRefusedError:
                pass

    def run(self):
        while not self.done.is_set():
            try:
                self.turn()
            except ConnectionRefusedError:
                pass

    def close(self):
        self.done.set()
        self.thread.join()
        for one in [self.front, *self.backs.values()]:
            one.close()


class Loss(lab.LabTest):
    def setUp(self):
        self.rng = lab.rng()
        self.relay = Relay(self.server.address, self.rng)
        self.addCleanup(self.relay.close)

    def run_dht(self, *arguments, stdin=None):
        return lab.dht("-S", self.relay.address, "--timeout", "60ms", "--tries", "30", *arguments,
                       stdin=stdin, seconds=60)

    def test_put_get_drop(self):
        keys = sorted({self.rng.randbytes(20).hex() for _ in range(COUNT)})
        text = "\n".join(keys)
        before = self.server.stats()["records"]
        where = ("--stdin", "--ip", "192.0.2.1", "--port", "80")
        run = self.run_dht("put", *where, stdin=text)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(self.server.stats()["records"] - before, COUNT)
        run = self.run_dht("-o", "json", "get", "--stdin", stdin=text)
        self.assertEqual(run.returncode, 0, run.stderr)
        results = json.loads(run.stdout)["results"]
        self.assertEqual([one["hash"] for one in results], keys)
        self.assertTrue(all(len(one["providers"]) == 1 for one in results))
        run = self.run_dht("drop", *where, stdin=text)
        self.assertEqual(run.returncode, 0, run.stderr)
        time.sleep(2 * LATE_MS / 1000)
        stats = self.server.stats()
        self.assertEqual(stats["records"], before, "a late repetition brought some back")
        print(f"\n{self.relay.lost} datagrams lost, {self.relay.passed} passed, "
              f"{stats['events']['repeats']} repeated requests recognised")

    def test_pages_of_a_crowd(self):
        key = os.urandom(20).hex()
        many = {f"10.9.{i // 250}.{i % 250 + 1}" for i in range(500)}
        client = self.client()
        list(client.ask_all(raw.announce(raw.txid(), [bytes.fromhex(key)], one)
                            for one in many))
        run = self.run_dht("-o", "json", "get", key)
        self.assertEqual(run.returncode, 0, run.stderr)
        providers = json.loads(run.stdout)["results"][0]["providers"]
        self.assertEqual(len(providers), len(many), "each once")
        self.assertEqual({one["ip"] for one in providers}, many)

    def test_want(self):
        for _ in range(5):
            key = os.urandom(20).hex()
            waiting = lab.start_dht("-S", self.relay.address, "want", key)
            try:
                time.sleep(0.2)
                self.assertEqual(self.run_dht("put", key, "--ip", "192.0.2.1").returncode, 0)
                out, _ = waiting.communicate(timeout=30)
                self.assertEqual(waiting.returncode, 0)
                self.assertIn("192.0.2.1", out)
            finally:
                waiting.kill()
                waiting.communicate()


if __name__ == "__main__":
    lab.main()
