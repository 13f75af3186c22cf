# SPDX-License-Identifier: BSD-2-Clause
"""Records end when they should and leave nothing behind; who waits for one is told at once."""
import statistics
import time

import lab
import raw

V4 = "192.0.2.1"
MANY = 300000
PER_DATAGRAM = 55  # hashes of 20 bytes
SLACK_KB = 4 * 1024  # of resident memory
SPARE = 1 << 20  # bytes that the table may keep at hand, however many records there were


class Records(lab.LabTest):
    settings = {"records": {"ttl": "2s"}}

    def test_gone_within_a_second(self):
        client = self.client()
        there = {}
        for i in range(20):
            key, start = lab.fresh_hash(), time.monotonic()
            if i % 2:
                client.answers(raw.put(V4, key))
            else:
                client.ask(raw.announce(raw.txid(), [key], V4, ttl=2))
            there[key] = (start, time.monotonic())
        while there:
            for key, (earliest, latest) in list(there.items()):
                asked = time.monotonic()
                if client.ask(raw.get(key)) == raw.NOBODY:
                    self.assertGreater(time.monotonic(), earliest + 2, "gone before its time")
                    del there[key]
                else:
                    self.assertLess(asked, latest + 3, "still there a second after its end")
            time.sleep(0.02)

    def test_a_refresh_lengthens(self):
        client, key = self.client(), lab.fresh_hash()
        for _ in range(3):
            client.ask(raw.announce(raw.txid(), [key], V4, ttl=2))
            time.sleep(1.2)
        self.assertEqual(client.ask(raw.get(key)), raw.have(V4))
        client.ask(raw.announce(raw.txid(), [key], V4, ttl=1))
        time.sleep(1.3)
        self.assertEqual(client.ask(raw.get(key)), raw.NOBODY, "shortened")

    def settled(self):
        stats = self.server.stats()
        return stats["records"] == 0 and stats["tombstones"] == 0 and stats

    def test_memory_comes_back(self):
        client = self.client()
        # What has a fixed size takes its memory as it is touched: touch it.
        list(client.ask_all(raw.announce(raw.txid(), [b"abc"], V4, ttl=1) for _ in range(10000)))
        list(client.ask_all(self.announcements(20000, 1)))
        baseline = lab.wait_for(self.settled, "no records")
        resident = self.server.memory_kb()
        list(client.ask_all(self.announcements(MANY, 6)))
        full, full_resident = self.server.stats(), self.server.memory_kb()
        self.assertEqual(full["records"], MANY)
        self.assertGreater(full["memoryBytes"], baseline["memoryBytes"] + MANY * 20)
        after = lab.wait_for(self.settled, "all records expired", 9)
        self.assertLessEqual(after["memoryBytes"], baseline["memoryBytes"] + SPARE)
        self.assertEqual(after["hashes"], 0)
        self.assertEqual(after["events"]["recordsExpired"] - baseline["events"]["recordsExpired"],
                         MANY)
        print(f"\nresident: {resident} KiB, {full_resident} KiB with {MANY} records, "
              f"{self.server.memory_kb()} KiB after")
        if not self.server.instrumented():
            lab.wait_for(lambda: self.server.memory_kb() < resident + SLACK_KB,
                         "resident memory back", 3)

    @staticmethod
    def announcements(count, ttl):
        for at in range(0, count, PER_DATAGRAM):
            some = min(PER_DATAGRAM, count - at)
            yield raw.announce(raw.txid(), [lab.fresh_hash() for _ in range(some)], V4, ttl=ttl)


class Wants(lab.LabTest):
    settings = {"records": {"want_ttl": "2s"}}
    # A sanitizer's build under a parallel run is slower, but never by a timer's length.
    AT_MOST = 0.1

    def test_a_want_before_the_put(self):
        waiter, putter, waits = self.client(), self.client(), []
        for _ in range(50):
            key = lab.fresh_hash()
            self.assertEqual(waiter.answers(raw.want(key)), [])
            start = time.monotonic()
            putter.send(raw.put(V4, key))
            self.assertEqual(waiter.receive(), raw.have(V4))
            waits.append(time.monotonic() - start)
        print(f"\nHAVE after PUT: median {statistics.median(waits) * 1e6:.0f} µs, "
              f"max {max(waits) * 1e6:.0f} µs")
        self.assertLess(statistics.median(waits), self.AT_MOST)
        self.assertLess(max(waits), 5 * self.AT_MOST)

    def test_a_want_after_the_put(self):
        client, key = self.client(), lab.fresh_hash()
        client.answers(raw.put(V4, key))
        start = time.monotonic()
        self.assertEqual(client.ask(raw.want(key)), raw.have(V4))
        self.assertLess(time.monotonic() - start, self.AT_MOST)
        self.assertEqual(client.answers(raw.put("192.0.2.2", key)), [], "it had its HAVE")

    def test_an_announce_ends_it_too(self):
        waiter, other, key = self.client(), self.client(), lab.fresh_hash()
        waiter.answers(raw.want(key))
        other.ask(raw.announce(raw.txid(), [key], V4, 80))
        self.assertEqual(waiter.receive(), raw.have(V4))

    def test_a_want_at_the_time_of_the_put(self):
        """Whichever comes first, and whichever threads they come to, the want gets its HAVE."""
        waiters = [self.client() for _ in range(8)]
        putters = [self.client() for _ in range(8)]
        rng = lab.rng()
        for _ in range(3000):
            waiter, putter, key = rng.choice(waiters), rng.choice(putters), lab.fresh_hash()
            both = [(waiter, raw.want(key)), (putter, raw.put(V4, key))]
            rng.shuffle(both)
            for client, datagram in both:
                client.send(datagram)
            self.assertEqual(waiter.receive(), raw.have(V4))
        for waiter in waiters:
            self.assertEqual(waiter.answers(), [])

    def test_want_ttl(self):
        client, key = self.client(), lab.fresh_hash()
        client.answers(raw.want(key))
        time.sleep(1.5)
        client.answers(raw.want(key))
        time.sleep(1.5)
        client.send(raw.put(V4, key))
        self.assertEqual(client.receive(), raw.have(V4), "wanted again, so it waits on")
        other = lab.fresh_hash()
        client.answers(raw.want(other))
        time.sleep(2.3)
        self.assertEqual(client.answers(raw.put(V4, other)), [])
        self.assertIsNone(client.receive(0.3), "a HAVE after want_ttl")

    def test_one_have_for_each_who_waits(self):
        waiters, key = [self.client() for _ in range(20)], lab.fresh_hash()
        for waiter in waiters:
            waiter.answers(raw.want(key), raw.want(key))
        self.client().send(raw.put(V4, key))
        for waiter in waiters:
            self.assertEqual(waiter.receive(), raw.have(V4))
            self.assertEqual(waiter.answers(), [])


if __name__ == "__main__":
    lab.main()
