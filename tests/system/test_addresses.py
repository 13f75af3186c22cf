# SPDX-License-Identifier: BSD-2-Clause
"""Addresses and ports: IPv6, several, wildcards, and where answers leave from."""
import socket

import lab
import raw


def free_port():
    """A UDP port that nobody has on any address now, for servers that share one address."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as one:
        one.bind(("::", 0))
        return one.getsockname()[1]


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as one:
            one.bind(("::1", 0))
        return True
    except OSError:
        return False


class Addresses(lab.LabTest):
    @classmethod
    def setUpClass(cls):
        pass

    def ask_unconnected(self, to, port, family=socket.AF_INET):
        """(answer, the address it came from) of a socket that takes answers from anybody."""
        with socket.socket(family, socket.SOCK_DGRAM) as one:
            one.settimeout(lab.PATIENCE)
            one.sendto(raw.get(b"abc"), (to, port))
            answer, source = one.recvfrom(2048)
            self.assertEqual(answer, raw.NOBODY)
            return source[0], source[1]

    def test_ipv6(self):
        if not has_ipv6():
            self.skipTest("no IPv6 on this machine")
        port = free_port()
        self.other_server({"listen": {"address": "::1", "ports": {"client": port}}})
        client, key = lab.Client("::1", port), lab.fresh_hash()
        self.addCleanup(client.close)
        transaction = raw.txid()
        client.ask(raw.announce(transaction, [key], port=9))
        self.assertEqual(client.ask(raw.get(key)), raw.have("::1"))
        found = raw.server_list_of(client.ask(raw.servers(transaction)), transaction)
        self.assertEqual(found, [("::1", port)])

    def test_several(self):
        more = [lab.address() for _ in range(3)]
        server = self.other_server({"listen": {"client_addresses": more}})
        key = lab.fresh_hash()
        with lab.Client(server.address) as client:
            client.answers(raw.put("192.0.2.1", key))
        for one in more:
            self.assertEqual(self.ask_unconnected(one, lab.PORT), (one, lab.PORT))
            with lab.Client(one) as client:
                self.assertEqual(client.ask(raw.get(key)), raw.have("192.0.2.1"))

    def wildcard(self, wild):
        port = free_port()
        server = self.other_server({"listen": {"client_addresses": [wild],
                                               "ports": {"client": port}}})
        for to in (server.address, lab.address(), lab.address(), "127.0.0.1"):
            self.assertEqual(self.ask_unconnected(to, port), (to, port))
            with lab.Client(to, port) as client:
                self.assertEqual(client.answers(raw.get(b"abc")), [raw.NOBODY])
        return port

    def test_any_ipv4(self):
        self.wildcard("0.0.0.0")

    def test_any_ipv6(self):
        if not has_ipv6():
            self.skipTest("no IPv6 on this machine")
        port = free_port()
        server = self.other_server({"listen": {"client_addresses": ["::"],
                                               "ports": {"client": port}}})
        self.assertEqual(self.ask_unconnected("::1", port, socket.AF_INET6), ("::1", port))
        self.assertEqual(self.ask_unconnected(server.address, port), (server.address, port))

    def test_both_wildcards(self):
        if not has_ipv6():
            self.skipTest("no IPv6 on this machine")
        port = free_port()
        self.other_server({"listen": {"client_addresses": ["::", "0.0.0.0"],
                                      "ports": {"client": port}}})
        other = lab.address()
        self.assertEqual(self.ask_unconnected("::1", port, socket.AF_INET6), ("::1", port))
        self.assertEqual(self.ask_unconnected(other, port), (other, port))

    def test_a_late_have_leaves_from_the_asked_address(self):
        port = free_port()
        server = self.other_server({"listen": {"client_addresses": ["0.0.0.0"],
                                               "ports": {"client": port}}})
        asked, key = lab.address(), lab.fresh_hash()
        with lab.Client(asked, port) as waiter, lab.Client(server.address, port) as putter:
            waiter.answers(raw.want(key))
            putter.send(raw.put("192.0.2.1", key))
            self.assertEqual(waiter.receive(), raw.have("192.0.2.1"))

    def test_reply_port(self):
        reply = 8499
        server = self.other_server({"listen": {"ports": {"client_reply": reply}}})
        self.assertEqual(self.ask_unconnected(server.address, lab.PORT), (server.address, reply))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.settimeout(0.3)
            one.sendto(raw.get(b"abc"), (server.address, reply))
            with self.assertRaises((socket.timeout, ConnectionRefusedError)):
                one.recvfrom(2048)

    def test_two_servers_on_one_port(self):
        one, other = self.other_server(), self.other_server()
        key = lab.fresh_hash()
        with lab.Client(one.address) as client:
            client.answers(raw.put("192.0.2.1", key))
            self.assertEqual(client.ask(raw.get(key)), raw.have("192.0.2.1"))
        with lab.Client(other.address) as client:
            self.assertEqual(client.ask(raw.get(key)), raw.NOBODY)

    def test_other_ports(self):
        server = self.other_server({"listen": {"ports": {"client": 9470}}})
        self.assertEqual(self.ask_unconnected(server.address, 9470), (server.address, 9470))


if __name__ == "__main__":
    lab.main()
