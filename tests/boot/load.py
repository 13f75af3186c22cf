# SPDX-License-Identifier: BSD-2-Clause
"""Requests to a server in a booted machine, one after the other, each sent once, and how long each
answer took."""
import select
import socket
import struct
import threading
import time

GET, HAVE = 0, 3
ANSWER_S = 2  # seconds after which a request counts as lost


def get(key):
    """The base message GET."""
    return struct.pack(">BH", GET, len(key)) + key


class Load:
    """A thread that asks, `pause` seconds between an answer and the next request, while a with
    block runs. Then: sent, lost (requests without an answer) and times (seconds of each)."""

    def __init__(self, machine, address="127.0.0.1", port=8470, pause=0.0005):
        self.socket = machine.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect((address, port))
        self.pause, self.sent, self.lost, self.times = pause, 0, 0, []
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()
        self.socket.close()

    def _run(self):
        while not self.done.is_set():
            key = b"load" + struct.pack(">Q", self.sent)
            start = time.perf_counter()
            self.socket.send(get(key))
            self.sent += 1
            if self._answered():
                self.times.append(time.perf_counter() - start)
            else:
                self.lost += 1
            time.sleep(self.pause)

    def _answered(self):
        end = time.monotonic() + ANSWER_S
        while True:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.socket], [], [], left)[0]:
                return False
            if self.socket.recv(65536)[0] == HAVE:
                return True

    def percentile(self, share):
        """The time that this share of the answers took at most, in seconds."""
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
