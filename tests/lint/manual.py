# SPDX-License-Identifier: BSD-2-Clause
"""The manual agrees with the source: the lists that are made from it, the options of each program's
--help, the exit statuses, libdht's functions, the protocol's examples; mandoc has nothing to say.

A list that differs is made anew with man/update.py. Programs that are not built are not asked.
"""
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile

import programs
import tree

spec = importlib.util.spec_from_file_location("update", tree.SRC / "man/update.py")
update = importlib.util.module_from_spec(spec)
spec.loader.exec_module(update)

MAN = tree.SRC / "man"
OWN = re.compile(r"^(lib)?dht")
ALL = {0, 1, 2, 3, 4, 5, 6, 7, 8, 78}
STATUSES = {"dht.1": ALL - {8}, "dhtctl.8": ALL, "dhtd.8": {0, 1, 2, 78}}


def pages():
    return sorted(path for path in MAN.iterdir() if re.search(r"\.[1-9]$", path.name))


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def section(text, name):
    """A section's text, from its heading to the next; '' when there is none."""
    match = re.search(rf"^\.Sh {re.escape(name)}\n(.*?)(?=^\.Sh |\Z)", text, re.M | re.S)
    return match.group(1) if match else ""


# ---- The page alone ----

def check_mandoc(path, found):
    run = subprocess.run(["mandoc", "-T", "lint", "-W", "style", str(path)], text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60)
    for line in run.stdout.splitlines():
        match = re.match(r"mandoc: .*?:(\d+):\d+: (.*)", line)
        # Which other pages are installed is not this page's business; check_references() looks.
        if match and "referenced manual not found" not in line:
            found.add(path, int(match.group(1)), match.group(2))


def check_quotes(path, text, found):
    """A macro takes the quotes away from its arguments; only titles and widths have some."""
    for match in re.finditer(r'^\.(?:Dl|Li|It|Ic|Pa|Cm)\b.* "', text, re.M):
        found.add(path, line_of(text, match.start()), "these quotes are not shown: use .Bd")


def check_references(path, text, found):
    for match in re.finditer(r"^\.Xr (\S+) (\d)", text, re.M):
        name = f"{match.group(1)}.{match.group(2)}"
        if OWN.match(name) and not (MAN / name).exists():
            found.add(path, line_of(text, match.start()), f"there is no page {name}")


def check_statuses(path, text, found):
    header = "src/base/exitcode.h"
    known = {int(n) for n in re.findall(r"= (\d+),", (tree.SRC / header).read_text())}
    if known != ALL:
        found.add(header, 1, f"{sorted(known)}, and {sorted(ALL)} in this test")
    told = {int(n) for n in re.findall(r"^\.It (\d+)$", section(text, "EXIT STATUS"), re.M)}
    for status in sorted(STATUSES.get(path.name, set()) ^ told):
        word = "is not an exit status of it" if status in told else "is missing"
        found.add(path, 1, f"EXIT STATUS: {status} {word}")


# ---- The page and the program ----

def words_of(page):
    """The short and long options that a part of a page explains: those of its .It lines."""
    options = set()
    for line in re.findall(r"^\.It ((?:Fl \S+).*)$", page, re.M):
        for name in re.findall(r"Fl (\\-)?([\w-]+)", line):
            options.add(("--" if name[0] else "-") + name[1])
    return options


def command_parts(page):
    """command → the part of COMMANDS that explains it."""
    text, parts, depth, name = section(page, "COMMANDS"), {}, 0, None
    for line in text.splitlines():
        depth += line.startswith(".Bl ") - line.startswith(".El")
        match = re.match(r"\.It Cm ([\w-]+)", line)
        if depth == 1 and match:
            name = match.group(1)
        if name:
            parts[name] = parts.get(name, "") + line + "\n"
    return parts


def compare(path, what, page, program, found):
    for name in sorted(program - page):
        found.add(path, 1, f"{what}: {name} is in --help and not here")
    for name in sorted(page - program):
        found.add(path, 1, f"{what}: {name} is not in --help")


