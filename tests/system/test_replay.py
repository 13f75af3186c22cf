# SPDX-License-Identifier: BSD-2-Clause
"""What sealed servers have sent each other is recorded and sent again, from where it came: it
changes nothing, before and after a restart of who sent it and of who takes it.

Needs root, for the recording and for the wrong senders.
"""
import socket
import struct
import sys
import threading
import time

import fleet
import lab
import raw

PORTS = {8471, 8472}
ETH_P_IP, PACKET_HOST = 0x0800, 0
QUORUM_OF_TWO = {"cluster": {"replicas": 2, "write_quorum": 2}}


class Recorder(threading.Thread):
    """All datagrams on loopback from one of these addresses to another, to or from a peer or
    keep-alive port, as they are from the IP header on."""

    def __init__(self, addresses):
        super().__init__(daemon=True)
        self.addresses = {socket.inet_aton(a) for a in addresses}
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.socket.bind(("lo", ETH_P_IP))
        self.socket.settimeout(0.05)
        self.got, self.stopping = [], threading.Event()

    def run(self):
        while not self.stopping.is_set():
            try:
                packet, source = self.socket.recvfrom(65536)
            except TimeoutError:
                continue
            udp = 4 * (packet[0] & 15)
            if (source[2] == PACKET_HOST and packet[9] == socket.IPPROTO_UDP and
                    packet[12:16] in self.addresses and packet[16:20] in self.addresses and
                    set(struct.unpack_from(">HH", packet, udp)) & PORTS):
                self.got.append(packet[:udp + 6] + b"\0\0" + packet[udp + 8:])  # no checksum
        self.socket.close()

    def stop(self):
        self.stopping.set()
        self.join(lab.PATIENCE)
        return self.got


def recorded_to(packets, server):
    """At the ports that it has after a restart, too."""
    return [p for p in packets if p[16:20] == socket.inet_aton(server.address) and
            struct.unpack_from(">H", p, 4 * (p[0] & 15) + 2)[0] in PORTS]


class Replay(fleet.FleetTest):
    def setUp(self):
        try:
            self.raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        except PermissionError as error:
            self.skipTest(f"no raw sockets: {error}")
        self.addCleanup(self.raw.close)
        self.made = self.fleet(3, QUORUM_OF_TWO)

    def replay(self, packets):
        for packet in packets:
            self.raw.sendto(packet, (socket.inet_ntoa(packet[16:20]), 0))
            time.sleep(0.0002)

    @staticmethod
    def dropped(server):
        return sum(fleet.ctl(server, "stats")["peerDrops"].values())

    def restart(self, server, politely):
        if politely:
            server.stop()
        else:
            server.kill()
        self.made.servers.remove(server)
        server.end()
        again = self.made.add(address=server.address)
        self.made.wait_members(3)
        return again

    def ask(self, server, make, *arguments):
        with lab.Client(server.address) as client:
            transaction = raw.txid()
            return client.ask(make(transaction, *arguments)), transaction

    def write_and_withdraw(self, keys):
        a = self.made.servers[0]
        for key in keys:
            for make in (raw.announce, raw.withdraw):
                answer, transaction = self.ask(a, make, [key], "192.0.2.7", 80)
                self.assertEqual(raw.done_of(answer, transaction)[1], [0])

    def check_replayed(self, packets, since):
        """All that was sent again to each was dropped, and all is as before."""
        for s in self.made.servers:
            mine = len(recorded_to(packets, s))
            self.assertGreater(mine, 0)
            lab.wait_for(lambda s=s, mine=mine: self.dropped(s) - since[s] >= mine,
                         f"{mine} are dropped at {s.address}")
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            for s in self.made.servers:
                self.assertEqual({p["state"] for p in fleet.peers(s).values()}, {"alive"})
        for s in self.made.servers:
            lines = "\n".join(line for line in s.lines[self.lines[s]:] if line)
            for told in ("left the cluster", "was restarted", "does not answer", "is dead"):
                self.assertNotIn(told, lines)
            for key in self.keys:
                answer, transaction = self.ask(s, raw.lookup, [key])
                self.assertEqual(raw.sections_of(answer, transaction)[0].total, 0, "it is back")

    def again(self, packets):
        since = {s: self.dropped(s) for s in self.made.servers}
        self.lines = {s: len(s.lines) for s in self.made.servers}
        self.replay(packets)
        self.check_replayed(packets, since)

    def test_nothing_counts_twice(self):
        recorder = Recorder([s.address for s in self.made.servers])
        recorder.start()
        self.keys = [lab.fresh_hash() for _ in range(50)]
        self.write_and_withdraw(self.keys)
        time.sleep(1)
        early = list(recorder.got)
        self.again(early)
        last = self.restart(self.made.servers[2], politely=True)  # its DECO is recorded, too
        packets = recorder.stop()
        goodbye = [p for p in packets if p[12:16] == socket.inet_aton(last.address)]
        self.again(packets)
        self.again(packets[::-1])
        self.restart(self.made.servers[0], politely=False)
        self.again(packets)
        print(f"{len(packets)} datagrams recorded, {len(goodbye)} of them of the one that left and "
              "came back; 3 times sent again, forwards, backwards and after another restart: 0 "
              "were taken", file=sys.stderr)


if __name__ == "__main__":
    lab.main()
