# SPDX-License-Identifier: BSD-2-Clause
"""What clients were told, and what a directory may say after that.

Every record that is announced has a provider address and port of its own, so what a server returns
is one that was announced, or an invention. A record is

    wanted    acknowledged by a quorum, not withdrawn since, and its end is not near
    possible  from the first time it was sent until its end, unless a withdrawal was acknowledged
              and nothing was sent since
"""
import collections
import random
import struct
import threading
import time

import lab
import raw

SLACK = 5  # seconds that a record may still be served after its end
TRIES = 3
TIMEOUT = 0.6


class Record:
    def __init__(self, key, address, port):
        self.key, self.address, self.port = key, address, port
        self.acked_until = 0   # a quorum has it until then
        self.possible_until = 0
        self.withdrawn = 0     # when that was acknowledged


class Ledger:
    """Records, and clients that write and read them at random servers."""

    def __init__(self, servers, rng, ttl=120, per_hash=4):
        self.servers, self.rng, self.ttl, self.per_hash = servers, rng, ttl, per_hash
        self.lock = threading.Lock()
        self.records = {}                       # by (key, address, port)
        self.by_key = collections.defaultdict(list)
        self.numbers = iter(range(1, 1 << 24))
        self.acks = self.weak = self.failed = self.reads = self.failed_reads = 0
        self.violations = []
        self.stopping = threading.Event()
        self.threads = []

    # ---- Clients ----

    def start(self, writers=3, readers=2, pause=0.004):
        for loop in [self._write] * writers + [self._read] * readers:
            seed = self.rng.randrange(2**32)
            thread = threading.Thread(target=loop, args=(random.Random(seed), pause), daemon=True)
            thread.start()
            self.threads.append(thread)

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(30)
        self.threads = []
        self.stopping.clear()

    def _ask(self, rng, make, clients):
        """The answer of one of TRIES servers to the same request, None when none came."""
        order = rng.sample(self.servers(), min(TRIES, len(self.servers())))
        while len(order) < TRIES:
            order.append(rng.choice(order))
        transaction = raw.txid()
        for address in order:
            client = clients.get(address)
            if not client:
                client = clients[address] = lab.Client(address)
            try:
                client.send(make(transaction))
                end = time.monotonic() + TIMEOUT
                while (left := end - time.monotonic()) > 0:
                    answer = client.receive(left)
                    if answer is not None and answer[3:11] == transaction:
                        return answer, transaction
            except OSError:
                time.sleep(0.02)
        return None, transaction

    def _write(self, rng, pause):
        clients = {}
        while not self.stopping.wait(pause * rng.random() * 2):
            old = rng.random()
            if old < 0.15 and self.records:
                self._withdraw(rng, clients)
            else:
                self._announce(rng, clients, again=old < 0.35)
        for client in clients.values():
            client.close()

    def _pick(self, rng):
        with self.lock:
            key = rng.choice(list(self.by_key)[-2000:]) if self.by_key else None
            return rng.choice(self.by_key[key]) if key else None

    def _announce(self, rng, clients, again):
        record = self._pick(rng) if again else None
        if not record:
            with self.lock:
                number = next(self.numbers)
                key = struct.pack(">Q", number // self.per_hash) + b"nemesis!"
                record = Record(key, f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}",
                                1 + number % 65535)
                self.records[key, record.address, record.port] = record
                self.by_key[key].append(record)
        with self.lock:
            # Whatever becomes of it: it may be there from now on.
            record.withdrawn = 0
            record.possible_until = max(record.possible_until,
                                        time.monotonic() + TRIES * TIMEOUT + 3 + self.ttl)
        start = time.monotonic()
        answer, transaction = self._ask(
            rng, lambda t: raw.announce(t, [record.key], record.address, record.port, self.ttl),
            clients)
        statuses = raw.done_of(answer, transaction)[1] if answer and answer[0] == raw.DONE else [9]
        with self.lock:
            if statuses == [0]:
                self.acks += 1
                if not record.withdrawn:
                    record.acked_until = max(record.acked_until, start + self.ttl)
            elif statuses == [1]:
                self.weak += 1
            else:
                self.failed += 1

    def _withdraw(self, rng, clients):
        record = self._pick(rng)
        # What was sent a moment ago may still be on its way.
        if not record or record.possible_until - self.ttl > time.monotonic() - 1:
            return
        with self.lock:
            record.acked_until = 0
        answer, transaction = self._ask(
            rng, lambda t: raw.withdraw(t, [record.key], record.address, record.port), clients)
        if answer and answer[0] == raw.DONE and raw.done_of(answer, transaction)[1] == [0]:
            with self.lock:
                if record.possible_until - self.ttl < time.monotonic() - 1:
                    record.withdrawn = time.monotonic()

    def _read(self, rng, pause):
        clients = {}
        while not self.stopping.wait(pause * rng.random() * 2):
            record = self._pick(rng)
            if not record:
                continue
            answer, transaction = self._ask(rng, lambda t: raw.lookup(t, [record.key]), clients)
            self.reads += 1
            if answer is None or answer[0] != raw.PROVIDERS:
                self.failed_reads += 1
                continue
            section, = raw.sections_of(answer, transaction)
            self._judge(record.key, section.providers)
        for client in clients.values():
            client.close()

    # ---- Judgement ----

    def _judge(self, key, providers):
        now = time.monotonic()
        with self.lock:
            for p in providers:
                record = self.records.get((key, raw_ip(p.ip), p.port))
                if not record:
                    self.violations.append(f"invented: {key.hex()} {p}")
                elif now > record.possible_until + SLACK:
                    self.violations.append(
                        f"{now - record.possible_until:.1f} s after its end: {key.hex()} {p}")

    def check(self, address):
        """After all is well again: everything that has to be at this server is, nothing that must
        not. Gives how many records were wanted."""
        wanted = missing = 0
        with lab.Client(address) as client:
            for key, records in list(self.by_key.items()):
                transaction = raw.txid()
                answer = client.ask(raw.lookup(transaction, [key]))
                section, = raw.sections_of(answer, transaction)
                self._judge(key, section.providers)
                got = {(raw_ip(p.ip), p.port) for p in section.providers}
                now = time.monotonic()
                for r in records:
                    if r.withdrawn and (r.address, r.port) in got:
                        self.violations.append(f"withdrawn, and back: {key.hex()} {r.address} "
                                               f"at {address}")
                    if r.acked_until - 3 < now or r.withdrawn:
                        continue
                    wanted += 1
                    if (r.address, r.port) not in got:
                        missing += 1
                        self.violations.append(f"lost: {key.hex()} {r.address} at {address}")
        return wanted, missing


def raw_ip(value):
    return value if isinstance(value, str) else raw.ip_text(value)
