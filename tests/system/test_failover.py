# SPDX-License-Identifier: BSD-2-Clause
"""dht and servers that go away, are late, or store too little: the servers are written here."""
import collections
import json
import socket
import struct
import threading
import unittest

import lab
import raw

HASHES_AT = {raw.LOOKUP: 6, raw.ANNOUNCE: 22, raw.WITHDRAW: 18, raw.WATCH: 4}
STORED, BELOW_QUORUM, NOT_IN_TIME = 0, 1, 4


class Scripted:
    """A server that stores nothing. statuses: those of each ANNOUNCE, one list after the other, the
    last one from then on; knows: the servers that it lists behind itself; has: every hash's
    provider."""

    def __init__(self, statuses=((STORED,),), knows=(), has=None):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((lab.address(), lab.PORT))
        self.address = self.socket.getsockname()[0]
        self.statuses, self.knows, self.has = list(statuses), knows, has
        self.silent = False
        self.got = collections.defaultdict(list)  # type → datagrams
        self.watcher = None
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def close(self):
        """As a process that was killed: the system answers for it."""
        if self.thread.is_alive():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
                end.sendto(b"", (self.address, lab.PORT))
            self.thread.join()

    def run(self):
        while True:
            datagram, source = self.socket.recvfrom(65536)
            if not datagram:
                self.socket.close()
                return
            kind, transaction, data = raw.split(datagram)
            self.got[kind].append(datagram)
            if kind == raw.WATCH:
                self.watcher = source, transaction
            if self.silent:
                continue
            for answer in self.answers(kind, transaction, data):
                self.socket.sendto(answer, source)

    def answers(self, kind, transaction, data):
        count = data[HASHES_AT[kind]] if kind in HASHES_AT else 0
        if kind == raw.LOOKUP:
            n, provider = (1, self.provider(self.has)) if self.has else (0, b"")
            yield raw.ext(raw.PROVIDERS, transaction, b"".join(
                struct.pack(">BIIH", i, n, 0, n) + provider for i in range(count)))
        elif kind == raw.ANNOUNCE:
            statuses = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
            yield self.done(transaction, [statuses[i % len(statuses)] for i in range(count)],
                            struct.unpack_from(">I", data)[0])
        elif kind in (raw.WITHDRAW, raw.WATCH):
            yield self.done(transaction, [STORED] * count, 60)
        elif kind == raw.SERVERS:
            servers = [self.address, *self.knows]
            yield raw.ext(raw.SERVER_LIST, transaction, struct.pack(">H", len(servers)) + b"".join(
                raw.ip(one) + struct.pack(">H", lab.PORT) for one in servers))

    @staticmethod
    def provider(address):
        return raw.ip(address) + struct.pack(">HI", 80, 60)

    @staticmethod
    def done(transaction, statuses, ttl):
        return raw.ext(raw.DONE, transaction,
                       struct.pack(">IB", ttl or 1800, len(statuses)) + bytes(statuses))

    def tell(self, seq, key, address):
        """EVENT: it has appeared."""
        source, transaction = self.watcher
        self.socket.sendto(raw.ext(
            raw.EVENT, transaction, struct.pack(">IBB", seq, raw.APPEARED, len(key)) + key +
            self.provider(address)), source)

    def wait(self, kind, count=1, seconds=lab.PATIENCE):
        lab.wait_for(lambda: len(self.got[kind]) >= count, f"type {kind}", seconds)
        return self.got[kind]


