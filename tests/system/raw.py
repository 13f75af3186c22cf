# SPDX-License-Identifier: BSD-2-Clause
"""The messages as bytes, written out by hand from dht-protocol(7).

Nothing of the project's own encoder is used, so that what these tests say about bytes is said by
somebody else. A datagram is TYPE u8 | LENGTH u16 | DATA; numbers are big-endian.
"""
import collections
import ipaddress
import itertools
import os
import struct

GET, PUT, WANT, HAVE, EXIT, NEW, DECO, KEEP_ALIVE, YES, NEW_SERV = range(10)
(LOOKUP, PROVIDERS, ANNOUNCE, WITHDRAW, DONE, ERROR, WATCH, EVENT, SEEN, CHALLENGE, PING, PONG,
 SERVERS, SERVER_LIST) = range(16, 30)

MALFORMED, UNKNOWN_OPTION, REFUSED, AUTH_NEEDED, AUTH_FAILED, RATE_LIMITED, SHUTTING_DOWN = range(
    1, 8)
APPEARED, WITHDRAWN, EXPIRED = 1, 2, 3
COOKIE, PADDING, AUTH = 1, 2, 130

NOBODY = b"\x03\x00\x00"

Provider = collections.namedtuple("Provider", "ip port ttl")
Section = collections.namedtuple("Section", "index total next providers")
Event = collections.namedtuple("Event", "txid seq kind hash provider")

_txids = itertools.count(int.from_bytes(os.urandom(7), "big") << 8)


def txid():
    """Eight bytes that this process has not used before."""
    return struct.pack(">Q", next(_txids) % 2**64)


def msg(kind, data=b""):
    return struct.pack(">BH", kind, len(data)) + data


def ip(text):
    """16 bytes; IPv4 in its mapped form."""
    address = ipaddress.ip_address(text)
    return address.packed if address.version == 6 else b"\0" * 10 + b"\xff\xff" + address.packed


def ip_text(raw):
    address = ipaddress.IPv6Address(raw)
    return str(address.ipv4_mapped or address)


# ---- Base messages ----

def get(key):
    return msg(GET, key)


def put(address, key):
    return msg(PUT, ip(address) + key)


def want(key):
    return msg(WANT, key)


def have(*addresses):
    return msg(HAVE, b"".join(map(ip, addresses)))


def have_ips(datagram):
    """The addresses in a HAVE, as 16 bytes each."""
    length = len(datagram) - 3
    assert datagram[:3] == struct.pack(">BH", HAVE, length) and length % 16 == 0, datagram[:40]
    return [datagram[at:at + 16] for at in range(3, len(datagram), 16)]


# ---- Extended messages ----

def ext(kind, transaction, data=b""):
    return msg(kind, transaction + data)


def hashes(keys):
    return bytes([len(keys)]) + b"".join(bytes([len(key)]) + key for key in keys)


def option(code, value=b""):
    return bytes([code, len(value)]) + value


def lookup(transaction, keys, limit=0, cursor=0, options=b""):
    return ext(LOOKUP, transaction, struct.pack(">HI", limit, cursor) + hashes(keys) + options)


def announce(transaction, keys, address="::", port=0, ttl=0, options=b""):
    return ext(ANNOUNCE, transaction,
               struct.pack(">IH", ttl, port) + ip(address) + hashes(keys) + options)


def withdraw(transaction, keys, address="::", port=0, options=b""):
    return ext(WITHDRAW, transaction,
               struct.pack(">H", port) + ip(address) + hashes(keys) + options)


def watch(transaction, keys, duration, options=b""):
    return ext(WATCH, transaction, struct.pack(">I", duration) + hashes(keys) + options)


def seen(transaction, seq):
    return ext(SEEN, transaction, struct.pack(">I", seq))


def ping(transaction, options=b""):
    return ext(PING, transaction, options)


def servers(transaction, options=b""):
    return ext(SERVERS, transaction, options)


def split(datagram):
    """(type, transaction id, what follows it) of an extended answer, its header checked."""
    kind, length = struct.unpack_from(">BH", datagram)
    assert length == len(datagram) - 3 and kind >= 16 and length >= 8, datagram[:40]
    return kind, datagram[3:11], datagram[11:]


def body(datagram, kind, transaction):
    """What follows the transaction id of an answer that must be of this type and transaction."""
    got, got_txid, data = split(datagram)
    assert got == kind, f"type {got}, not {kind}: {datagram[:60]}"
    assert got_txid == transaction, "another transaction's"
    return data


def error_of(datagram, transaction):
    """(code, text) of an ERROR."""
    data = body(datagram, ERROR, transaction)
    return struct.unpack_from(">H", data)[0], data[2:].decode()


def done_of(datagram, transaction):
    """(granted TTL, [status, …]) of a DONE."""
    data = body(datagram, DONE, transaction)
    ttl, count = struct.unpack_from(">IB", data)
    assert len(data) == 5 + count and count > 0, data
    return ttl, list(data[5:])


def provider_at(data, at):
    port, ttl = struct.unpack_from(">HI", data, at + 16)
    return Provider(ip_text(data[at:at + 16]), port, ttl)


def sections_of(datagram, transaction):
    """The sections of a PROVIDERS."""
    data = body(datagram, PROVIDERS, transaction)
    sections, at = [], 0
    while at < len(data):
        index, total, following, count = struct.unpack_from(">BIIH", data, at)
        at += 11
        found = [provider_at(data, at + 22 * i) for i in range(count)]
        at += 22 * count
        sections.append(Section(index, total, following, found))
    assert at == len(data) and sections, "sections that do not fill the datagram"
    return sections


def event_of(datagram):
    kind, transaction, data = split(datagram)
    assert kind == EVENT, f"type {kind}, not EVENT"
    seq, change, length = struct.unpack_from(">IBB", data)
    assert len(data) == 6 + length + 22, data
    return Event(transaction, seq, change, data[6:6 + length], provider_at(data, 6 + length))


def pong_of(datagram, transaction):
    """(version, members, uptime, name) of a PONG."""
    data = body(datagram, PONG, transaction)
    return struct.unpack_from(">BHI", data) + (data[7:].decode(),)


def server_list_of(datagram, transaction):
    """[(address, client port), …] of a SERVER_LIST."""
    data = body(datagram, SERVER_LIST, transaction)
    count, = struct.unpack_from(">H", data)
    assert len(data) == 2 + 18 * count, data
    rows = [data[2 + 18 * i:20 + 18 * i] for i in range(count)]
    return [(ip_text(row[:16]), struct.unpack(">H", row[16:])[0]) for row in rows]
