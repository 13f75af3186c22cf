# SPDX-License-Identifier: BSD-2-Clause
"""What the configuration lets clients do: whose address, by which key, how much, how often."""
import hashlib
import os
import struct
import time

import lab
import raw

V4 = "192.0.2.1"


def signed(make, name, key, when=None):
    """The request that make(option) gives, with an AUTH option as the protocol says it: BLAKE2b
    keyed, over the whole datagram with the MAC zeroed."""
    when = int(time.time() if when is None else when)
    value = bytes([len(name)]) + name + struct.pack(">Q", when)
    datagram = make(raw.option(raw.AUTH, value + b"\0" * 16))
    mac = hashlib.blake2b(datagram, key=key, digest_size=16).digest()
    return make(raw.option(raw.AUTH, value + mac))


class Policy(lab.LabTest):
    """Each case has a server of its own."""

    @classmethod
    def setUpClass(cls):
        pass

    def serve(self, settings):
        self.server = self.other_server(settings)
        return self.client()

    def refused(self, client, datagram, transaction):
        """Refused by policy, in the one way of saying it or the other."""
        answer = client.ask(datagram)
        if answer[0] == raw.ERROR:
            self.assertEqual(raw.error_of(answer, transaction)[0], raw.REFUSED)
        else:
            self.assertEqual(raw.done_of(answer, transaction)[1], [2])

    def test_third_party_put(self):
        source = lab.address()
        client = self.serve({"clients": {"third_party_put": False}})
        own, key = self.client(source), lab.fresh_hash()
        client.answers(raw.put(V4, key), raw.put(source, key))
        self.refused(client, raw.announce(t := raw.txid(), [key], V4), t)
        self.assertEqual(client.ask(raw.get(key)), raw.NOBODY)
        own.answers(raw.put(source, key))
        self.assertEqual(own.ask(raw.get(key)), raw.have(source))
        self.refused(client, raw.withdraw(t := raw.txid(), [key], source), t)
        self.assertEqual(own.ask(raw.get(key)), raw.have(source), "withdrawn by a stranger")
        for address in ("::", source):
            done = own.ask(raw.announce(t := raw.txid(), [key], address))
            self.assertEqual(raw.done_of(done, t)[1], [0], "its own")
        self.assertGreaterEqual(self.server.stats()["drops"]["policy"], 2)

    def test_base_put(self):
        client, key = self.serve({"clients": {"base_put": False}}), lab.fresh_hash()
        self.assertEqual(client.answers(raw.put(V4, key)), [])
        self.assertEqual(client.ask(raw.get(key)), raw.NOBODY)
        client.ask(raw.announce(raw.txid(), [key], V4))
        self.assertEqual(client.ask(raw.get(key)), raw.have(V4))
        self.assertEqual(self.server.stats()["drops"]["policy"], 1)

    def test_allow(self):
        inside, outside = lab.address(), lab.address()
        self.serve({"clients": {"allow": [inside]}})
        mine, other, key = self.client(inside), self.client(outside), lab.fresh_hash()
        other.send(raw.put(V4, key))
        other.send(raw.ping(raw.txid()))
        other.send(raw.get(key))
        self.assertIsNone(other.receive(0.3), "not allowed, and answered")
        self.assertEqual(mine.ask(raw.get(key)), raw.NOBODY)
        self.assertEqual(self.server.stats()["drops"]["denied"], 3)

    def test_max_records(self):
        client = self.serve({"records": {"max_records": 10}})
        keys = [lab.fresh_hash() for _ in range(12)]
        transaction = raw.txid()
        _, statuses = raw.done_of(client.ask(raw.announce(transaction, keys, V4)), transaction)
        self.assertEqual(statuses, [0] * 10 + [3] * 2)
        client.answers(raw.put(V4, keys[11]))
        self.assertEqual(client.ask(raw.get(keys[11])), raw.NOBODY)
        _, statuses = raw.done_of(client.ask(raw.announce(transaction := raw.txid(), keys[:2], V4)),
                                  transaction)
        self.assertEqual(statuses, [0, 0], "what is there can be refreshed")
        self.assertEqual(self.server.stats()["drops"]["full"], 1)

    def test_max_memory(self):
        client = self.serve({"records": {"max_memory": "1M"}})
        empty = self.server.stats()["memoryBytes"]
        answers = client.ask_all(raw.announce(raw.txid(), [lab.fresh_hash() for _ in range(50)], V4)
                                 for _ in range(2000))
        statuses = b"".join(answer[16:] for answer in answers)
        self.assertEqual(set(statuses), {0, 3})
        self.assertLessEqual(self.server.stats()["memoryBytes"], empty + (1 << 20))
        self.assertGreater(statuses.count(0), 10000, "records for 1 MiB")

    def test_max_providers(self):
        client, key = self.serve({"records": {"max_providers_per_hash": 5}}), lab.fresh_hash()
        statuses = [client.ask(raw.announce(raw.txid(), [key], V4, port))[-1] for port in range(8)]
        self.assertEqual(statuses, [0] * 5 + [3] * 3)

    # ---- Keys ----

    def serve_keys(self, **more):
        folder = self.enter(lab.tempfile.TemporaryDirectory(prefix="dht-lab-"))
        self.key = os.urandom(32)
        path = os.path.join(folder, "keys")
        with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
            file.write(f"other {os.urandom(32).hex()}\nalice {self.key.hex()}\n")
        return self.serve({"clients": {"keys_file": path, **more}})

    def enter(self, manager):
        value = manager.__enter__()
        self.addCleanup(manager.__exit__, None, None, None)
        return value

    def announce(self, name=b"alice", key=None, when=None, hashes=None):
        transaction, hashes = raw.txid(), hashes or [lab.fresh_hash()]
        datagram = signed(lambda option: raw.announce(transaction, hashes, V4, options=option),
                          name, key or self.key, when)
        return datagram, transaction

    def test_require_auth(self):
        client, key = self.serve_keys(require_auth=True), lab.fresh_hash()
        for datagram in (raw.announce(t := raw.txid(), [key], V4), raw.withdraw(t, [key], V4)):
            code, _ = raw.error_of(client.ask(datagram), t)
            self.assertEqual(code, raw.AUTH_NEEDED)
        self.assertEqual(client.answers(raw.put(V4, key)), [])
        self.assertEqual(client.ask(raw.get(key)), raw.NOBODY)
        datagram, transaction = self.announce(hashes=[key])
        self.assertEqual(raw.done_of(client.ask(datagram), transaction)[1], [0])
        self.assertEqual(client.ask(raw.get(key)), raw.have(V4), "reading needs no key")
        transaction = raw.txid()
        self.assertEqual(raw.done_of(client.ask(signed(
            lambda option: raw.withdraw(transaction, [key], V4, options=option), b"alice",
            self.key)), transaction)[1], [0])
        self.assertEqual(client.ask(raw.get(key)), raw.NOBODY)
        drops = self.server.stats()["drops"]
        self.assertEqual(drops["authNeeded"] + drops["policy"], 3)

    def test_bad_auth(self):
        client = self.serve_keys()
        now = time.time()
        cases = [self.announce(name=b"bob"), self.announce(name=b""), self.announce(name=b"Alice"),
                 self.announce(key=os.urandom(32)), self.announce(when=now - 63),
                 self.announce(when=now + 63), self.announce(when=0), self.announce(when=2**64 - 1)]
        datagram, transaction = self.announce()
        for at in (12, 20, 40, len(datagram) - 1, len(datagram) - 17):
            flipped = bytearray(datagram)
            flipped[at] ^= 1
            cases.append((bytes(flipped), bytes(flipped[3:11])))
        for datagram, transaction in cases:
            code, _ = raw.error_of(client.ask(datagram), transaction)
            self.assertEqual(code, raw.AUTH_FAILED, datagram.hex())
        for when in (now - 55, now + 55):
            datagram, transaction = self.announce(when=when)
            self.assertEqual(client.ask(datagram)[0], raw.DONE)
        stats = self.server.stats()
        self.assertEqual(stats["drops"]["authFailed"], len(cases))
        self.assertEqual(stats["events"]["recordsNew"], 2)

    def test_a_recorded_request(self):
        client = self.serve_keys()
        other = self.client(lab.address())
        datagram, transaction = self.announce()
        self.assertEqual(client.ask(datagram)[0], raw.DONE)
        code, _ = raw.error_of(other.ask(datagram), transaction)
        self.assertEqual(code, raw.AUTH_FAILED, "sent again by somebody else")


if __name__ == "__main__":
    lab.main()
