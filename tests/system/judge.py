# SPDX-License-Identifier: BSD-2-Clause
"""What a server is to make of a datagram, read out of dht-protocol(7) by somebody else.

judge(datagram) gives a Verdict: the counter that it belongs to (a request's or a drop's, by the
names in the server's statistics) and the types of answer that it may and must bring. It is for a
server at its defaults that trusts the source, has no password and no keys.
"""
import collections
import struct

import raw

MAX_DATAGRAM = 1232

# counter: its name; kinds: the types that may answer; must: how many answers at least (an exact
# number but for PROVIDERS)
Verdict = collections.namedtuple("Verdict", "counter kinds must")

REQUESTS = {"get", "put", "want", "exit", "lookup", "announce", "withdraw", "watch", "seen", "ping",
            "servers"}
ANSWERS = {raw.HAVE, raw.PROVIDERS, raw.DONE, raw.ERROR, raw.EVENT, raw.CHALLENGE, raw.PONG,
           raw.SERVER_LIST}


def drop(reason, told=False):
    return Verdict(reason, (raw.ERROR,) if told else (), int(told))


def one_host(address):
    """Whether 16 bytes can be the address of one host."""
    if address[:12] == raw.ip("0.0.0.0")[:12]:
        return address[12] != 0 and not 224 <= address[12] <= 239 and address[12:] != b"\xff" * 4
    return address != b"\0" * 16 and address[0] != 0xff


class Malformed(Exception):
    pass


class Fields:
    """Data that is read from its start."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        if self.at + size > len(self.data):
            raise Malformed
        self.at += size
        return self.data[self.at - size:self.at]

    def byte(self):
        return self.take(1)[0]

    def hashes(self):
        count = self.byte()
        if not count:
            raise Malformed
        for _ in range(count):
            size = self.byte()
            if not 1 <= size <= 64:
                raise Malformed
            self.take(size)
        return count

    def options(self):
        """[(code, value), …] up to the end."""
        found = []
        while self.at < len(self.data):
            code = self.byte()
            found.append((code, self.take(self.byte())))
        return found


def options_verdict(options):
    """None when a request with these options may be carried out."""
    seen = set()
    auth = False
    for code, value in options:
        if code in seen and code in (raw.COOKIE, raw.AUTH):
            return drop("malformed", True)
        seen.add(code)
        if code == raw.COOKIE and len(value) != 16:
            return drop("malformed", True)
        if code == raw.AUTH:
            auth = True
            if not value or len(value) != 1 + value[0] + 8 + 16:
                return drop("malformed", True)
        elif code >= 128:
            return drop("unknownOption", True)
    return drop("authFailed", True) if auth else None


def lookup(fields):
    _, cursor = struct.unpack(">HI", fields.take(6))
    if fields.hashes() != 1 and cursor:
        raise Malformed
    return Verdict("lookup", (raw.PROVIDERS,), 1), fields.options()


def announce(fields):
    fields.take(6)
    address = fields.take(16)
    fields.hashes()
    good = not any(address) or one_host(address)
    return Verdict("announce" if good else "badProvider", (raw.DONE,), 1), fields.options()


def withdraw(fields):
    fields.take(2)
    address = fields.take(16)
    fields.hashes()
    good = not any(address) or one_host(address)
    return Verdict("withdraw" if good else "badProvider", (raw.DONE,), 1), fields.options()


def watch(fields):
    fields.take(4)
    fields.hashes()
    return Verdict("watch", (raw.DONE, raw.EVENT), 1), fields.options()


def ping(fields):
    return Verdict("ping", (raw.PONG,), 1), fields.options()


def servers(fields):
    return Verdict("servers", (raw.SERVER_LIST,), 1), fields.options()


EXTENDED = {raw.LOOKUP: lookup, raw.ANNOUNCE: announce, raw.WITHDRAW: withdraw, raw.WATCH: watch,
            raw.PING: ping, raw.SERVERS: servers}


def base(kind, data):
    if kind == raw.EXIT:
        return drop("exitRefused")
    if kind == raw.PUT:
        if not 16 + 1 <= len(data) <= 16 + 64:
            return drop("malformed")
        return Verdict("put", (), 0) if one_host(data[:16]) else drop("badProvider")
    if not 1 <= len(data) <= 64:
        return drop("malformed")
    return Verdict("get", (raw.HAVE,), 1) if kind == raw.GET else Verdict("want", (raw.HAVE,), 0)


def extended(kind, data):
    if len(data) < 8:
        return drop("malformed")
    if kind == raw.SEEN:
        return Verdict("seen", (), 0) if len(data) == 12 else drop("malformed")
    try:
        verdict, options = EXTENDED[kind](Fields(data[8:]))
    except Malformed:
        return drop("malformed", True)
    return options_verdict(options) or verdict


def judge(datagram):
    if len(datagram) > MAX_DATAGRAM:
        return drop("truncated")
    if len(datagram) < 3:
        return drop("short")
    kind, length = struct.unpack_from(">BH", datagram)
    if length != len(datagram) - 3:
        return drop("length")
    if not (kind <= raw.EXIT or raw.LOOKUP <= kind <= raw.SERVER_LIST):
        return drop("unknownType")
    if kind in ANSWERS:
        return drop("notARequest")
    return base(kind, datagram[3:]) if kind <= raw.EXIT else extended(kind, datagram[3:])
