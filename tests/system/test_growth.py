# SPDX-License-Identifier: BSD-2-Clause
"""A sixth server joins five that are full of records and at work: it has its share within a minute,
and meanwhile whoever asks any of the six for what was announced is told of it.

DHT_RECORDS sets how many there are (50,000), DHT_RATE how many requests a second are made (1,000).
"""
import collections
import hashlib
import heapq
import os
import select
import socket
import sys
import threading
import time
import unittest

import fleet
import lab
import raw
import varlink

RECORDS = int(os.environ.get("DHT_RECORDS", "50000"))
RATE = int(os.environ.get("DHT_RATE", "1000"))
LIMIT = 60           # seconds that the hand-over may take
ANNOUNCES = 0.05     # of the requests
AGAIN, TRIES = 1.0, 5
IN_A_DATAGRAM = 50


def key(i):
    return hashlib.sha256(b"growth %d" % i).digest()[:20]


class Load(threading.Thread):
    """So many requests a second, whether they are answered or not, at all servers in turn."""

    def __init__(self, servers, records):
        super().__init__(daemon=True)
        self.servers, self.known, self.next = servers, list(range(records)), records
        self.rng = lab.rng()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.socket.setblocking(False)
        self.stopping = threading.Event()
        self.flying, self.due = {}, []  # by transaction; (when it is repeated, transaction)
        self.counts = collections.Counter()
        self.misses, self.slowest, self.at = [], 0, 0
        self.error = None

    def send(self, transaction):
        request = self.flying[transaction]
        request["tries"] += 1
        address = self.servers[self.at % len(self.servers)]
        self.at += 1
        request["at"], request["sent"] = address, time.monotonic()
        try:
            self.socket.sendto(request["datagram"], (address, lab.PORT))
        except BlockingIOError:
            pass
        heapq.heappush(self.due, (request["sent"] + AGAIN, transaction))

    def make(self):
        """One new request."""
        transaction = raw.txid()
        if self.rng.random() < ANNOUNCES:
            i, kind, self.next = self.next, "announces", self.next + 1
            datagram = raw.announce(transaction, [key(i)], "192.0.2.7", 80, 3600)
        else:
            i, kind = self.rng.choice(self.known), "lookups"
            datagram = raw.lookup(transaction, [key(i)])
        self.flying[transaction] = {"i": i, "kind": kind, "datagram": datagram, "tries": 0,
                                    "start": time.monotonic()}
        self.send(transaction)

    def take(self, answer):
        transaction = answer[3:11]
        request = self.flying.pop(transaction, None)
        if not request:
            self.counts["strays"] += 1
            return
        self.counts[request["kind"]] += 1
        self.slowest = max(self.slowest, time.monotonic() - request["start"])
        if request["kind"] == "announces":
            if raw.done_of(answer, transaction)[1] == [0]:
                self.known.append(request["i"])
            else:
                self.counts["weak"] += 1
        elif raw.sections_of(answer, transaction)[0].total != 1:
            self.misses.append((request["sent"], request["at"], request["i"]))

    def repeat(self):
        """Those that were not answered: datagrams may be lost."""
        while self.due and self.due[0][0] <= time.monotonic():
            _, transaction = heapq.heappop(self.due)
            request = self.flying.get(transaction)
            if request and request["tries"] >= TRIES:
                self.counts["unanswered"] += 1
                del self.flying[transaction]
            elif request:
                self.counts["retries"] += 1
                self.send(transaction)

    def receive(self, until):
        while (left := until - time.monotonic()) > 0:
            if not select.select([self.socket], [], [], left)[0]:
                return
            try:
                while time.monotonic() < until:
                    self.take(self.socket.recv(2048))
            except BlockingIOError:
                pass

    def work(self):
        start, made = time.monotonic(), 0
        while not self.stopping.is_set():
            wanted = int((time.monotonic() - start) * RATE)
            if wanted - made > RATE:  # this program was held up, and does not hurry
                self.counts["not made"] += wanted - made - RATE
                made = wanted - RATE
            while made < wanted:
                self.make()
                made += 1
                if made % 64 == 0:
                    self.receive(time.monotonic() + 0.0005)
            self.receive(time.monotonic() + 0.005)
            self.repeat()
        end = time.monotonic() + AGAIN * TRIES
        while self.flying and time.monotonic() < end:
            self.receive(time.monotonic() + 0.05)
            self.repeat()

    def run(self):
        try:
            self.work()
        except BaseException as error:  # for the test to show
            self.error = error
        self.socket.close()

    def stop(self):
        self.stopping.set()
        self.join(AGAIN * TRIES + 10)
        if self.error:
            raise self.error


