# SPDX-License-Identifier: BSD-2-Clause
"""The original's messages, to the byte, for a client that knows nothing else."""
import time

import lab
import raw

# Argon2id of "correct horse" with 48 passes over 32 MiB: about half a second's work.
HASHED = ("$argon2id$v=19$m=32768,t=48,p=1$d1z4JIluHdv"
          "vX2syrhqlhA$DVNuzazPox1cl8yIQUly+3tyE/4u1fIzIN5G2HvcGq0")


class Requests(lab.LabTest):
    def drops(self):
        return self.server.stats()["drops"]

    def silent(self, datagrams, reason):
        """Each is answered by nothing, and counted under this reason."""
        before = self.drops()
        client = self.client()
        for datagram in datagrams:
            self.assertEqual(client.answers(datagram), [], datagram.hex())
        after = self.drops()
        gained = {name: after[name] - before[name] for name in after}
        self.assertEqual({name: n for name, n in gained.items() if n}, {reason: len(datagrams)})

    def test_examples_of_the_protocol(self):
        client = self.client()
        self.assertEqual(client.ask(bytes.fromhex("000004deadbeef")), bytes.fromhex("030000"))
        put = bytes.fromhex("01001400000000000000000000ffffc0000207deadbeef")
        self.assertEqual(client.answers(put), [])
        self.assertEqual(client.ask(bytes.fromhex("000004deadbeef")),
                         bytes.fromhex("03001000000000000000000000ffffc0000207"))

    def test_put_is_not_answered_and_repeats_nothing(self):
        client, key = self.client(), lab.fresh_hash()
        self.assertEqual(client.answers(*[raw.put("192.0.2.1", key)] * 3), [])
        self.assertEqual(client.ask(raw.get(key)), raw.have("192.0.2.1"))

    def test_several_providers(self):
        client, key = self.client(), lab.fresh_hash()
        several = ["192.0.2.1", "2001:db8::7", "198.51.100.255"]
        client.answers(*[raw.put(one, key) for one in several])
        found = raw.have_ips(client.ask(raw.get(key)))
        self.assertEqual(sorted(found), sorted(map(raw.ip, several)))

    def test_more_than_fit(self):
        client, key = self.client(), lab.fresh_hash()
        many = {raw.ip(f"192.0.2.{i}") for i in range(1, 201)}
        client.answers(*[raw.msg(raw.PUT, one + key) for one in many])
        have = client.ask(raw.get(key))
        found = raw.have_ips(have)
        self.assertLessEqual(len(have), 1232)
        self.assertEqual(len(found), (1232 - 3) // 16, "it fills the datagram")
        self.assertEqual(len(set(found)), len(found))
        self.assertLessEqual(set(found), many)
        self.assertNotEqual(raw.have_ips(client.ask(raw.get(key))), found, "a random sample")

    def test_hash_sizes(self):
        client = self.client()
        for size in (1, 2, 19, 20, 21, 31, 32, 33, 63, 64):
            key = lab.fresh_hash(size)
            client.answers(raw.put("192.0.2.9", key))
            self.assertEqual(client.ask(raw.get(key)), raw.have("192.0.2.9"), size)
            if size > 1:
                self.assertEqual(client.ask(raw.get(key[:-1])), raw.NOBODY, "a prefix is another")
        self.silent([raw.msg(kind, b"\0" * size) for kind in (raw.GET, raw.WANT)
                     for size in (0, 65, 66, 500)], "malformed")
        self.silent([raw.msg(raw.PUT, b"\0" * size) for size in (0, 1, 15, 16, 16 + 65, 600)],
                    "malformed")

    def test_short_and_wrong_lengths(self):
        good = raw.get(b"\xde\xad\xbe\xef")
        self.silent([b"", b"\0", b"\0\0", b"\xff"], "short")
        self.silent([good + b"\0", good[:-1], b"\0\0\5" + good[3:], b"\0\4\0" + good[3:],
                     b"\0\xff\xff" + good[3:], b"\x03\0\1", b"\x04\0\1", b"\xff\0\1"], "length")

    def test_planes_are_apart(self):
        there = raw.ip("192.0.2.1")
        of_peers = [raw.msg(raw.NEW, there), raw.msg(raw.NEW, there + b"\x20\xd1"),
                    raw.msg(raw.DECO), raw.msg(raw.KEEP_ALIVE, b"\0"),
                    raw.msg(raw.KEEP_ALIVE, b"\1"), raw.msg(raw.YES), raw.msg(raw.NEW_SERV, there)]
        numbers = [*range(10, 16), 30, 31, 32, 47, 48, 49, 127, 128, 255]
        self.silent(of_peers + [raw.msg(number, b"\0" * 40) for number in numbers], "unknownType")

    def test_answers_are_not_answered(self):
        txid = raw.txid()
        self.silent([raw.NOBODY, raw.have("192.0.2.1"), raw.ext(raw.DONE, txid, b"\0\0\0\1\1\0"),
                     raw.ext(raw.ERROR, txid, b"\0\1"), raw.ext(raw.CHALLENGE, txid, b"\0" * 16),
                     raw.ext(raw.PONG, txid, b"\2\0\1\0\0\0\0"),
                     raw.ext(raw.SERVER_LIST, txid, b"\0\0")], "notARequest")

    def test_providers_that_cannot_be_one_host(self):
        key = lab.fresh_hash()
        self.silent([raw.put(one, key) for one in ("::", "0.0.0.0", "255.255.255.255", "224.0.0.1",
                                                   "239.255.255.250", "ff02::1", "0.1.2.3")],
                    "badProvider")
        self.assertEqual(self.client().ask(raw.get(key)), raw.NOBODY)

    def test_want(self):
        waiter, putter, key = self.client(), self.client(), lab.fresh_hash()
        self.assertEqual(waiter.answers(raw.want(key)), [])
        putter.answers(raw.put("192.0.2.5", key))
        self.assertEqual(waiter.receive(), raw.have("192.0.2.5"))
        putter.answers(raw.put("192.0.2.6", key))
        self.assertEqual(waiter.answers(), [], "one HAVE only")
        self.assertEqual(len(raw.have_ips(waiter.ask(raw.want(key)))), 2, "HAVE at once")

    def test_requests_are_counted(self):
        client, key = self.client(), lab.fresh_hash()
        before = self.server.stats()
        client.answers(raw.put("192.0.2.1", key), raw.get(key), raw.get(key), raw.want(key))
        after = self.server.stats()
        gained = {name: after["requests"][name] - before["requests"][name]
                  for name in after["requests"]}
        self.assertEqual({name: n for name, n in gained.items() if n},
                         {"put": 1, "get": 2, "want": 1, "ping": 1})
        self.assertEqual(after["drops"], before["drops"])


class Exit(lab.LabTest):
    def server_with(self, password):
        return self.other_server({"password": password, "listen": {"workers": 2}})

    def try_exit(self, server, password, pause=1.1):
        with lab.Client(server.address) as client:
            self.assertEqual(client.answers(raw.msg(raw.EXIT, password)), [], "never answered")
        time.sleep(pause)

    def test_no_password_set(self):
        server = self.other_server()
        for password in (b"", b"x", b"\0" * 500):
            self.try_exit(server, password, 0)
        drops = server.stats()["drops"]
        self.assertEqual((drops["exitRefused"], drops["exitWrong"]), (3, 0))

    def test_wrong_then_right(self):
        server = self.server_with("secret")
        wrong = [b"", b"secre", b"secret\0", b"Secret", b"secret" * 80]
        for password in wrong:
            self.try_exit(server, password)
        drops = server.stats()["drops"]
        self.assertEqual(drops["exitWrong"] + drops["exitRefused"], len(wrong))
        self.assertGreaterEqual(drops["exitWrong"], len(wrong) - 1, "an empty one needs no try")
        self.assertRegex(server.log(), "(?i)exit")
        self.assertNotIn("secre", server.log(), "passwords stay out of the log")
        start = time.monotonic()
        with lab.Client(server.address) as client:
            client.send(raw.msg(raw.EXIT, b"secret"))
            self.assertEqual(server.wait_end(), 0)
        self.assertLess(time.monotonic() - start, 5)
        self.assertEqual(server.last_stats()["requests"]["exit"], 1)

    def test_one_try_a_second(self):
        server = self.server_with("secret")
        start = time.monotonic()
        with lab.Client(server.address) as client:
            client.answers(*[raw.msg(raw.EXIT, b"wrong %d" % i) for i in range(20)],
                           raw.msg(raw.EXIT, b"secret"))
            drops = server.stats()["drops"]
            tries = 1 + int(time.monotonic() - start)
            self.assertLessEqual(drops["exitWrong"], tries)
            self.assertGreaterEqual(drops["exitRefused"], 21 - tries, "the right one too")
            time.sleep(1.1)
            client.send(raw.msg(raw.EXIT, b"secret"))
            self.assertEqual(server.wait_end(), 0)

    def test_a_hashed_password_delays_nobody(self):
        server = self.server_with(HASHED)
        with lab.Client(server.address) as client:
            slowest = 0
            for password in (b"correct hors", b"correct horse"):
                client.send(raw.msg(raw.EXIT, password))
                for _ in range(200 if password != b"correct horse" else 1):
                    start = time.monotonic()
                    self.assertEqual(client.ask(raw.get(b"\1\2\3")), raw.NOBODY)
                    slowest = max(slowest, time.monotonic() - start)
                    time.sleep(0.002)
                time.sleep(0.8 if password != b"correct horse" else 0)
            self.assertEqual(server.wait_end(), 0)
        self.assertLess(slowest, 0.2, "a GET waited for the password's check")
        self.assertEqual(server.last_stats()["drops"]["exitWrong"], 1)


if __name__ == "__main__":
    lab.main()
