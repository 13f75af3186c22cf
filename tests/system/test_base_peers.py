# SPDX-License-Identifier: BSD-2-Clause
"""Servers that speak the original's messages between servers and nothing else, byte by byte.

They are written here, from the original's description and dht-protocol(7). Everything is in clear,
as it is without a key; of what is not taken there see tests/unit/core/test_member_base.c, which
asks the same of the core.
"""
import ipaddress
import json
import select
import socket
import threading
import time
import unittest

import fleet
import lab

PEER, ALIVE = 8471, 8472
YES, DECO = "080000", "060000"
QUESTION, ANSWER = "07000100", "07000101"
TIMES = {"cluster": fleet.QUICK["cluster"], "listen": {"workers": 1}}
ENVELOPE = 0x31  # an offer to speak more, which such a server does not understand


def ip(address):
    return "00" * 10 + "ffff" + ipaddress.ip_address(address).packed.hex()


def new(address, port=""):
    return f"05{'0012' if port else '0010'}{ip(address)}{port}"


def new_serv(address, port=""):
    return f"09{'0012' if port else '0010'}{ip(address)}{port}"


class Bare:
    """A peer port and a keep-alive port. answers: to KEEP_ALIVE; welcomes: says YES to NEW."""

    def __init__(self, test, answers=True, welcomes=False, peer=PEER, address=None):
        self.address, self.answers, self.welcomes = address or lab.address(), answers, welcomes
        self.got, self.lock = [], threading.Lock()  # (port here, who sent it, hex)
        self.peer, self.alive = self.bound(peer), self.bound(peer + 1)
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        test.addCleanup(self.close)

    def bound(self, port):
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.bind((self.address, port))
        return one

    def close(self):
        self.stopping.set()
        self.thread.join()
        self.peer.close()
        self.alive.close()

    def run(self):
        while not self.stopping.is_set():
            for one in select.select([self.peer, self.alive], [], [], 0.05)[0]:
                data, source = one.recvfrom(2048)
                if data[0] != ENVELOPE:
                    self.take(one, data.hex(), source)

    def take(self, one, text, source):
        with self.lock:
            self.got.append(("peer" if one is self.peer else "alive", source, text))
        if one is self.alive and text == QUESTION and self.answers:
            one.sendto(bytes.fromhex(ANSWER), source)
        if one is self.peer and text.startswith("05") and self.welcomes:
            one.sendto(bytes.fromhex(YES), source)

    def send(self, server, text, port=PEER):
        """From the port of that plane."""
        one = self.peer if port == PEER else self.alive
        one.sendto(bytes.fromhex(text), (server.address, port))

    def texts(self, plane="peer"):
        with self.lock:
            return [text for where, _, text in self.got if where == plane]

    def clear(self):
        with self.lock:
            self.got.clear()

    def wait(self, text, plane="peer"):
        """Until it has come, and who sent it."""
        def found():
            with self.lock:
                return next((source for where, source, one in self.got
                             if (where, one) == (plane, text)), None)
        return lab.wait_for(found, f"{text} at {self.address}: {self.got[:20]}")


