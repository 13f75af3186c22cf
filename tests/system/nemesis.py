# SPDX-License-Identifier: BSD-2-Clause
"""A network of this process's own, and what breaks it: nftables in a network namespace.

enter() moves the whole process into a new network namespace with nothing but loopback, which goes
with it. Datagrams are dropped where they come in, so that the sender is told nothing, as on a real
wire.
"""
import ctypes
import itertools
import os
import re
import subprocess

CLONE_NEWNET = 0x40000000


def enter():
    """None, or why there is no such network here."""
    if os.geteuid() != 0:
        return "needs root"
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        return f"no network namespaces: {os.strerror(ctypes.get_errno())}"
    try:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True, capture_output=True)
        rules([])
    except (OSError, subprocess.CalledProcessError) as error:
        return f"no nftables here: {error}"
    return None


def rules(drops, egress=()):
    """These rules and no others: of what comes in, and of what leaves by loopback."""
    lines = ["flush ruleset", "table inet faults {", " chain in {",
             "  type filter hook input priority 0;", *(f"  {line}" for line in drops), " }", "}"]
    if egress:
        lines += ["table netdev faults {", " chain out {",
                  '  type filter hook egress device "lo" priority 0;',
                  *(f"  {line}" for line in egress), " }", "}"]
    subprocess.run(["nft", "-f", "-"], input="\n".join(lines) + "\n", text=True, check=True,
                   capture_output=True)


def heal():
    rules([])


def counted():
    """How many datagrams the rules have been applied to."""
    run = subprocess.run(["nft", "list", "ruleset"], check=True, capture_output=True, text=True)
    return sum(map(int, re.findall(r"counter packets (\d+)", run.stdout)))


def one_way(pairs):
    """Rules by which nothing gets from the first to the second of each pair."""
    return [f"ip saddr {a} ip daddr {b} counter drop" for a, b in pairs]


def cut(pairs):
    return one_way(pairs) + one_way((b, a) for a, b in pairs)


def between(these, those):
    return list(itertools.product(these, those))


def loss(percent, addresses):
    """Of all that these servers send each other."""
    among = ", ".join(addresses)
    return [f"ip saddr {{ {among} }} ip daddr {{ {among} }} numgen random mod 100 < {percent} "
            "counter drop"]


def duplicates(percent, addresses):
    among = ", ".join(addresses)
    return [f"ip saddr {{ {among} }} ip daddr {{ {among} }} numgen random mod 100 < {percent} "
            'counter dup to "lo"']
