# SPDX-License-Identifier: BSD-2-Clause
"""Writes the lists in the manual that are made from the source.

    python3 man/update.py [BUILD]

BUILD is the folder with the program mkconf, 'build' if it is not said. A list stands in its page
between a comment that names it and one that ends it; tests/lint/manual.py compares.
"""
import pathlib
import re
import subprocess
import sys
import textwrap

SRC = pathlib.Path(__file__).resolve().parents[1]
STRING = r'"(?:[^"\\]|\\.)*"'


def rows_of(path):
    """X-macro list → its rows' arguments, strings unquoted, in the order of the file."""
    lists = {}
    for match in re.finditer(r"^#define (\w+)\(X\)((?:.*\\\n)*.*)", (SRC / path).read_text(), re.M):
        rows = []
        for row in re.findall(rf"X\(((?:{STRING}|[^()\"])*)\)", match.group(2)):
            words = re.findall(rf"{STRING}|\w+", row.replace("\\\n", " "))
            rows.append([word.strip('"') for word in words])
        lists[match.group(1)] = rows
    return lists


def roff(text):
    """Text that is safe at the beginning of a line and inside of one."""
    text = text.replace("\\", "\\e")
    return "\\&" + text if text[:1] in (".", "'") else text


def sentence(text):
    """'records that appeared' → 'Records that appeared.'; names in capitals stay."""
    text = text[:1].upper() + text[1:]
    return roff(text if text.endswith(".") else text + ".")


def counters():
    groups = {"STATS_REQUESTS": "requests", "STATS_ANSWERS": "answers", "STATS_DROPS": "drops",
              "STATS_EVENTS": "events", "STATS_PEER_DROPS": "peerDrops",
              "STATS_CLUSTER": "cluster"}
    lists = rows_of("src/core/stats.h")
    lines = []
    for macro, group in groups.items():
        lines += [f".Li {group} :", '.Bl -tag -width "receiveOverflows" -compact -offset indent']
        for _, name, meaning in lists[macro]:
            lines += [f".It Li {name}", roff(meaning)]
        lines += [".El"]
    return lines


def catalog():
    """MESSAGE_ID → what the message catalog calls it. None without a catalog."""
    path = SRC / "systemd/dht.catalog"
    if not path.exists():
        return None
    text = path.read_text()
    return dict(re.findall(r"^-- ([0-9a-f]{32})\n(?:\w[\w-]*: .*\n)*?Subject: (.*)$", text, re.M))


def events():
    subjects = catalog()
    if subjects is None:
        return None
    lines = ['.Bl -tag -width "controlMissing" -compact -offset indent']
    for _, name, message_id, level in rows_of("src/daemon/log_events.h")["LOG_EVENTS"]:
        lines += [f".It Li {name}", sentence(subjects.get(message_id, "?")),
                  f".Pq {level.lower()}, Li {message_id}"]
    return lines + [".El"]


def settings(build):
    """None when mkconf is not built."""
    mkconf = pathlib.Path(build) / "mkconf"
    if not mkconf.exists():
        return None
    run = subprocess.run([str(mkconf.resolve()), "manual"], text=True, check=True,
                         stdout=subprocess.PIPE)
    # A long default is a line of text: only there it may go on in the next.
    return [piece for line in run.stdout.splitlines()
            for piece in textwrap.wrap(line, 80, break_on_hyphens=False)]


def lists(build):
    """(page, list's name) → its lines, or None when they cannot be made here."""
    return {
        ("dht.conf.5", "settings"): settings(build),
        ("dhtd.8", "counters"): counters(),
        ("dhtd.8", "events"): events(),
    }


def split(text, name):
    """A page as what is before a list, the list's lines, and what is behind it."""
    start = re.search(rf'^\.\\" {name}: .*\n', text, re.M)
    end = text.index('.\\" end\n', start.end())
    return text[:start.end()], text[start.end():end].splitlines(), text[end:]


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else SRC / "build"
    for (page, name), lines in lists(build).items():
        path = SRC / "man" / page
        if lines is None:
            print(f"{name}: neither {build}/mkconf nor the message catalog may be missing")
            continue
        before, _, behind = split(path.read_text(), name)
        path.write_text(before + "".join(f"{line}\n" for line in lines) + behind)


if __name__ == "__main__":
    main()
