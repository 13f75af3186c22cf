# SPDX-License-Identifier: BSD-2-Clause
"""One of five servers is killed at random moments, and comes back: no request fails that is tried
three times, be it by a client that sends bytes or by dht, which finds another server by itself; and
who has just come back says nothing that is not so.

DHT_KILLS sets how often (3).
"""
import collections
import os
import random
import secrets
import sys
import threading
import time
import unittest

import fleet
import lab
import raw

KILLS = int(os.environ.get("DHT_KILLS", "3"))
TRIES, TIMEOUT = 3, 1.0
AGAIN = 0.2  # seconds before dht is run again
KNOWN = 200


def told(tries):
    """How many took so many: "1: 20, 2: 3"."""
    return ", ".join(f"{n}: {tries[n]}" for n in sorted(tries))


class Bytes(threading.Thread):
    """Reads what is known, and writes what it then reads; each try is at another server."""

    def __init__(self, test, seed):
        super().__init__(daemon=True)
        self.test, self.rng = test, random.Random(seed)
        self.tries, self.silent = collections.Counter(), 0
        self.faults, self.wrong, self.slowest = [], [], 0
        self.clients = {a: lab.Client(a) for a in test.addresses}

    def ask(self, what, make, good):
        """One request; good: whether an answer is what it has to be."""
        transaction, start, said = raw.txid(), time.monotonic(), []
        for n, address in enumerate(self.rng.sample(self.test.addresses, TRIES), 1):
            answer = self.once(self.clients[address], make(transaction), transaction)
            if answer and good(answer, transaction):
                self.tries[n] += 1
                self.slowest = max(self.slowest, time.monotonic() - start)
                return
            said.append((address, answer and answer[11:].hex()))
            self.silent += answer is None
            if answer:
                self.wrong.append(f"{what}: {said}, {time.monotonic() - start:.2f} s, "
                                  f"{self.test.dead} is dead")
        self.faults.append(f"{what}: {said}, {self.test.dead} is dead")

    @staticmethod
    def once(client, request, transaction):
        """The answer; None when there is none in time."""
        end = time.monotonic() + TIMEOUT
        try:
            client.send(request)
            while (left := end - time.monotonic()) > 0:
                answer = client.receive(left)
                if answer and answer[3:11] == transaction:
                    return answer
        except OSError:  # its port is closed
            pass
        return None

    def look_up(self, key):
        self.ask(f"lookup {key.hex()}", lambda t: raw.lookup(t, [key]),
                 lambda a, t: a[0] == raw.PROVIDERS and raw.sections_of(a, t)[0].total == 1)

    def run(self):
        while not self.test.stopping.wait(0.002):
            self.look_up(self.rng.choice(self.test.known))
            if self.rng.random() < 0.3:
                key = secrets.token_bytes(32)
                self.ask(f"announce {key.hex()}",
                         lambda t, key=key: raw.announce(t, [key], "192.0.2.7", 80),
                         lambda a, t: a[0] == raw.DONE and raw.done_of(a, t)[1] == [0])
                self.look_up(key)
        for client in self.clients.values():
            client.close()


class Program(threading.Thread):
    """dht, which is given three of the servers in another order each time."""

    def __init__(self, test, seed):
        super().__init__(daemon=True)
        self.test, self.rng = test, random.Random(seed)
        self.tries, self.faults, self.slowest = collections.Counter(), [], 0

    def dht(self, *arguments):
        start, said = time.monotonic(), []
        for n in range(1, TRIES + 1):
            servers = self.rng.sample(self.test.addresses, TRIES)
            run = lab.dht("-S", ",".join(servers), *arguments)
            if run.returncode == 0:
                self.tries[n] += 1
                self.slowest = max(self.slowest, time.monotonic() - start)
                return
            said.append((servers, run.returncode, run.stderr))
            time.sleep(AGAIN)
        self.faults.append(f"dht {arguments}: {said}, {self.test.dead} is dead")

    def run(self):
        while not self.test.stopping.wait(0.02):
            one = secrets.token_hex(32)
            self.dht("get", self.rng.choice(self.test.known).hex())
            self.dht("put", "--ip", "192.0.2.7", one)
            self.dht("get", one)


class Killed(unittest.TestCase):
    def setUp(self):
        self.rng = lab.rng()
        self.fleet = fleet.Fleet(5, lab.merged(fleet.QUICK, {"cluster": {"repair_interval": "2s"}}))
        self.addCleanup(self.fleet.end)
        self.addresses = [s.address for s in self.fleet.servers]
        self.known = [secrets.token_bytes(32) for _ in range(KNOWN)]
        run = lab.dht("-S", self.addresses[0], "put", "--ip", "192.0.2.7",
                      *[key.hex() for key in self.known])
        self.assertEqual(run.returncode, 0, run.stderr)
        self.dead = None
        self.stopping = threading.Event()

    def kill_one(self):
        """At a random moment; the next one waits until the others have made up for it."""
        time.sleep(self.rng.uniform(0, 1))
        victim = self.rng.choice(self.fleet.servers)
        self.dead = victim.address
        victim.kill()
        time.sleep(self.rng.uniform(0, 4))
        self.fleet.servers.remove(victim)
        victim.end()
        self.fleet.add(address=victim.address)
        self.fleet.wait_members(5, 30)
        self.dead = None

    def test_no_request_fails(self):
        clients = [kind(self, self.rng.randrange(2**32)) for kind in (Bytes, Bytes, Program)]
        for client in clients:
            client.start()
        try:
            for _ in range(KILLS):
                self.kill_one()
        finally:
            self.stopping.set()
            for client in clients:
                client.join(30)
        *bare, program = clients
        tries = sum((c.tries for c in bare), collections.Counter())
        silent, wrong = sum(c.silent for c in bare), sum((c.wrong for c in bare), [])
        print(f"{KILLS} kills: {tries.total()} requests took {told(tries)} tries (of those that "
              f"failed {silent} were not answered, {len(wrong)} not as they should "
              f"be), the slowest took {max(c.slowest for c in bare):.2f} s; "
              f"{program.tries.total()} of dht took {told(program.tries)} runs, the slowest took "
              f"{program.slowest:.2f} s", file=sys.stderr)
        self.assertEqual([fault for client in clients for fault in client.faults], [])
        self.assertEqual((wrong, set(program.tries)), ([], {1}))


if __name__ == "__main__":
    lab.main()
