# SPDX-License-Identifier: BSD-2-Clause
"""clients.rate limits one source and not another."""
import time

import lab
import raw

RATE = 100


class Rates(lab.LabTest):
    settings = {"clients": {"rate": RATE}}

    def burst(self, client, count):
        """How many of count GETs, sent at once, are answered."""
        for _ in range(count):
            client.send(raw.get(b"abc"))
        answered = 0
        while client.receive(0.3):
            answered += 1
        return answered

    def test_one_source_and_another(self):
        greedy, modest = self.client(lab.address()), self.client(lab.address())
        start = time.monotonic()
        for _ in range(5 * RATE):
            greedy.send(raw.get(b"abc"))
        sending = time.monotonic() - start
        for _ in range(20):
            self.assertEqual(modest.ask(raw.get(b"abc")), raw.NOBODY)
        answered = 0
        while greedy.receive(0.3):
            answered += 1
        self.assertGreaterEqual(answered, RATE * 9 // 10, "a second's worth at once is free")
        self.assertLessEqual(answered, RATE * (1.1 + sending) + 1)
        self.assertGreaterEqual(self.server.stats()["drops"]["rateLimited"], 5 * RATE - answered)

    def test_it_comes_back(self):
        client = self.client(lab.address())
        self.burst(client, 3 * RATE)
        time.sleep(0.7)
        again = self.burst(client, 3 * RATE)
        self.assertGreater(again, RATE // 2)
        self.assertLess(again, RATE * 2)

    def test_ports_of_one_source_share(self):
        source = lab.address()
        answered = sum(self.burst(self.client(source), RATE) for _ in range(3))
        self.assertLess(answered, RATE * 2.5)

    def test_an_extended_request_is_told(self):
        client = self.client(lab.address())
        self.burst(client, 3 * RATE)
        for _ in range(RATE):
            client.send(raw.get(b"abc"))
        transaction = raw.txid()
        client.send(raw.ping(transaction))
        answer = b"\3"
        while answer[0] == raw.HAVE:
            answer = client.receive()
        self.assertEqual(raw.error_of(answer, transaction)[0], raw.RATE_LIMITED)

    def test_steady_below_the_rate(self):
        client = self.client(lab.address())
        for _ in range(RATE // 2):
            self.assertEqual(client.ask(raw.get(b"abc")), raw.NOBODY)
            time.sleep(1.2 / RATE)


if __name__ == "__main__":
    lab.main()
