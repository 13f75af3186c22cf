# SPDX-License-Identifier: BSD-2-Clause
"""However it is asked to stop, the daemon does within 5 seconds, and says its counters."""
import signal
import threading
import time

import lab
import raw

WITHIN = 5


class Stop(lab.LabTest):
    @classmethod
    def setUpClass(cls):
        pass

    def check(self, server, start):
        self.assertEqual(server.wait_end(), 0, server.log())
        self.assertLess(time.monotonic() - start, WITHIN)
        stats = server.last_stats()
        self.assertIn("requests", stats)
        return stats

    def test_signals(self):
        for sig in (signal.SIGTERM, signal.SIGINT):
            server = self.other_server()
            with lab.Client(server.address) as client:
                client.answers(raw.put("192.0.2.1", b"abc"))
            start = time.monotonic()
            server.process.send_signal(sig)
            self.assertEqual(self.check(server, start)["requests"]["put"], 1)

    def test_again_and_again(self):
        server = self.other_server()
        start = time.monotonic()
        for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
            server.process.send_signal(sig)
        self.check(server, start)

    def test_exit(self):
        server = self.other_server({"password": "secret"})
        start = time.monotonic()
        with lab.Client(server.address) as client:
            client.send(raw.msg(raw.EXIT, b"secret"))
        self.assertEqual(self.check(server, start)["requests"]["exit"], 1)

    def test_under_load(self):
        for stop in ("signal", "exit"):
            server = self.other_server({"password": "secret"})
            done = threading.Event()
            loads = [threading.Thread(target=self.load, args=(server.address, done))
                     for _ in range(2)]
            for thread in loads:
                thread.start()
            time.sleep(0.5)
            start = time.monotonic()
            if stop == "signal":
                server.process.send_signal(signal.SIGTERM)
            else:
                self.send_exit(server)
            try:
                stats = self.check(server, start)
            finally:
                done.set()
                for thread in loads:
                    thread.join()
            self.assertGreater(stats["requests"]["get"], 100)

    @staticmethod
    def send_exit(server):
        """Until it stops: under load a datagram may get lost."""
        with lab.Client(server.address) as client:
            for _ in range(15):
                try:
                    client.send(raw.msg(raw.EXIT, b"secret"))
                except ConnectionRefusedError:
                    return
                time.sleep(0.2)
                if server.process.poll() is not None:
                    return

    @staticmethod
    def load(address, done):
        """Sends as fast as it can, and does not care."""
        with lab.Client(address) as client:
            while not done.is_set():
                key = lab.fresh_hash()
                try:
                    for datagram in (raw.get(key), raw.put("192.0.2.1", key), raw.want(key[:9]),
                                     raw.announce(raw.txid(), [key, key[:4]], "192.0.2.2")):
                        client.send(datagram)
                    while client.receive(0):
                        pass
                except ConnectionRefusedError:
                    time.sleep(0.01)

    def test_hangups_and_pipes_do_not(self):
        server = self.other_server()
        server.process.send_signal(signal.SIGPIPE)
        time.sleep(0.1)
        with lab.Client(server.address) as client:
            self.assertEqual(client.ask(raw.get(b"abc")), raw.NOBODY)

    def test_many_short_lives(self):
        for _ in range(5):
            server = self.other_server()
            start = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            self.check(server, start)


if __name__ == "__main__":
    lab.main()
