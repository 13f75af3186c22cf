# SPDX-License-Identifier: BSD-2-Clause
"""Real daemons and clients on this machine's loopback, for the system tests.

Every test process has 64 addresses in 127.64.0.0/10 of its own, made from its process id, so
that tests can run side by side. Everything waits for a bounded time, and only processes that were
started here are ever signalled; they end with the test, however it ends.
"""
import collections
import ctypes
import faulthandler
import json
import os
import pathlib
import random
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import raw

BUILD = pathlib.Path(os.environ.get("BUILDDIR") or
                     pathlib.Path(__file__).resolve().parents[2] / "build").resolve()
DHTD = BUILD / "dhtd"
DHT = BUILD / "dht"
DHTCTL = BUILD / "dhtctl"
PORT = 8470
PATIENCE = 10  # seconds that anything may take that usually takes none
LIMIT = int(os.environ.get("DHT_TEST_LIMIT", "600"))  # seconds for one file of tests

SEED = int(os.environ.get("DHT_TEST_SEED") or random.SystemRandom().randrange(2**32))

_addresses = iter(range(64))


def address():
    """The next of this process's own addresses."""
    number = (os.getpid() % 2**16) * 64 + next(_addresses)
    return f"127.{64 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"


def rng():
    """A generator from the seed that DHT_TEST_SEED sets; says which it is."""
    print(f"DHT_TEST_SEED={SEED}", file=sys.stderr, flush=True)
    return random.Random(SEED)


def wait_for(condition, what, seconds=PATIENCE):
    """Waits until condition() gives something true, and gives that."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.01)


# ---- Configuration ----

def config_text(value, depth=0):
    """libconfig's text of a dict of dicts, lists, strings, numbers and booleans."""
    if isinstance(value, dict):
        rows = (f"{key} = {config_text(one, depth + 1)};" for key, one in value.items())
        return "\n".join(rows) + "\n" if depth == 0 else "{ " + " ".join(rows) + " }"
    if isinstance(value, (list, tuple)):
        return "( " + ", ".join(config_text(one, depth + 1) for one in value) + " )"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def merged(base, more):
    """A copy of a configuration with another laid over it."""
    result = dict(base)
    for key, value in more.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


# ---- Processes ----

