# SPDX-License-Identifier: BSD-2-Clause
"""Random and mutated datagrams of every length: each is answered, or not, as it should be, counted
once under the right reason, and leaves nothing behind.

DHT_FLOOD (or the first argument) says how many; 100000 by default.
"""
import collections
import os
import struct
import sys
import time

import judge
import lab
import raw

COUNT = int(os.environ.get("DHT_FLOOD", "100000"))
ROUND_DATAGRAMS, ROUND_BYTES = 64, 40000  # between two barriers: what any receive buffer holds
LONGEST = 65507
GROWTH_KB = 1024


class Source:
    """Makes datagrams from a seed."""

    def __init__(self, rng):
        self.rng = rng
        self.keys = [rng.randbytes(size) for size in (1, 4, 20, 20, 32, 64)]
        self.count = 0

    def txid(self):
        self.count += 1
        return struct.pack(">II", 0xF100D, self.count)

    def valid(self):
        rng, key = self.rng, self.rng.choice(self.keys)
        address = f"192.0.2.{rng.randrange(256)}"
        options = rng.choice([b"", b"", raw.option(raw.PADDING, b"\0" * rng.randrange(50)),
                              raw.option(rng.randrange(256), rng.randbytes(rng.choice((0, 3, 16)))),
                              raw.option(raw.AUTH, b"\1a" + rng.randbytes(24))])
        some = rng.choices(self.keys, k=rng.randrange(1, 9))
        make = rng.randrange(12)
        if make < 5:
            return (raw.get(key), raw.want(key), raw.put(address, key),
                    raw.msg(raw.EXIT, key), raw.have(address, address))[make]
        return (lambda t: raw.lookup(t, some, rng.randrange(4), options=options),
                lambda t: raw.announce(t, some, address, rng.randrange(9), 1, options),
                lambda t: raw.withdraw(t, some, address, rng.randrange(9), options),
                lambda t: raw.watch(t, some, rng.randrange(3), options),
                lambda t: raw.seen(t, rng.randrange(4)),
                lambda t: raw.ping(t, options),
                lambda t: raw.servers(t, options))[make - 5](self.txid())

    def mutated(self):
        rng, data = self.rng, bytearray(self.valid())
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(len(data)) if data else 0
            kind = rng.randrange(6)
            if kind == 0 and data:
                data[at] ^= 1 << rng.randrange(8)
            elif kind == 1 and data:
                data[at] = rng.choice((0, 1, 64, 65, 127, 128, 255))
            elif kind == 2:
                del data[at:]
            elif kind == 3:
                del data[at:at + rng.randrange(1, 5)]
            elif kind == 4:
                data[at:at] = rng.randbytes(rng.randrange(1, 30))
            else:
                data += rng.randbytes(rng.randrange(1, 200))
        return self.headed(data) if rng.random() < 0.8 else bytes(data)

    @staticmethod
    def headed(data):
        """With a LENGTH that is right."""
        if len(data) >= 3:
            data[1:3] = struct.pack(">H", min(len(data) - 3, 65535))
        return bytes(data)

    def random(self, size):
        return self.rng.randbytes(size)

    def random_headed(self, size):
        data = bytearray(self.rng.randbytes(size))
        if size:
            data[0] = self.rng.randrange(34)
        return self.headed(data)

    def announcements(self, count):
        for _ in range(count):
            yield raw.announce(self.txid(), [self.keys[0]], "192.0.2.1")

    def datagrams(self, count):
        """count of them; every length from 0 to 1500 is among the first."""
        for size in range(min(1501, count // 3)):
            yield from (self.random(size), self.random_headed(size), self.headed(bytearray(size)))
            count -= 3
        rng = self.rng
        for _ in range(count):
            kind = rng.random()
            if kind < 0.5:
                yield self.mutated()
            elif kind < 0.75:
                yield self.random_headed(int(rng.random() ** 2 * 1500))
            elif kind < 0.9:
                yield self.random(rng.randrange(1501))
            elif kind < 0.999:
                yield self.valid()
            else:
                yield self.random_headed(rng.randrange(1500, LONGEST + 1))


class Lane:
    """A socket and what it may be answered by."""

    def __init__(self, client):
        self.client = client
        self.datagrams = self.bytes = 0
        self.due = {}  # since the last barrier: transaction id → [types, answers still to come]
        self.watching = set()  # transaction ids that EVENTs may come for
        self.haves_may = self.haves_must = 0
        self.barriers = 0

    def send(self, datagram, verdict):
        # Mutation can make a transaction id a second time: then its first answer is awaited.
        if self.bytes + len(datagram) > ROUND_BYTES or datagram[3:11] in self.due:
            self.barrier()
        self.expect(datagram[3:11], verdict)
        self.client.send(datagram)
        self.datagrams += 1
        self.bytes += len(datagram)
        if self.datagrams >= ROUND_DATAGRAMS:
            self.barrier()

    def expect(self, transaction, verdict):
        if raw.HAVE in verdict.kinds:
            self.haves_may += 1
            self.haves_must += verdict.must
        elif verdict.kinds:
            entry = self.due.setdefault(transaction, [set(), 0])
            entry[0].update(verdict.kinds)
            entry[1] += verdict.must
        if raw.EVENT in verdict.kinds:
            self.watching.add(transaction)

    def barrier(self):
        """Waits until the server has taken all that was sent, and judges its answers."""
        for answer in self.client.answers():
            self.take(answer)
        self.barriers += 1
        self.datagrams = self.bytes = 0
        missing = [txid.hex() for txid, entry in self.due.items() if entry[1] > 0]
        assert not missing, f"not answered: {missing}"
        assert self.haves_must <= 0, f"{self.haves_must} GETs were not answered"
        self.due.clear()

    def take(self, answer):
        assert len(answer) <= judge.MAX_DATAGRAM
        if answer[0] == raw.HAVE:
            raw.have_ips(answer)
            self.haves_may -= 1
            self.haves_must -= 1
            assert self.haves_may >= 0, "a HAVE that nobody asked for"
            return
        kind, transaction, _ = raw.split(answer)
        if kind == raw.EVENT:
            assert transaction in self.watching, f"an EVENT for nobody: {answer[:80].hex()}"
            return
        entry = self.due.get(transaction)
        assert entry and kind in entry[0], f"nothing asked for this: {answer[:80].hex()}"
        assert kind == raw.PROVIDERS or entry[1] > 0, f"answered twice: {answer[:80].hex()}"
        entry[1] -= 1


class Overflow(lab.LabTest):
    def test_what_is_lost_is_counted(self):
        """More than it can take: what the system had to throw away is a counter too."""
        clients = [self.client() for _ in range(32)]
        datagrams = [raw.lookup(raw.txid(), [lab.fresh_hash() for _ in range(40)])
                     for _ in range(100)]
        sent = 0
        for _ in range(COUNT // 3200):
            for client in clients:
                for datagram in datagrams:
                    client.send(datagram)
            sent += 3200
        # It asks the system for its count now and then.
        lab.wait_for(lambda: sum(self.taken_and_lost()) >= sent, "all are counted")
        taken, lost = self.taken_and_lost()
        print(f"\n{sent} sent, {lost} of them lost")
        self.assertEqual(taken + lost, sent)

    def taken_and_lost(self):
        stats = self.server.stats()
        counted = sum(stats["requests"].values()) + sum(stats["drops"].values())
        return counted, stats["events"]["receiveOverflows"]


class Flood(lab.LabTest):
    settings = {"records": {"ttl": "2s", "max_ttl": "2s", "want_ttl": "2s", "max_records": 2000}}

    def setUp(self):
        self.counts = collections.Counter()
        # Whatever must bring silence goes through sockets that nothing else goes through; what
        # answers later than at once (a want's HAVE, EVENTs) has its own as well.
        self.lanes = {name: [Lane(self.client()) for _ in range(4)]
                      for name in ("silent", "asking", "waiting", "getting")}
        self.sent = 0

    def lane(self, verdict):
        if not verdict.kinds:
            name = "silent"
        elif verdict.counter in ("want", "watch"):
            name = "waiting"
        else:
            name = "getting" if verdict.counter == "get" else "asking"
        return self.lanes[name][self.sent % 4]

    def flood(self, datagrams):
        for datagram in datagrams:
            verdict = judge.judge(datagram)
            self.counts[verdict.counter] += 1
            self.lane(verdict).send(datagram, verdict)
            self.sent += 1
        for lane in self.all_lanes():
            lane.barrier()

    def all_lanes(self):
        return [lane for lanes in self.lanes.values() for lane in lanes]

    def check_counters(self, stats):
        barriers = sum(lane.barriers for lane in self.all_lanes())
        self.assertEqual(stats["events"]["receiveOverflows"], 0, "lost before they were counted")
        counted = sum(stats["requests"].values()) + sum(stats["drops"].values())
        self.assertEqual(counted, self.sent + barriers, "each datagram is counted once")
        found = collections.Counter(stats["drops"]) + collections.Counter(stats["requests"])
        found["ping"] -= barriers
        expected = self.counts
        # At a limit, a PUT or WANT is a drop: the judge does not know how full it is.
        for counts in (found, expected):
            counts["put, want"] = sum(counts.pop(name, 0) for name in ("put", "want", "full"))
        self.assertEqual({name: n for name, n in found.items() if n},
                         {name: n for name, n in expected.items() if n})

    def test_flood(self):
        source = Source(lab.rng())
        start = time.monotonic()
        # What has a fixed size takes its memory as it is touched: touch it.
        self.flood(source.announcements(20000))
        self.flood(source.datagrams(max(COUNT // 5, 100000)))
        warm = self.server.memory_kb()
        self.flood(source.datagrams(COUNT))
        seconds = time.monotonic() - start
        grown = self.server.memory_kb() - warm
        print(f"\n{self.sent} datagrams in {seconds:.1f} s, memory {warm} KiB {grown:+} KiB")
        print(" ".join(f"{name}={n}" for name, n in sorted(self.counts.items())))
        stats = self.server.stats()
        self.check_counters(stats)
        if not self.server.instrumented():
            self.assertLess(grown, GROWTH_KB, "memory grew under the flood")
        self.assertEqual(self.client().ask(raw.get(lab.fresh_hash())), raw.NOBODY)
        lab.wait_for(lambda: self.server.stats()["records"] == 0, "all records expired")
        self.assertEqual(self.server.stop()[0], 0)


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1].isdigit():
        COUNT = int(sys.argv.pop(1))
    lab.main()
