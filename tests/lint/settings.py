# SPDX-License-Identifier: BSD-2-Clause
"""etc/dht.conf has every setting of the daemon's table, commented out, at its default, and nothing
else; and every counter has a name of its own and a line that explains it."""
import re
import subprocess
import tempfile

import tree

TABLE = "src/daemon/settings.c"
FILE = "etc/dht.conf"
COUNTERS = "src/core/stats.h"

STRING = r'"(?:[^"\\]|\\.)*"'


def unquoted(text):
    """The value of adjoining C string literals."""
    pieces = re.findall(STRING, text)
    return "".join(re.sub(r"\\(.)", r"\1", piece[1:-1]) for piece in pieces)


def table_rows():
    """path → (type, default as text) of each row of the table."""
    text = (tree.SRC / TABLE).read_text()
    text = text[text.index("settings[] = {"):]
    text = text[:text.index("\n};")]
    rows = {}
    for row in re.findall(r'^\t\{("[a-z_.]+", SETTING_.*?)\},$', text, re.M | re.S):
        path, kind = re.match(r'"([a-z_.]+)", SETTING_(\w+)', row).groups()
        initial = re.search(rf"\.initial\s*=\s*((?:{STRING}\s*)+)", row)
        rows[path] = (kind, unquoted(initial.group(1)) if initial else None)
    return rows


def file_values(text):
    """path → (line, value's text) of a libconfig file's scalars and lists."""
    token = re.compile(rf'({STRING})|(#[^\n]*|//[^\n]*|\s+)|([\w.-]+)|(.)', re.S)
    values, groups, name, parts, at = {}, [], None, None, 1
    for match in token.finditer(text):
        word = match.group(0)
        line, at = at, at + word.count("\n")
        if match.group(2):
            continue
        if parts is not None:
            if word != ";":
                parts.append(word)
                continue
            values[".".join(groups + [name])] = (line, " ".join(parts).replace(" ,", ","))
            parts = None
        elif word == "{":
            groups.append(name)
        elif word == "}":
            groups.pop()
        elif word == "=":
            parts = []
        elif match.group(3):
            name = word
    return values


def check_file(found):
    rows = {path: initial for path, (kind, initial) in table_rows().items() if kind != "GROUP"}
    if len(rows) < 10:
        found.add(TABLE, 1, f"only {len(rows)} rows could be read")
    # "# words" is a comment, "#name = value;" a setting at its default.
    text = re.sub(r"^#(?=[\t\w])", "", (tree.SRC / FILE).read_text(), flags=re.M)
    text = re.sub(r"^#(?=\t)", "", text, flags=re.M)
    values = file_values(text)
    for path, initial in rows.items():
        if initial is None:
            found.add(TABLE, 1, f"{path} has no default")
        elif path not in values:
            found.add(FILE, 1, f"{path} is missing")
        elif values[path][1] != re.sub(r"\s+", " ", initial).replace("()", "( )"):
            line, value = values[path]
            found.add(FILE, line, f"{path} is {value}, and {initial} in {TABLE}")
    for path in values.keys() - rows.keys():
        found.add(FILE, values[path][0], f"{path} is not in {TABLE}")
    active = file_values((tree.SRC / FILE).read_text())
    for path, (line, _) in active.items():
        found.add(FILE, line, f"{path} is not commented out")
    return text


def check_with_daemon(text, found):
    """The daemon takes the file, as it is and with all its comments taken away."""
    dhtd = tree.BUILD / "dhtd"
    if not dhtd.exists():
        print("dhtd is not built: not asked")
        return
    for content in ((tree.SRC / FILE).read_text(), text):
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
            file.write(content)
            file.flush()
            run = subprocess.run([str(dhtd), "--check", "-c", file.name], text=True, timeout=30,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            for line in run.stdout.splitlines():
                found.add(FILE, 1, line)
            if run.returncode and not run.stdout:
                found.add(FILE, 1, f"dhtd --check gives {run.returncode}")


# The identifiers of these lists begin with a word that the group's name says already.
PREFIXES = {"STATS_PEER_DROPS": "PEER_", "STATS_CLUSTER": "CLUSTER_"}


def check_counters(found):
    """Names are told by their groups, which are the lists; so they are unique in each."""
    text = (tree.SRC / COUNTERS).read_text()
    count = 0
    pattern = rf'X\((\w+),\s*(?:\\\n\s*)?"(\w+)",\s*(?:\\\n\s*)?({STRING}(?:\s*{STRING})*)\)'
    for group in re.finditer(r"^#define (STATS_\w+)\(X\)(?:.*\\\n)*.*\n", text, re.M):
        prefix, seen = PREFIXES.get(group.group(1), ""), {}
        for match in re.finditer(pattern, group.group(0)):
            line = text.count("\n", 0, group.start() + match.start()) + 1
            identifier, name, explained = match.groups()
            if name in seen:
                found.add(COUNTERS, line, f"{name} is the name of line {seen[name]} too")
            seen[name] = line
            word = identifier.removeprefix(prefix).replace("_", "").lower()
            if name.lower() != word or not name[0].islower():
                found.add(COUNTERS, line, f"{name} is not {identifier} in camelCase")
            if len(unquoted(explained)) < 8:
                found.add(COUNTERS, line, f"{name} is not explained")
        count += len(seen)
    if count != len(re.findall(r"^\tX\(", text, re.M)) or count < 20:
        found.add(COUNTERS, 1, f"only {count} counters could be read")
    return count


def main():
    found = tree.Findings()
    counters = check_counters(found)
    if (tree.SRC / FILE).exists():
        check_with_daemon(check_file(found), found)
    else:
        found.add(FILE, 1, "does not exist")
    found.end(f"{len(table_rows())} settings, {counters} counters")


main()