def check_program(path, text, found):
    """dht(1) explains the options of several commands once, under Hashes."""
    name = path.stem
    shape = programs.shape(name)
    if shape is None:
        print(f"{name} is not built: not asked")
        return
    parts = command_parts(text)
    compare(path, "commands", set(parts), set(shape.commands), found)
    outside = words_of(text.replace(section(text, "COMMANDS"), ""))
    shared = words_of(text[text.find(".Ss Hashes"):text.find(".Sh COMMANDS")])
    compare(path, name, outside - shared, shape.options, found)
    for command, options in shape.commands.items():
        common = shared if shared and options >= shared else set()
        here = words_of(parts.get(command, "")) | common
        compare(path, f"{name} {command}", here, options, found)


# ---- The page and the source ----

def check_lists(found):
    for (page, name), lines in update.lists(tree.BUILD).items():
        path = MAN / page
        if lines is None:
            print(f"the {name} of {page} are not compared: what they are made from is missing")
            continue
        before, here, _ = update.split(path.read_text(), name)
        if any("?" in line for line in lines if name == "events"):
            found.add("systemd/dht.catalog", 1, "an event of src/daemon/log_events.h is missing")
        if here != lines:
            found.add(path, before.count("\n") + 1,
                      f"the {name} differ from the source: run man/update.py")


def check_functions(found):
    exported = re.findall(r"^\t(dht_\w+);", (tree.SRC / "src/client/libdht.map").read_text(), re.M)
    rules = (MAN / "local.mk").read_text()
    homes = {}
    for path in MAN.glob("*.3"):
        for function in re.findall(r"^\.Nm (dht_\w+)", section(path.read_text(), "NAME"), re.M):
            homes.setdefault(function, []).append(path.name)
    for function in exported:
        names = homes.pop(function, [])
        if len(names) != 1:
            found.add("man", 1, f"{function} is in {len(names)} pages: {names}")
        elif names[0] != f"{function}.3" and not re.search(rf"links/{function}\.3\b", rules):
            found.add("man/local.mk", 1, f"{function} has no link to {names[0]}")
    for function in homes:
        found.add("man", 1, f"{function} is not a function of libdht")


def check_names(page, names, where, found):
    """Each name is in the page as a word."""
    text = (MAN / page).read_text()
    if not names:
        found.add(where, 1, "no names could be read")
    for name in names:
        if not re.search(rf"(?<![\w-]){name}(?![\w-])", text):
            found.add(f"man/{page}", 1, f"{name} of {where} is missing")


def check_all_names(found):
    header = "src/client/dht.h"
    text = (tree.SRC / header).read_text()
    check_names("dht_strerror.3", re.findall(r"^\t(DHT_ERR_\w+) =", text, re.M), header, found)
    statuses = re.search(r"enum dht_status \{(.*?)\};", text, re.S).group(1)
    check_names("dht_put.3", re.findall(r"^\t(DHT_\w+) =", statuses, re.M), header, found)
    profile = "src/tools/dht/profile.c"
    rows = (tree.SRC / profile).read_text()
    rows = rows[rows.index("rows[] = {"):]
    check_names("dht-client.ini.5", re.findall(r'^\t\{"(\w+)",', rows, re.M), profile, found)
    varlink = "src/daemon/org.dht.Control.varlink"
    methods = re.findall(r"^method (\w+)", (tree.SRC / varlink).read_text(), re.M)
    check_names("dhtctl.8", methods, varlink, found)
    messages = "src/wire/msg.h"
    text = (tree.SRC / messages).read_text()
    types = re.search(r"enum msg_type \{(.*?)MSG_TYPE_COUNT", text, re.S).group(1)
    check_names("dht-protocol.7", re.findall(r"\bMSG_(\w+)", types), messages, found)
    messages = "src/wire/peer.h"
    text = (tree.SRC / messages).read_text()
    types = re.search(r"enum peer_type \{(.*?)PEER_TYPE_END", text, re.S).group(1)
    rows = [f"{value} Ta {name}" if name in ("SEALED", "PLAIN") else f"{value} {name}"
            for name, value in re.findall(r"\bPEER_(\w+) = (\d+)", types)]
    check_names("dht-protocol.7", rows, messages, found)


