# SPDX-License-Identifier: BSD-2-Clause
"""WATCH: an EVENT for each change, sent again until SEEN, in the order of SEQ."""
import time

import lab
import raw

V4 = "192.0.2.1"


class Watch(lab.LabTest):
    def start(self, client, keys, duration=60):
        transaction = raw.txid()
        found = client.answers(raw.watch(transaction, keys, duration))
        ttl, statuses = raw.done_of(found[0], transaction)
        self.assertEqual(statuses, [0] * len(keys))
        return transaction, ttl, [raw.event_of(one) for one in found[1:]]

    def event(self, client, transaction, seconds=lab.PATIENCE):
        datagram = client.receive(seconds)
        if datagram is None:
            return None
        event = raw.event_of(datagram)
        self.assertEqual(event.txid, transaction)
        return event

    def seen_event(self, client, transaction):
        event = self.event(client, transaction)
        self.assertIsNotNone(event, "no event")
        client.send(raw.seen(transaction, event.seq))
        return event

    def test_the_three_kinds_in_order(self):
        client, other, key = self.client(), self.client(), lab.fresh_hash()
        transaction, ttl, _ = self.start(client, [key])
        self.assertEqual(ttl, 60)
        other.ask(raw.announce(raw.txid(), [key], V4, 80, 600))
        event = self.seen_event(client, transaction)
        self.assertEqual((event.seq, event.kind, event.hash), (1, raw.APPEARED, key))
        self.assertEqual((event.provider.ip, event.provider.port), (V4, 80))
        self.assertIn(event.provider.ttl, (599, 600))
        other.ask(raw.announce(raw.txid(), [key], V4, 80, 1200))
        self.assertEqual(client.answers(), [], "a refresh is not a change")
        other.ask(raw.withdraw(raw.txid(), [key], V4, 80))
        event = self.seen_event(client, transaction)
        self.assertEqual((event.seq, event.kind, event.provider.port), (2, raw.WITHDRAWN, 80))
        other.ask(raw.announce(raw.txid(), [key], V4, 81, 1))
        self.assertEqual(self.seen_event(client, transaction)[1:3], (3, raw.APPEARED))
        start = time.monotonic()
        event = self.seen_event(client, transaction)
        self.assertEqual((event.seq, event.kind, event.provider.port), (4, raw.EXPIRED, 81))
        self.assertLess(time.monotonic() - start, 2.5)
        self.assertIsNone(client.receive(1.3), "sent again though it was seen")

    def test_who_is_there_already(self):
        client, key = self.client(), lab.fresh_hash()
        client.ask(raw.announce(raw.txid(), [key], V4, 80))
        transaction, _, events = self.start(client, [key])
        client.send(raw.put("192.0.2.2", key))
        more = self.seen_event(client, transaction)
        # The protocol promises changes; whether those who are there count as one is its own.
        for event in events:
            self.assertEqual((event.kind, event.provider.ip), (raw.APPEARED, V4))
        self.assertEqual(more.seq, len(events) + 1)

    def test_sent_again_until_seen(self):
        client, key = self.client(), lab.fresh_hash()
        transaction, _, _ = self.start(client, [key])
        start = time.monotonic()
        self.client().send(raw.put(V4, key))
        times = []
        while True:
            event = self.event(client, transaction, 9)
            if event is None:
                break
            self.assertEqual((event.seq, event.kind), (1, raw.APPEARED))
            times.append(time.monotonic() - start)
        pauses = [b - a for a, b in zip(times, times[1:])]
        print("\npauses:", " ".join(f"{one:.2f} s" for one in pauses))
        self.assertEqual(len(times), 4, "the first and three more")
        for pause, planned in zip(pauses, (1, 2, 4)):
            self.assertLess(abs(pause - planned), 0.4)

    def test_seen_stops_it(self):
        client, key = self.client(), lab.fresh_hash()
        transaction, _, _ = self.start(client, [key])
        self.client().send(raw.put(V4, key))
        first = self.event(client, transaction)
        second = self.event(client, transaction)
        self.assertEqual(first.seq, second.seq)
        client.send(raw.seen(transaction, first.seq + 1))
        client.send(raw.seen(raw.txid(), first.seq))
        client.send(raw.seen(transaction, first.seq))
        self.assertIsNone(client.receive(2.6))

    def test_several_hashes(self):
        client, other = self.client(), self.client()
        keys = [lab.fresh_hash() for _ in range(5)]
        transaction, _, _ = self.start(client, keys)
        for key in reversed(keys):
            other.answers(raw.put(V4, key), raw.put(V4, lab.fresh_hash()))
        events = [self.seen_event(client, transaction) for _ in keys]
        self.assertEqual([event.seq for event in events], [1, 2, 3, 4, 5])
        self.assertEqual([event.hash for event in events], keys[::-1])

    def test_the_end_of_many(self):
        """Nothing else goes on meanwhile: the server has to look at its clock by itself."""
        client, other = self.client(), self.client()
        keys = {lab.fresh_hash() for _ in range(30)}
        transaction, _, _ = self.start(client, list(keys))
        other.ask(raw.announce(raw.txid(), list(keys), V4, 80, 1))
        start = time.monotonic()
        ended = set()
        while ended != keys and time.monotonic() - start < 5:
            event = self.seen_event(client, transaction)
            if event.kind == raw.EXPIRED:
                ended.add(event.hash)
        self.assertEqual(ended, keys)
        self.assertLess(time.monotonic() - start, 3)

    def test_stop(self):
        client, other = self.client(), self.client()
        keys = [lab.fresh_hash(), lab.fresh_hash()]
        transaction, _, _ = self.start(client, keys)
        self.start(client, keys[:1], 0)
        other.answers(*[raw.put(V4, key) for key in keys])
        event = self.seen_event(client, transaction)
        self.assertEqual(event.hash, keys[1], "the first one's watch was stopped")
        self.assertEqual(client.answers(), [])

    def test_duration(self):
        client, key = self.client(), lab.fresh_hash()
        self.start(client, [key], 1)
        time.sleep(1.3)
        self.client().answers(raw.put(V4, key))
        self.assertIsNone(client.receive(0.4))

    def test_a_stranger_stops_nothing(self):
        client, stranger, key = self.client(), self.client(), lab.fresh_hash()
        transaction, _, _ = self.start(client, [key])
        self.start(stranger, [key], 0)
        self.client().send(raw.put(V4, key))
        event = self.event(client, transaction)
        stranger.answers(raw.seen(transaction, event.seq))
        again = self.event(client, transaction, 3)
        self.assertEqual(again[:4], event[:4], "another's SEEN counted")
        client.send(raw.seen(transaction, event.seq))


if __name__ == "__main__":
    lab.main()