def status(server):
    with varlink.Connection(server.folder / "control") as connection:
        return connection.call("org.dht.Control.GetStatus")


class Growth(unittest.TestCase):
    def setUp(self):
        times = {} if RECORDS > 100000 else {"repair_interval": "5s"}
        self.fleet = fleet.Fleet(5, {"listen": {"workers": 1}, "cluster": times})
        self.addCleanup(self.fleet.end)

    def fill(self):
        """The seconds that it took."""
        start, clients = time.monotonic(), [lab.Client(s.address) for s in self.fleet.servers]
        chunks = [range(at, min(at + IN_A_DATAGRAM, RECORDS))
                  for at in range(0, RECORDS, IN_A_DATAGRAM)]
        for n, client in enumerate(clients):
            for answer in client.ask_all(
                    (raw.announce(raw.txid(), [key(i) for i in chunk], "192.0.2.7", 80, 3600)
                     for chunk in chunks[n::len(clients)]), window=16):
                self.assertEqual(set(raw.done_of(answer, answer[3:11])[1]), {0})
            client.close()
        return time.monotonic() - start

    def handed_over(self, joiner):
        """The joiner has all that it owns, and the others know it."""
        found = status(joiner)
        return (found["members"] == 6 and found["settled"] and found["partitions"]["owned"] > 0 and
                found["partitions"]["partial"] == 0)

    def all_in_place(self):
        """Nobody keeps any more what others have."""
        return all(found["members"] == 6 and found["partitions"]["kept"] == 0 and
                   found["partitions"]["partial"] == 0
                   for found in map(status, self.fleet.servers))

    def test_a_sixth_server(self):
        filled = self.fill()
        addresses = [s.address for s in self.fleet.servers]
        load = Load(addresses, RECORDS)
        load.start()
        time.sleep(2)
        before, start = sum(load.counts.values()), time.monotonic()
        joiner = self.fleet.add()
        addresses.append(joiner.address)
        lab.wait_for(lambda: status(joiner)["members"] == 6, "it has met the others")
        met = time.monotonic()
        lab.wait_for(lambda: self.handed_over(joiner), "it has its share", LIMIT)
        complete = time.monotonic()
        lab.wait_for(self.all_in_place, "all is in its place", LIMIT + 30)
        placed = time.monotonic()
        rate = (sum(load.counts.values()) - before) / (placed - start)
        time.sleep(1)
        load.stop()
        found, counts = status(joiner), load.counts
        print(f"{RECORDS} records (announced in {filled:.1f} s): the sixth has met the others "
              f"after {met - start:.2f} s, has its {found['records']} records after "
              f"{complete - start:.1f} s, all is in its place after {placed - start:.1f} s. "
              f"Meanwhile {rate:.0f} requests a second, {counts['lookups']} lookups and "
              f"{counts['announces']} announces in all ({counts['weak']} by fewer than the "
              f"quorum), {counts['retries']} retries, {counts['unanswered']} unanswered, "
              f"{counts['not made']} not made, the slowest took {load.slowest * 1000:.0f} ms: "
              f"{len(load.misses)} missed",
              file=sys.stderr)
        self.assertEqual(load.misses, [])
        self.assertEqual(counts["unanswered"], 0)
        self.assertGreater(found["records"], RECORDS * 0.4)
        self.assertGreater(rate, RATE * 0.8)


if __name__ == "__main__":
    lab.main()
