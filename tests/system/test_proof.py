# SPDX-License-Identifier: BSD-2-Clause
"""A client that has not proven its address never makes the server send more than it sent."""
import os
import struct

import lab
import raw

CROWD = 200


class Unproven(lab.LabTest):
    """Nobody is trusted here, so every client has to prove its address."""
    settings = {"clients": {"trusted": []}, "cluster": {"name": "a name of some length"}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.popular, cls.lonely = b"\xaa" * 20, b"\xbb" * 20
        cls.tiny = b"\xcc"
        with lab.Client(cls.server.address) as client:
            for i in range(CROWD):
                for key in (cls.popular, cls.tiny):
                    client.send(raw.put(f"10.0.0.{i}", key))
            client.send(raw.put("10.0.0.1", cls.lonely))
            client.answers(padding=100)

    def requests(self):
        """(name, make(options) → datagram), of every extended type that has options."""
        many = [self.popular, self.lonely, lab.fresh_hash()]
        fresh = [lab.fresh_hash(size) for size in (1, 20, 64)]
        yield "lookup", lambda o: raw.lookup(raw.txid(), [self.popular], options=o)
        yield "lookup 1", lambda o: raw.lookup(raw.txid(), [self.tiny], 1, options=o)
        yield "lookup nobody", lambda o: raw.lookup(raw.txid(), [b"\xee"], options=o)
        yield "lookup many", lambda o: raw.lookup(raw.txid(), many * 10, options=o)
        yield "announce", lambda o: raw.announce(raw.txid(), fresh[:1], options=o)
        yield "announce many", lambda o: raw.announce(raw.txid(), fresh, options=o)
        yield "withdraw", lambda o: raw.withdraw(raw.txid(), fresh[:1], options=o)
        yield "watch", lambda o: raw.watch(raw.txid(), fresh[:1], 30, options=o)
        yield "watch popular", lambda o: raw.watch(raw.txid(), [self.popular], 30, options=o)
        yield "stop", lambda o: raw.watch(raw.txid(), fresh[:1], 0, options=o)
        yield "ping", lambda o: raw.ping(raw.txid(), o)
        yield "servers", lambda o: raw.servers(raw.txid(), o)
        yield "seen", lambda o: raw.seen(raw.txid(), 1)
        yield "refused", lambda o: raw.ping(raw.txid(), o + raw.option(200))
        yield "malformed", lambda o: raw.ping(raw.txid(), o + b"\2")
        yield "no hashes", lambda o: raw.ext(raw.LOOKUP, raw.txid(), b"\0" * 7 + o)

    @staticmethod
    def paddings():
        yield b""
        for size in [*range(0, 40), 60, 100, 150, 200, 255]:
            yield raw.option(raw.PADDING, b"\0" * size)
        for count in (2, 3, 4):
            yield raw.option(raw.PADDING, b"\0" * 255) * count

    def test_never_more_than_it_sent(self):
        client = self.client()
        for name, make in self.requests():
            answered = 0
            for options in self.paddings():
                datagram = make(options)
                found = client.answers(datagram, padding=100)
                size = sum(map(len, found))
                self.assertLessEqual(size, len(datagram), (name, len(options)))
                answered += bool(found)
            if name != "seen":
                self.assertGreater(answered, 0, name)

    def test_have_is_three_times_its_request(self):
        client = self.client()
        sizes = set()
        for key in (self.popular, self.tiny, self.lonely, b"\xcc" * 64, b"\xdd"):
            for make in (raw.get, raw.want):
                datagram = make(key)
                found = client.answers(datagram, padding=100)
                if make is raw.get:
                    self.assertEqual(len(found), 1)
                for have in found:
                    self.assertLessEqual(len(have), max(19, 3 * len(datagram)))
                    self.assertEqual((len(have) - 3) % 16, 0)
                    sizes.add(len(have))
        self.assertEqual(sizes, {3, 19, 3 + 16 * ((3 * 23 - 3) // 16)}, "it uses what it may")

    def test_a_late_have_is_bounded_too(self):
        client, other = self.client(), self.client()
        key = lab.fresh_hash(1)
        client.answers(raw.want(key), padding=100)
        for i in range(20):
            other.send(raw.put(f"10.0.1.{i}", key))
        found = client.receive()
        self.assertLessEqual(len(found), 19)
        self.assertIsNone(client.receive(0.2))

    def test_no_events_without_proof(self):
        client, key = self.client(), lab.fresh_hash()
        found = client.answers(raw.watch(raw.txid(), [key], 30), padding=100)
        for datagram in found:
            self.assertNotEqual(datagram[0], raw.DONE, "a WATCH is worth more than its size")
        self.client().send(raw.put("10.0.0.1", key))
        self.assertIsNone(client.receive(0.5))

    # ---- Cookies ----

    def cookie(self, client):
        transaction = raw.txid()
        answer = client.ask(raw.lookup(transaction, [self.popular]))
        self.assertEqual(answer[:3], b"\x19\x00\x18", "a CHALLENGE has 24 bytes of data")
        return raw.body(answer, raw.CHALLENGE, transaction)

    def providers_with(self, client, cookie):
        """What a LOOKUP with this cookie is answered by: a number of providers, or CHALLENGE."""
        transaction = raw.txid()
        answer = client.ask(raw.lookup(transaction, [self.popular],
                                       options=raw.option(raw.COOKIE, cookie)))
        if answer[0] == raw.CHALLENGE:
            return "challenged"
        section, = raw.sections_of(answer, transaction)
        self.assertEqual(section.total, CROWD)
        return len(section.providers)

    def test_a_cookie_is_enough(self):
        client = self.client()
        self.assertGreater(self.providers_with(client, self.cookie(client)), 40)
        transaction = raw.txid()
        proof = raw.option(raw.COOKIE, self.cookie(client))
        self.assertEqual(client.ask(raw.ping(transaction, proof))[0], raw.PONG)
        key = lab.fresh_hash()
        found = client.answers(raw.watch(transaction, [key], 30, proof), padding=100)
        self.assertEqual(found[0][0], raw.DONE)
        self.client().send(raw.put("10.0.0.1", key))
        event = raw.event_of(client.receive())
        client.send(raw.seen(transaction, event.seq))

    def test_another_socket_of_the_same_address(self):
        self.assertGreater(self.providers_with(self.client(), self.cookie(self.client())), 40)

    def test_a_cookie_of_another_address(self):
        one, other = self.client(lab.address()), self.client(lab.address())
        self.assertEqual(self.providers_with(other, self.cookie(one)), "challenged")
        self.assertEqual(self.providers_with(one, self.cookie(other)), "challenged")

    def test_a_changed_cookie(self):
        client = self.client()
        cookie = self.cookie(client)
        for bit in range(128):
            changed = bytearray(cookie)
            changed[bit // 8] ^= 1 << bit % 8
            self.assertEqual(self.providers_with(client, bytes(changed)), "challenged", bit)
        for wrong in (b"\0" * 16, b"\xff" * 16, os.urandom(16), cookie[:4] + b"\0" * 12):
            self.assertEqual(self.providers_with(client, wrong), "challenged")
        time = struct.unpack_from(">I", cookie)[0]
        for step in (-1, 1, 600, -600):
            changed = struct.pack(">I", time + step) + cookie[4:]
            self.assertEqual(self.providers_with(client, changed), "challenged")

    def test_padding_buys_room(self):
        client, transaction = self.client(), raw.txid()
        padding = raw.option(raw.PADDING, b"\0" * 255) * 4
        answer = client.ask(raw.lookup(transaction, [self.lonely], options=padding))
        self.assertEqual(raw.sections_of(answer, transaction)[0].total, 1)


class Trusted(lab.LabTest):
    def test_loopback_needs_no_proof(self):
        client, transaction = self.client(), raw.txid()
        self.assertEqual(client.ask(raw.ping(transaction))[0], raw.PONG)


if __name__ == "__main__":
    lab.main()