# ---- Examples ----

def literals(text):
    """(line, text) of each literal display, as a reader sees it."""
    for match in re.finditer(r"^\.Bd -literal[^\n]*\n(.*?)^\.Ed", text, re.M | re.S):
        yield line_of(text, match.start()) + 1, match.group(1).replace("\\e", "\\")
    for match in re.finditer(r"^\.Dl (.*)$", text, re.M):
        yield line_of(text, match.start()), match.group(1)


def wire_examples():
    """The digits of every row of the unit tests' examples, with the macros in them replaced."""
    folder = tree.SRC / "tests/unit/wire"
    text = "".join((folder / name).read_text() for name in ("examples.h", "peer_examples.h"))
    words = dict(re.findall(r'^#define (\w+)\s+((?:"[^"]*"| |[A-Z]\w+)+)', text, re.M))

    def digits(row):
        return "".join(piece.strip('"') if piece[0] == '"' else digits(words[piece])
                       for piece in re.findall(r'"[^"]*"|\w+', row))

    rows = re.findall(r'\{"[\w-]+", (?:\d+, PLANE|PEER)_\w+,\s*((?:"[^"]*"|\w+|\s)+)\}', text)
    return {digits(row).replace(" ", "") for row in rows}


def check_wire(found):
    path, known, seen = MAN / "dht-protocol.7", wire_examples(), 0
    for line, text in literals(path.read_text()):
        if re.fullmatch(r"[0-9a-f\s]+", text):
            seen += 1
            if re.sub(r"\s", "", text) not in known:
                found.add(path, line, "these bytes are not in tests/unit/wire/*examples.h")
    if seen < 17 or len(known) < 60:
        found.add(path, 1, f"only {seen} examples of {len(known)} could be read")


def check_c(found):
    """Examples for libdht compile without a warning."""
    compiler = os.environ.get("CC", "cc").split()
    if not shutil.which(compiler[0]):
        print(f"{compiler[0]} is not installed: examples are not compiled")
        return 0
    count = 0
    for path in MAN.glob("*.3"):
        for line, text in literals(path.read_text()):
            if not text.startswith("#include <dht.h>"):
                continue
            count += 1
            with tempfile.NamedTemporaryFile("w", suffix=".c") as file:
                file.write(text)
                file.flush()
                run = subprocess.run(
                    compiler + ["-std=c11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
                                "-D_GNU_SOURCE", f"-I{tree.SRC}/src/client", file.name],
                    text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
                for message in re.findall(r":(\d+):\d+: (?:error|warning): (.*)", run.stdout):
                    found.add(path, line + int(message[0]) - 1, message[1])
    if count < 2:
        found.add("man", 1, f"only {count} examples in C could be read")
    return count


def main():
    found = tree.Findings()
    mandoc = shutil.which("mandoc")
    for path in pages():
        text = path.read_text()
        if mandoc:
            check_mandoc(path, found)
        check_quotes(path, text, found)
        check_references(path, text, found)
        check_statuses(path, text, found)
        if not re.search(rf"\bman/{re.escape(path.name)}\b", (MAN / "local.mk").read_text()):
            found.add(path, 1, "is not in man/local.mk")
        if path.name in STATUSES:
            check_program(path, text, found)
    check_lists(found)
    check_functions(found)
    check_all_names(found)
    check_wire(found)
    check_c(found)
    if not mandoc and not found.count:
        tree.skip("mandoc is not installed; the rest was checked, and nothing found")
    found.end(f"{len(pages())} pages")


main()