class BarePeers(unittest.TestCase):
    def server(self, settings=None):
        one = lab.Server(lab.merged(TIMES, settings or {}))
        self.addCleanup(one.end)
        return one

    def state(self, server, bare, port=PEER):
        for p in fleet.ctl(server, "peers")["peers"]:
            if (p["address"], p["port"]) == (bare.address, port):
                return p["state"]
        return None

    def wait_state(self, server, bare, state, seconds=lab.PATIENCE):
        lab.wait_for(lambda: self.state(server, bare) == state,
                     f"{bare.address} is {state} at {server.address}", seconds)

    def stays(self, server, bare, state, seconds=1.5):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.assertEqual(self.state(server, bare), state)
            time.sleep(0.05)

    def counted(self, server, name, group="cluster"):
        return fleet.ctl(server, "stats")[group][name]

    def counts(self, server, name, by, group="cluster"):
        """Checks that what is done in it is counted so often."""
        before = self.counted(server, name, group)

        class Counting:
            def __enter__(_):
                return None

            def __exit__(_, kind, *rest):
                if kind is None:
                    lab.wait_for(lambda: self.counted(server, name, group) >= before + by, name)
                    self.assertEqual(self.counted(server, name, group), before + by, name)
        return Counting()

    def joined(self, server, **how):
        bare = Bare(self, **how)
        bare.send(server, new(bare.address))
        bare.wait(YES)
        self.wait_state(server, bare, "alive")
        return bare

    # ---- Joining ----

    def test_it_joins(self):
        server = self.server()
        bare = self.joined(server)
        self.assertEqual(bare.texts(), [YES])
        self.assertEqual(bare.wait(YES), (server.address, PEER))
        self.assertEqual(bare.wait(QUESTION, "alive"), (server.address, ALIVE))
        self.stays(server, bare, "alive", 2.5)
        self.assertEqual(fleet.peers(server)[bare.address]["link"], "good")
        self.assertEqual(set(bare.texts("alive")), {QUESTION})
        self.assertEqual(bare.texts(), [YES])
        # It owns nothing.
        shares = fleet.ctl(server, "partitions")["servers"]
        self.assertEqual([s["address"] for s in shares if s["partitions"]], [server.address])

    def test_the_list_and_the_others(self):
        """Who joins is told of the others, and the others of it; who is told of asks for itself."""
        a = self.server()
        b = self.server({"cluster": {"seeds": [a.address]}})
        lab.wait_for(lambda: fleet.peers(a).get(b.address), "they have met")
        first = self.joined(a, welcomes=True)
        first.wait(new_serv(b.address))
        self.assertEqual(first.texts()[0], YES)
        first.wait(new(b.address))  # b has heard of it, and its YES is believed
        self.wait_state(b, first, "alive")
        second = self.joined(a)
        for one in (first.address, b.address):
            second.wait(new_serv(one))
        first.wait(new_serv(second.address))
        # The second does not answer b's NEW with YES: it is no member there.
        second.wait(new(b.address))
        self.assertIsNone(self.state(b, second))
        c = self.server({"cluster": {"seeds": [a.address]}})
        first.wait(new_serv(c.address))
        self.wait_state(c, first, "alive")

    def test_it_is_a_seed(self):
        bare = Bare(self)
        other = Bare(self, peer=9471)
        server = self.server({"cluster": {"seeds": [bare.address]}})
        asked = bare.wait(new(server.address))
        self.assertIsNone(self.state(server, bare))
        lab.wait_for(lambda: bare.texts().count(new(server.address)) > 1, "it asks again")
        bare.peer.sendto(bytes.fromhex(YES), asked)
        self.wait_state(server, bare, "alive")
        bare.peer.sendto(bytes.fromhex(new_serv(other.address, "24ff")), asked)
        asked = other.wait(new(server.address, "2117"))
        self.assertIsNone(self.state(server, other, 9471))
        other.peer.sendto(bytes.fromhex(YES), asked)
        lab.wait_for(lambda: self.state(server, other, 9471) == "alive", "it is a member")
        other.wait(QUESTION, "alive")

    def test_another_port(self):
        server = self.server()
        bare, usual = Bare(self, peer=9471), Bare(self)
        bare.peer.sendto(bytes.fromhex(new(bare.address, "24ff")), (server.address, PEER))
        bare.wait(YES)
        bare.wait(QUESTION, "alive")
        usual.send(server, new(usual.address))
        usual.wait(new_serv(bare.address, "24ff"))

    def test_new_of_anybody_else(self):
        server, other = self.server(), lab.address()
        bare = Bare(self)
        bad = (new(other), new(server.address), new(bare.address, "0000"), new("0.0.0.0"),
               new("224.0.0.1"), new("255.255.255.255"))
        with self.counts(server, "newRefused", len(bad)):
            for text in bad:
                bare.send(server, text)
        self.assertEqual(fleet.ctl(server, "peers")["peers"], [])
        self.assertEqual((bare.texts(), bare.texts("alive")), ([], []))

    # ---- Keep-alive ----

    def test_anybody_may_ask(self):
        server, bare = self.server(), Bare(self)
        bare.send(server, QUESTION, ALIVE)
        self.assertEqual(bare.wait(ANSWER, "alive"), (server.address, ALIVE))
        bare.clear()
        # Answers are not answered, and what is none of both neither.
        for text in (ANSWER, "07000102", "0700020001", "070000", "07000100ff"):
            bare.send(server, text, ALIVE)
        bare.send(server, QUESTION)  # on the other plane
        bare.send(server, new(bare.address), ALIVE)
        time.sleep(0.5)
        self.assertEqual(bare.texts("alive") + bare.texts(), [])
        self.assertEqual(fleet.ctl(server, "peers")["peers"], [])

    def test_it_falls_silent(self):
        server = self.server()
        bare = self.joined(server)
        self.stays(server, bare, "alive", 1)
        bare.answers = False
        start = time.monotonic()
        self.wait_state(server, bare, "suspect")
        self.wait_state(server, bare, "dead")
        took = time.monotonic() - start
        self.assertTrue(1.5 < took < 4, took)
        # What is not its answer changes nothing: another port, another address, another type.
        stranger = Bare(self)
        bare.peer.sendto(bytes.fromhex(ANSWER), (server.address, ALIVE))
        stranger.send(server, ANSWER, ALIVE)
        bare.send(server, QUESTION, ALIVE)
        self.stays(server, bare, "dead", 0.5)
        # It is tried again now and then, and its answer brings it back.
        bare.clear()
        bare.answers = True
        self.wait_state(server, bare, "alive", 12)

    # ---- Leaving ----

    def test_it_leaves(self):
        server = self.server()
        bare, other = self.joined(server), self.joined(server)
        stranger = Bare(self)
        with self.counts(server, "decoRefused", 2):
            bare.alive.sendto(bytes.fromhex(DECO), (server.address, PEER))  # not its port
            stranger.send(server, DECO)
        for one in (bare, other):
            self.stays(server, one, "alive", 0.5)
        bare.send(server, DECO)
        self.wait_state(server, bare, None)
        self.assertEqual(self.state(server, other), "alive")
        # Once more: it is no member, and is not asked any more.
        with self.counts(server, "decoRefused", 1):
            bare.send(server, DECO)
        bare.clear()
        time.sleep(1.5)
        self.assertEqual(bare.texts("alive"), [])
        bare.send(server, new(bare.address))
        bare.wait(YES)
        self.wait_state(server, bare, "alive")

    def test_deco_of_a_server_that_speaks_more(self):
        """Said by anybody but itself it is nothing."""
        a = self.server()
        b = self.server({"cluster": {"seeds": [a.address]}})
        lab.wait_for(lambda: fleet.peers(a).get(b.address), "they have met")
        bare = Bare(self)
        with self.counts(a, "decoRefused", 2):
            bare.send(a, DECO)
            bare.send(a, "060010" + ip(b.address))  # DECO has no data
            bare.send(a, DECO)
        self.assertEqual(fleet.peers(a)[b.address]["state"], "alive")

    def test_a_server_that_stops_says_so(self):
        server = self.server()
        bare = self.joined(server)
        self.assertEqual(server.stop()[0], 0)
        self.assertEqual(bare.wait(DECO), (server.address, PEER))

    # ---- What nobody waits for ----

    def test_yes_without_new(self):
        server, bare = self.server(), Bare(self)
        with self.counts(server, "yesUnexpected", 2):
            bare.send(server, YES)
            bare.send(server, YES)
        self.assertEqual(fleet.ctl(server, "peers")["peers"], [])
        member = self.joined(server)
        member.send(server, DECO)
        self.wait_state(server, member, None)
        with self.counts(server, "yesUnexpected", 1):
            member.send(server, YES)
        self.stays(server, member, None, 0.5)

    def test_a_strangers_list(self):
        server, bare, named = self.server(), Bare(self), Bare(self)
        with self.counts(server, "hintsDropped", 1):
            bare.send(server, new_serv(named.address))
        time.sleep(0.5)
        self.assertEqual(named.texts(), [])

    def test_a_list_of_what_cannot_be(self):
        """Itself, the teller, no address, no port, many: none becomes a member by being named."""
        server = self.server()
        bare, named = self.joined(server), Bare(self)
        for text in (new_serv(server.address), new_serv(bare.address), new_serv("0.0.0.0"),
                     new_serv("224.0.0.1"), new_serv("255.255.255.255"),
                     new_serv(named.address, "0000"), "090000", "09000f" + "00" * 15):
            bare.send(server, text)
        time.sleep(0.5)
        self.assertEqual(set(fleet.peers(server)), {bare.address})
        self.assertEqual(named.texts(), [])

    def test_a_storm_of_names(self):
        """Of a thousand servers that are not there few are asked a second, and the one that is
        there and says nothing is no member."""
        server = self.server()
        bare, named = self.joined(server), Bare(self)
        before, start = self.counted(server, "sent"), time.monotonic()
        bare.send(server, new_serv(named.address))
        for i in range(1000):
            bare.send(server, new_serv(f"127.200.{i >> 8}.{i & 255}"))
        named.wait(new(server.address))
        time.sleep(max(0, start + 3 - time.monotonic()))
        seconds = time.monotonic() - start
        asked = self.counted(server, "sent") - before - 5.5 * seconds  # without KEEP_ALIVE
        self.assertLess(asked, 11 * (seconds + 1))
        drops = fleet.ctl(server, "stats")
        self.assertGreater(drops["cluster"]["hintsDropped"] + drops["peerDrops"]["lost"], 900)
        self.assertEqual(set(fleet.peers(server)), {bare.address})
        self.assertEqual(self.state(server, bare), "alive")

    def test_lengths(self):
        """A byte more or less makes a message none."""
        server, bare = self.server(), Bare(self)
        own = ip(bare.address)
        bad = ("05", "0500", "050000", "05000f" + own[2:], "050011" + own + "00",
               "050013" + own + "211700", "050010" + own + "00", "050010" + own[2:], "08000100",
               "0800", "080000" + "00", "06000100")
        for text in bad:
            bare.send(server, text)
        with self.counts(server, "truncated", 2, "drops"):
            bare.send(server, "050010" + "ff" * 2000)
            bare.send(server, "070001" + "00" * 2000, ALIVE)
        self.assertEqual(fleet.ctl(server, "peers")["peers"], [])
        self.assertEqual((bare.texts(), bare.texts("alive")), ([], []))
        drops = fleet.ctl(server, "stats")["peerDrops"]
        self.assertEqual(sum(drops.values()), len(bad), json.dumps(drops))


class WithAKey(unittest.TestCase):
    def test_nothing_in_clear_is_taken(self):
        made = fleet.Fleet(1, TIMES)
        self.addCleanup(made.end)
        server, bare = made.servers[0], Bare(self)
        for text in (new(bare.address), YES, DECO, new_serv(bare.address)):
            bare.send(server, text)
        bare.send(server, QUESTION, ALIVE)
        lab.wait_for(lambda: fleet.ctl(server, "stats")["peerDrops"]["inClear"] == 5, "counted")
        time.sleep(0.3)
        self.assertEqual((bare.texts(), bare.texts("alive")), ([], []))
        found = fleet.ctl(server, "peers")
        self.assertEqual(found["peers"], [])
        self.assertEqual([(k["address"], k["fault"], k["count"]) for k in found["wrongKeys"]],
                         [(bare.address, "inClear", 5)])


if __name__ == "__main__":
    lab.main()