def _die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def clean_environment(**more):
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("DHT_", "XDG_"))}
    kept.update({"HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}, **more)
    return kept


class Server:
    """One dhtd. settings: a dict as dht.conf has it, over an address of its own."""

    def __init__(self, settings=None, wait=True, text=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="dht-lab-"))
        self.address = (settings or {}).get("listen", {}).get("address") or address()
        self.settings = merged({"listen": {"address": self.address},
                                "control": {"socket": str(self.folder / "control")}},
                               settings or {})
        self.conf = self.folder / "dht.conf"
        self.conf.touch(0o600)
        self.conf.write_text(config_text(self.settings) if text is None else text)
        self.lines, self.changed = [], threading.Condition()
        self.expected = (0, 78)  # how it may end
        self.process = subprocess.Popen(
            [str(DHTD), "-c", str(self.conf)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, env=clean_environment(), preexec_fn=_die_with_parent)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        if wait:
            try:
                self.wait_line(r"\bready\b")
            except AssertionError:
                self.end()
                raise

    def _read(self):
        for line in self.process.stderr:
            with self.changed:
                self.lines.append(line.decode(errors="replace").rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self.lines.append(None)
            self.changed.notify_all()

    def wait_line(self, pattern, since=0, seconds=PATIENCE):
        """The first line of the log from index since on that matches."""
        end = time.monotonic() + seconds
        at = since
        with self.changed:
            while True:
                for line in self.lines[at:]:
                    if line is None:
                        raise AssertionError(f"dhtd ended without /{pattern}/: {self.log()}")
                    match = re.search(pattern, line)
                    if match:
                        return match
                at = len(self.lines)
                if not self.changed.wait(end - time.monotonic()):
                    raise AssertionError(f"no /{pattern}/ within {seconds} s: {self.log()}")

    def log(self):
        return "\n".join(line for line in self.lines if line is not None)

    def stats(self):
        """The counters now: {"requests": {…}, "drops": {…}, …}."""
        since = len(self.lines)
        self.process.send_signal(signal.SIGUSR1)
        return json.loads(self.wait_line(r"stats (\{.*\})", since).group(1))

    def memory_kb(self):
        """Resident memory, in KiB."""
        return self._status("VmRSS")

    def instrumented(self):
        """Whether this is a sanitizer's build: its shadow takes terabytes of addresses."""
        return self._status("VmSize") > 1 << 30

    def _status(self, field):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"^{field}:\s+(\d+) kB", text, re.M).group(1))

    def wait_end(self, seconds=PATIENCE):
        """The exit status, once it has ended by itself."""
        status = self.process.wait(seconds)
        self.reader.join(PATIENCE)
        return status

    def last_stats(self):
        """The counters that a clean stop leaves in the log."""
        found = re.findall(r"stats (\{.*\})", self.log())
        assert found, self.log()
        return json.loads(found[-1])

    def stop(self, sig=signal.SIGTERM):
        """Asks it to end; gives (status, seconds)."""
        start = time.monotonic()
        self.process.send_signal(sig)
        status = self.wait_end()
        return status, time.monotonic() - start

    def kill(self):
        """SIGKILL: it has no time for anything."""
        self.expected += (-signal.SIGKILL,)
        self.process.kill()
        self.process.wait(PATIENCE)

    def end(self):
        """Ends it by whatever it takes, removes its folder, and is not content with a crash, nor
        with what a sanitizer finds at the end."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.reader.join(PATIENCE)
        self.process.stderr.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        assert self.process.returncode in self.expected, f"{self.process.returncode}: {self.log()}"


def _run(program, arguments, seconds=20, env=None, stdin=None, stdout=subprocess.PIPE, **more):
    return subprocess.run([str(program), *map(str, arguments)], input=stdin, stdout=stdout,
                          stderr=subprocess.PIPE, text=True, timeout=seconds,
                          stdin=subprocess.DEVNULL if stdin is None else None,
                          env=clean_environment(**(env or {})), preexec_fn=_die_with_parent, **more)


def dht(*arguments, **more):
    """Runs the client program to its end. more: seconds, env, stdin, stdout."""
    return _run(DHT, arguments, **more)


def dhtctl(*arguments, **more):
    """Runs the administration program to its end. more: as dht() has it, and user, cwd."""
    return _run(DHTCTL, arguments, **more)


def start_dht(*arguments, program=DHT):
    """Starts the client program; the caller ends it with kill() and communicate()."""
    return subprocess.Popen([str(program), *map(str, arguments)], text=True,
                            stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            env=clean_environment(), preexec_fn=_die_with_parent)


def start_dhtctl(*arguments):
    """Starts the administration program, likewise."""
    return start_dht(*arguments, program=DHTCTL)


# ---- A client of bytes ----

class Client:
    """One UDP socket, connected to a server."""

    def __init__(self, server, port=PORT, source=None):
        family = socket.AF_INET6 if ":" in server else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        if source:
            self.socket.bind((source, 0))
        self.socket.connect((server, port))
        self.socket.setblocking(False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, datagram):
        while True:
            try:
                return self.socket.send(datagram)
            except BlockingIOError:
                select.select([], [self.socket], [], PATIENCE)

    def receive(self, seconds=PATIENCE):
        """The next datagram; None when none came in time."""
        end = time.monotonic() + seconds
        while True:
            try:
                return self.socket.recv(65536)
            except BlockingIOError:
                left = end - time.monotonic()
                if left <= 0 or not select.select([self.socket], [], [], left)[0]:
                    return None

    def ask(self, datagram, seconds=PATIENCE):
        """Sends one datagram and gives its answer."""
        self.send(datagram)
        answer = self.receive(seconds)
        assert answer is not None, f"no answer to {datagram[:60].hex()}"
        return answer

    def answers(self, *datagrams, padding=0):
        """All that some datagrams were answered by, up to the answer of a PING sent after them:
        the server takes what one socket sends in order. padding: of the PING."""
        for datagram in datagrams:
            self.send(datagram)
        transaction = raw.txid()
        options = raw.option(raw.PADDING, b"\0" * padding) if padding else b""
        self.send(raw.ping(transaction, options))
        found = []
        while True:
            answer = self.receive()
            assert answer is not None, f"no PONG after {[d[:40].hex() for d in datagrams[:3]]}"
            if answer[0] == raw.PONG and answer[3:11] == transaction:
                return found
            found.append(answer)

    def ask_all(self, datagrams, window=64):
        """Sends many requests, each answered by one datagram, a window of them in flight; gives
        the answers as they come."""
        flying = 0
        for datagram in datagrams:
            self.send(datagram)
            flying += 1
            if flying == window:
                yield from self._receive_some(window // 2)
                flying -= window // 2
        yield from self._receive_some(flying)

    def _receive_some(self, count):
        for _ in range(count):
            answer = self.receive()
            assert answer is not None, "an answer is missing"
            yield answer

    def pages(self, key, limit=0):
        """Everything that LOOKUP tells of one hash, page by page: (providers, totals, pages)."""
        providers, totals, cursor, count = [], collections.Counter(), 0, 0
        while True:
            transaction = raw.txid()
            answer = self.ask(raw.lookup(transaction, [key], limit, cursor))
            section, = raw.sections_of(answer, transaction)
            assert section.index == 0
            providers += section.providers
            totals[section.total] += 1
            count += 1
            cursor = section.next
            if cursor == 0:
                return providers, totals, count
            assert section.providers, "a page with nothing on it, and another after it"


class LabTest(unittest.TestCase):
    """A test with one server for all its cases; settings may be set in a subclass."""
    settings = {}
    server = None

    @classmethod
    def setUpClass(cls):
        cls.server = Server(cls.settings)
        cls.addClassCleanup(cls.server.end)

    def client(self, source=None):
        client = Client(self.server.address, source=source)
        self.addCleanup(client.close)
        return client

    def other_server(self, settings=None, **more):
        server = Server(settings, **more)
        self.addCleanup(server.end)
        return server


def fresh_hash(size=20):
    return os.urandom(size)


def main():
    """Runs the tests of the calling file; 77 when there is nothing to run them on."""
    if not all(program.exists() for program in (DHTD, DHT, DHTCTL)):
        print(f"SKIP: no dhtd, dht and dhtctl in {BUILD}: build first, or set BUILDDIR")
        sys.exit(77)
    faulthandler.dump_traceback_later(LIMIT, exit=True)
    unittest.main(verbosity=2)
