# SPDX-License-Identifier: BSD-2-Clause
"""The extended messages, each from bytes by hand: what they do, answer and refuse."""
import os

import lab
import raw

V4 = "192.0.2.1"


class Extended(lab.LabTest):
    def providers(self, client, key):
        """[(ip, port), …] that LOOKUP tells, in one page."""
        transaction = raw.txid()
        section, = raw.sections_of(client.ask(raw.lookup(transaction, [key])), transaction)
        self.assertEqual((section.index, section.next), (0, 0))
        self.assertEqual(section.total, len(section.providers))
        return [(one.ip, one.port) for one in section.providers]

    def announce(self, client, key, **more):
        transaction = raw.txid()
        ttl, statuses = raw.done_of(client.ask(raw.announce(transaction, [key], **more)),
                                    transaction)
        self.assertEqual(statuses, [0])
        return ttl

    # ---- LOOKUP, ANNOUNCE, WITHDRAW ----

    def test_nobody_has_it(self):
        client, transaction = self.client(), b"\1\2\3\4\5\6\7\x08"
        datagram = bytes.fromhex("100014" "0102030405060708" "0000" "00000000" "01" "04deadbeaf")
        self.assertEqual(raw.sections_of(client.ask(datagram), transaction),
                         [raw.Section(0, 0, 0, [])])

    def test_announce_by_hand(self):
        client = self.client()
        datagram = bytes.fromhex("120024" "1112131415161718" "0000003c" "1f40"
                                 "00000000000000000000ffffc0000207" "01" "04cafe0001")
        self.assertEqual(datagram[2] + 3, len(datagram))
        self.assertEqual(client.ask(datagram),
                         bytes.fromhex("14000e" "1112131415161718" "0000003c" "01" "00"))
        answer = client.ask(bytes.fromhex("100014" "0102030405060708" "0000" "00000000" "01"
                                          "04cafe0001"))
        head = bytes.fromhex("110029" "0102030405060708" "00" "00000001" "00000000" "0001"
                             "00000000000000000000ffffc0000207" "1f40")
        self.assertEqual(answer[:-4], head)
        self.assertIn(int.from_bytes(answer[-4:], "big"), (59, 60))
        self.assertEqual(client.ask(raw.get(bytes.fromhex("cafe0001"))), raw.have("192.0.2.7"))

    def test_the_address_it_came_from(self):
        source = lab.address()
        client, key = self.client(source), lab.fresh_hash()
        self.announce(client, key, port=7000)
        self.assertEqual(self.providers(client, key), [(source, 7000)])

    def test_lifetimes(self):
        client, key = self.client(), lab.fresh_hash()
        self.assertEqual(self.announce(client, key), 1800, "the default")
        self.assertEqual(self.announce(client, key, ttl=1), 1)
        self.assertEqual(self.announce(client, key, ttl=86400), 86400)
        self.assertEqual(self.announce(client, key, ttl=86401), 86400, "cut to max_ttl")
        self.assertEqual(self.announce(client, key, ttl=2**32 - 1), 86400)
        self.announce(client, key, ttl=100)
        transaction = raw.txid()
        section, = raw.sections_of(client.ask(raw.lookup(transaction, [key])), transaction)
        self.assertIn(section.providers[0].ttl, (99, 100), "the last one counts")

    def test_many_hashes(self):
        client = self.client()
        keys = [lab.fresh_hash(size) for size in range(1, 65) if size % 3 == 0]
        transaction = raw.txid()
        ttl, statuses = raw.done_of(
            client.ask(raw.announce(transaction, keys, V4, 80, 600)), transaction)
        self.assertEqual((ttl, statuses), (600, [0] * len(keys)))
        keys.insert(3, lab.fresh_hash())
        found = self.all_sections(client, keys)
        self.assertEqual(sorted(found), list(range(len(keys))))
        for index, section in found.items():
            self.assertEqual(section.total, 0 if index == 3 else 1)
        done = client.ask(raw.withdraw(transaction := raw.txid(), keys, V4, 80))
        self.assertEqual(raw.done_of(done, transaction)[1], [0] * len(keys))
        found = self.all_sections(client, keys)
        self.assertEqual({section.total for section in found.values()}, {0})

    def all_sections(self, client, keys, limit=0):
        """index → section, of one LOOKUP's datagrams, until each index was answered."""
        transaction, found = raw.txid(), {}
        client.send(raw.lookup(transaction, keys, limit))
        while len(found) < len(keys):
            answer = client.receive(3)
            self.assertIsNotNone(answer, f"{len(found)} of {len(keys)} indices answered")
            self.assertLessEqual(len(answer), 1232)
            for section in raw.sections_of(answer, transaction):
                self.assertNotIn(section.index, found)
                found[section.index] = section
        return found

    def test_a_lookup_in_several_datagrams(self):
        client = self.client()
        keys = [lab.fresh_hash() for _ in range(50)]
        for i in range(5):
            transaction = raw.txid()
            client.ask(raw.announce(transaction, keys, f"192.0.2.{i + 1}", 80, 600))
        found = self.all_sections(client, keys)
        for section in found.values():
            self.assertEqual(section.total, 5)
            if not section.next:
                self.assertEqual(len(section.providers), 5)
        for section in self.all_sections(client, keys, limit=2).values():
            self.assertEqual((section.total, len(section.providers)), (5, 2))
            self.assertNotEqual(section.next, 0)
        self.assertEqual(client.answers(), [], "nothing more came")

    def test_255_hashes(self):
        client = self.client()
        keys = [bytes([i, 77, 78]) for i in range(255)]
        transaction = raw.txid()
        _, statuses = raw.done_of(client.ask(raw.announce(transaction, keys, V4)), transaction)
        self.assertEqual(statuses, [0] * 255)
        self.assertEqual(len(self.all_sections(client, keys)), 255)

    def test_paging_by_three(self):
        client, key = self.client(), lab.fresh_hash()
        want = {(f"192.0.2.{i}", 1000 + i) for i in range(10)}
        for address, port in want:
            self.announce(client, key, address=address, port=port)
        providers, totals, pages = client.pages(key, 3)
        self.assertEqual(len(providers), 10)
        self.assertEqual({(one.ip, one.port) for one in providers}, want)
        self.assertEqual((dict(totals), pages), ({10: 4}, 4))

    def test_withdraw(self):
        client, key = self.client(), lab.fresh_hash()
        for port in (0, 80, 81):
            self.announce(client, key, address=V4, port=port)
        self.announce(client, key, port=80)
        transaction = raw.txid()
        self.assertEqual(raw.done_of(client.ask(raw.withdraw(transaction, [key], V4, 80)),
                                     transaction)[1], [0])
        self.assertEqual(sorted(self.providers(client, key)),
                         [("127.0.0.1", 80), (V4, 0), (V4, 81)])
        for address, port in ((V4, 0), (V4, 81), ("::", 80)):
            transaction = raw.txid()
            client.ask(raw.withdraw(transaction, [key], address, port))
        self.assertEqual(client.ask(raw.get(key)), raw.NOBODY)
        self.announce(client, key, address=V4, port=80)
        self.assertEqual(self.providers(client, key), [(V4, 80)], "announced anew")

    def test_a_withdrawal_of_a_put(self):
        client, key = self.client(), lab.fresh_hash()
        client.answers(raw.put(V4, key))
        transaction = raw.txid()
        client.ask(raw.withdraw(transaction, [key], V4))
        self.assertEqual(client.ask(raw.get(key)), raw.NOBODY)

    # ---- A transaction is carried out once ----

    def test_repeats_have_the_effect_of_one(self):
        client, key = self.client(), lab.fresh_hash()
        before = self.server.stats()["events"]["repeats"]
        put_1 = raw.announce(raw.txid(), [key], V4, 80, 600)
        drop_1 = raw.withdraw(raw.txid(), [key], V4, 80)
        first = client.ask(put_1)
        self.assertEqual(client.ask(put_1)[:11], first[:11], "DONE again")
        client.ask(drop_1)
        self.assertEqual(client.ask(put_1)[0], raw.DONE)
        self.assertEqual(client.ask(raw.get(key)), raw.NOBODY, "an old ANNOUNCE brought it back")
        client.ask(raw.announce(raw.txid(), [key], V4, 80, 600))
        self.assertEqual(client.ask(drop_1)[0], raw.DONE)
        self.assertEqual(client.ask(raw.get(key)), raw.have(V4), "an old WITHDRAW took it away")
        self.assertEqual(self.server.stats()["events"]["repeats"] - before, 3)

    def test_another_client_with_the_same_transaction(self):
        one, other, transaction = self.client(), self.client(), raw.txid()
        key_1, key_2 = lab.fresh_hash(), lab.fresh_hash()
        one.ask(raw.announce(transaction, [key_1], V4))
        other.ask(raw.announce(transaction, [key_2], V4))
        self.assertEqual(one.ask(raw.get(key_2)), raw.have(V4))

    # ---- PING, SERVERS ----

    def test_ping(self):
        client, transaction = self.client(), raw.txid()
        version, members, uptime, name = raw.pong_of(client.ask(raw.ping(transaction)), transaction)
        self.assertEqual((version, members, name), (2, 1, "default"))
        self.assertLess(uptime, 600)

    def test_servers(self):
        client, transaction = self.client(), raw.txid()
        found = raw.server_list_of(client.ask(raw.servers(transaction)), transaction)
        self.assertEqual(found, [(self.server.address, lab.PORT)])

    def test_seen_of_nothing(self):
        self.assertEqual(self.client().answers(raw.seen(raw.txid(), 1)), [])

    # ---- Options ----

    def test_options_that_change_nothing(self):
        client = self.client()
        for options in (raw.option(raw.PADDING), raw.option(raw.PADDING, b"x" * 255) * 4,
                        raw.option(3, b"new"), raw.option(127), raw.option(0, b"\0"),
                        raw.option(raw.COOKIE, os.urandom(16))):
            transaction = raw.txid()
            self.assertEqual(client.ask(raw.ping(transaction, options))[0], raw.PONG)
            key = lab.fresh_hash()
            client.ask(raw.announce(raw.txid(), [key], V4, options=options))
            self.assertEqual(client.ask(raw.get(key)), raw.have(V4))

    def requests_with(self, options):
        key = lab.fresh_hash()
        for make in (lambda t: raw.lookup(t, [key], options=options),
                     lambda t: raw.announce(t, [key], V4, options=options),
                     lambda t: raw.withdraw(t, [key], V4, options=options),
                     lambda t: raw.watch(t, [key], 60, options=options),
                     lambda t: raw.ping(t, options), lambda t: raw.servers(t, options)):
            transaction = raw.txid()
            yield make(transaction), transaction

    def errors(self, options, code):
        client = self.client()
        for datagram, transaction in self.requests_with(options):
            self.assertEqual(raw.error_of(client.ask(datagram), transaction)[0], code,
                             datagram.hex())

    def test_critical_options(self):
        before = self.server.stats()
        for code in (128, 129, 131, 200, 255):
            self.errors(raw.option(code, b"?"), raw.UNKNOWN_OPTION)
        self.errors(raw.option(raw.PADDING, b"x" * 20) + raw.option(255), raw.UNKNOWN_OPTION)
        after = self.server.stats()
        self.assertEqual(after["drops"]["unknownOption"] - before["drops"]["unknownOption"], 36)
        self.assertEqual(after["events"]["recordsNew"], before["events"]["recordsNew"])

    def test_malformed_options(self):
        for options in (b"\2", b"\2\5abcd", b"\xff", raw.option(raw.COOKIE, b"\0" * 15),
                        raw.option(raw.COOKIE, b"\0" * 17), raw.option(raw.AUTH, b""),
                        raw.option(raw.AUTH, b"\5abc" + b"\0" * 24)):
            self.errors(options, raw.MALFORMED)

    def test_malformed_requests(self):
        client = self.client()
        tail = b"\0" * 6
        bodies = [
            (raw.LOOKUP, b""), (raw.LOOKUP, tail), (raw.LOOKUP, tail + b"\0"),
            (raw.LOOKUP, tail + b"\1"), (raw.LOOKUP, tail + b"\1\0"),
            (raw.LOOKUP, tail + b"\1\x41" + b"\0" * 65), (raw.LOOKUP, tail + b"\2\1a"),
            (raw.LOOKUP, tail + b"\1\2a"), (raw.LOOKUP, tail + b"\1\1a\2"),
            (raw.LOOKUP, b"\0\0" b"\0\0\0\1" b"\2\1a\1b"), (raw.ANNOUNCE, b"\0" * 22),
            (raw.ANNOUNCE, b"\0" * 23), (raw.ANNOUNCE, b"\0" * 5), (raw.WITHDRAW, b"\0" * 18),
            (raw.WITHDRAW, b"\0" * 18 + b"\1\0"), (raw.WATCH, b"\0" * 4), (raw.WATCH, b"\0" * 5),
            (raw.WATCH, b"\0\0\0\1\1\x41" + b"\0" * 65), (raw.PING, b"\0"), (raw.SERVERS, b"\1\1"),
        ]
        before = self.server.stats()["drops"]["malformed"]
        for kind, data in bodies:
            transaction = raw.txid()
            code, text = raw.error_of(client.ask(raw.ext(kind, transaction, data)), transaction)
            self.assertEqual(code, raw.MALFORMED, (kind, data.hex()))
            self.assertTrue(text.isprintable())
        self.assertEqual(self.server.stats()["drops"]["malformed"] - before, len(bodies))

    def test_no_transaction_to_answer_to(self):
        client = self.client()
        for kind in range(16, 30):
            for size in range(8):
                self.assertEqual(client.answers(raw.msg(kind, b"\0" * size)), [], (kind, size))

    def test_bad_providers(self):
        client, key = self.client(), lab.fresh_hash()
        before = self.server.stats()["events"]["recordsNew"]
        for address in ("0.0.0.0", "255.255.255.255", "224.0.0.1", "ff02::1"):
            answer = client.ask(raw.announce(transaction := raw.txid(), [key], address))
            if answer[0] == raw.DONE:
                self.assertEqual(raw.done_of(answer, transaction)[1], [2])
            else:
                self.assertIn(raw.error_of(answer, transaction)[0], (raw.MALFORMED, raw.REFUSED))
        self.assertEqual(self.server.stats()["events"]["recordsNew"], before)


if __name__ == "__main__":
    lab.main()
