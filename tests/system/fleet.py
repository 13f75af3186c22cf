# SPDX-License-Identifier: BSD-2-Clause
"""Several servers that are one cluster, on this machine's loopback."""
import json
import pathlib
import secrets
import tempfile
import unittest

import lab
import raw

PEER, KEEP_ALIVE = 8471, 8472


class Fleet:
    """n servers with one key (key=False: in clear), each with the first ones as seeds."""

    def __init__(self, n, settings=None, key=True):
        self.folder = tempfile.TemporaryDirectory(prefix="dht-fleet-")
        self.servers, self.settings = [], settings or {}
        self.key = None
        if key:
            self.key = pathlib.Path(self.folder.name) / "cluster.key"
            self.key.touch(0o600)
            self.key.write_text(secrets.token_hex(32) + "\n")
        try:
            for _ in range(n):
                self.add()
            self.wait_members(n)
        except BaseException:
            self.end()
            raise

    def add(self, settings=None, address=None):
        """One more, which joins through the others."""
        cluster = {"seeds": [s.address for s in self.servers[:3]]}
        if self.key:
            cluster["key_file"] = str(self.key)
        own = lab.merged(lab.merged({"cluster": cluster}, self.settings), settings or {})
        if address:
            own = lab.merged(own, {"listen": {"address": address}})
        server = lab.Server(own)
        self.servers.append(server)
        return server

    def alive(self):
        return [s for s in self.servers if s.process.poll() is None]

    def wait_members(self, n, seconds=20):
        for s in self.alive():
            lab.wait_for(lambda s=s: is_whole(s, n), f"{n} members at {s.address}", seconds)

    def end(self):
        for s in self.servers:
            s.end()
        self.folder.cleanup()


def members(server):
    """How many this server says that it knows alive, itself too."""
    with lab.Client(server.address) as client:
        transaction = raw.txid()
        return raw.pong_of(client.ask(raw.ping(transaction)), transaction)[1]


def is_whole(server, n):
    """Whether it has n members alive, and all that it has to have."""
    now = status(server)
    return (members(server) == now["members"] == n and now["known"] >= n and now["settled"] and
            now["partitions"]["partial"] == 0)


def ctl(server, *arguments, allowed=(0,)):
    run = lab.dhtctl("-s", server.folder / "control", "-o", "json", *arguments)
    assert run.returncode in allowed, (arguments, run.returncode, run.stdout, run.stderr)
    return json.loads(run.stdout)


def status(server):
    """Degraded or not."""
    return ctl(server, "status", allowed=(0, 8))


def peers(server):
    return {p["address"]: p for p in ctl(server, "peers")["peers"]}


# ---- Tests ----

# Servers that notice soon what others take longer for.
QUICK = {"listen": {"workers": 1}, "cluster": {"keepalive_interval": "200ms",
                                               "suspect_after": "1s", "drop_after": "2s",
                                               "repair_interval": "5s"}}


def settled(server):
    """It has all that it owns."""
    found = status(server)
    return found["settled"] and found["partitions"]["partial"] == 0


class FleetTest(unittest.TestCase):
    """Administration of quick fleets."""

    def fleet(self, n, settings=None, key=True):
        """n servers that have caught up with each other."""
        made = Fleet(n, lab.merged(QUICK, settings or {}), key)
        self.addCleanup(made.end)
        for s in made.servers:
            lab.wait_for(lambda s=s: settled(s), "all are settled", 30)
        return made

    def ctl(self, server, *arguments, **more):
        return lab.dhtctl("-s", server.folder / "control", *arguments, **more)

    def works(self, server, *arguments, **more):
        run = self.ctl(server, *arguments, **more)
        self.assertEqual(run.returncode, 0, (arguments, run.stdout, run.stderr))
        return run

    def fails(self, code, server, *arguments, say=(), **more):
        run = self.ctl(server, *arguments, **more)
        self.assertEqual(run.returncode, code, (arguments, run.stdout, run.stderr))
        for text in say:
            self.assertIn(text, run.stderr)