class Failover(unittest.TestCase):
    def server(self, **more):
        server = Scripted(**more)
        self.addCleanup(server.close)
        return server

    def start(self, *arguments):
        process = lab.start_dht(*arguments)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def dht(self, servers, *arguments):
        where = ",".join(server.address for server in servers)
        return lab.dht("-S", where, "--timeout", "100ms", *arguments)

    def test_the_next_server_gets_the_same(self):
        silent, good = self.server(), self.server()
        silent.silent = True
        run = self.dht((silent, good), "put", "00", "--ip", "192.0.2.1")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertEqual(set(silent.got[raw.ANNOUNCE]), set(good.got[raw.ANNOUNCE]))

    def test_keep(self):
        """Renewed at a server that was never named, when the one that was is killed."""
        other = self.server()
        given = self.server(knows=(other.address,))
        process = self.start("-S", given.address, "put", "--keep", "--ttl", "2s", "00")
        given.wait(raw.SERVERS)
        given.wait(raw.ANNOUNCE, 2)
        given.close()
        other.wait(raw.ANNOUNCE, 2)
        process.terminate()
        out, err = process.communicate(timeout=lab.PATIENCE)
        self.assertEqual((process.returncode, err), (0, ""), out)

    def test_several_servers_are_enough(self):
        one, other = self.server(), self.server()
        self.start("-S", f"{one.address},{other.address}", "put", "--keep", "--ttl", "1s", "00")
        one.wait(raw.ANNOUNCE, 3)
        self.assertEqual(one.got[raw.SERVERS], [])

    def test_follow(self):
        """Watched at another server, which tells again what was told, and then news."""
        other = self.server(has="192.0.2.1")
        given = self.server(knows=(other.address,))
        process = self.start("-S", given.address, "--timeout", "100ms", "want", "--follow", "0123")
        given.wait(raw.SERVERS)
        given.wait(raw.LOOKUP)
        given.tell(1, b"\x01\x23", "192.0.2.1")
        given.wait(raw.SEEN)
        given.silent = True
        other.wait(raw.WATCH, seconds=30)
        other.wait(raw.LOOKUP)
        other.tell(1, b"\x01\x23", "192.0.2.1")
        other.tell(2, b"\x01\x23", "192.0.2.2")
        other.wait(raw.SEEN, 2)
        process.terminate()
        out, err = process.communicate(timeout=lab.PATIENCE)
        self.assertEqual((process.returncode, err), (0, ""))
        self.assertEqual([line.split()[2] for line in out.splitlines() if "appeared" in line],
                         ["192.0.2.1:80", "192.0.2.2:80"])

    def test_late(self):
        """What was not stored in time is asked for again, to the byte."""
        server = self.server(statuses=((STORED, NOT_IN_TIME), (BELOW_QUORUM, STORED)))
        run = self.dht((server,), "put", "00", "01")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        first, second = server.got[raw.ANNOUNCE]
        self.assertEqual(first, second)
        run = self.dht((self.server(statuses=((NOT_IN_TIME,),)),), "put", "00")
        self.assertEqual(run.returncode, 6)
        self.assertIn("the hash is not stored: notInTime", run.stderr)

    def test_below_quorum(self):
        server = self.server(statuses=((BELOW_QUORUM,),))
        run = self.dht((server,), "put", "00")
        self.assertEqual((run.returncode, run.stdout), (6, "00 belowQuorum\n"))
        self.assertIn("dht: the hash is stored on fewer servers than the quorum", run.stderr)
        server.statuses = [(STORED, BELOW_QUORUM, STORED)]
        run = self.dht((server,), "put", "00", "01", "02")
        self.assertEqual(run.returncode, 6)
        self.assertIn("1 of 3 hashes are stored on fewer servers than the quorum", run.stderr)
        run = self.dht((server,), "-o", "json", "put", "00", "01")
        self.assertEqual([one["status"] for one in json.loads(run.stdout)["results"]],
                         ["stored", "belowQuorum"])

    def test_servers(self):
        others = sorted((self.server(), self.server()), key=lambda one: raw.ip(one.address))
        server = self.server(knows=[one.address for one in reversed(others)])
        order = [server.address, *(one.address for one in others)]
        run = self.dht((server,), "servers")
        self.assertEqual(run.stdout.split(), [f"{one}:{lab.PORT}" for one in order])
        run = self.dht((server,), "-o", "json", "servers")
        self.assertEqual(json.loads(run.stdout),
                         {"servers": [{"ip": one, "port": lab.PORT} for one in order]})


if __name__ == "__main__":
    lab.main()
