# SPDX-License-Identifier: BSD-2-Clause
"""Each shell's completions know every option and command of --help, and no others.

The shells themselves are asked: bash's function with COMP_WORDS set, zsh's with _arguments made to
print what it is given, fish by its own 'complete -C'. A shell or program that is not there is left
out, which is said. Without any program only the syntax is checked.
"""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import programs
import tree

FOLDER = tree.SRC / "completions"
FILES = {"bash": "{}", "zsh": "_{}", "fish": "{}.fish"}
SYNTAX = {"bash": ["bash", "-n"], "zsh": ["zsh", "-f", "-n"], "fish": ["fish", "--no-config", "-n"]}


def run(command, folder=None, **variables):
    """Standard output's lines, and standard error. folder: of an own configuration and bin."""
    environment = dict(os.environ, HOME=folder or "/nonexistent", LC_ALL="C.UTF-8", **variables)
    environment["XDG_CONFIG_HOME"] = folder or "/nonexistent"
    environment["PATH"] = f"{folder}/bin:{environment['PATH']}"
    done = subprocess.run(command, text=True, timeout=60, env=environment,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.stdout.splitlines(), done.stderr.strip()


# ---- What a shell offers: options and words for the last word of a command line ----

BASH = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
"_$1"
printf '%s\\n' "${COMPREPLY[@]}"
"""


def ask_bash(name, words, folder=None):
    return run(["bash", "--norc", "-c", BASH, "bash", str(FOLDER / name), *words], folder)


# _arguments prints its specifications and, where it may choose what to do, sends the function on
# to the command; _describe prints the list that it is given.
ZSH = """
_arguments() {
	if [[ $1 == -C ]]; then
		line=($COMMAND)
		state=${COMMAND:+operand}
		state=${state:-command}
		[[ $COMMAND ]] || print -rl -- "$@"
		return 1
	fi
	print -rl -- "$@"
}
_describe() { print -rl -- "@ ${(@P)2}"; }
words=(x); CURRENT=1
source "$FILE"
"""


def ask_zsh(name, words):
    """Only for 'NAME -' and 'NAME COMMAND -': the specifications' options, and the commands."""
    command = words[1] if len(words) > 2 else ""
    lines, errors = run(["zsh", "-f", "-c", ZSH], FILE=str(FOLDER / f"_{name}"), COMMAND=command)
    offered = []
    for line in lines:
        match = re.match(r"(?:\([^)]*\)|\*)*(--?[\w-]+)=?\[", line)
        if match:
            offered.append(match.group(1))
        elif line.startswith("@ ") or re.match(r"[a-z-]+:\w", line):
            offered.append(line.removeprefix("@ ").split(":")[0])
    return offered, errors


def ask_fish(name, words, folder=None):
    script = 'source "$FILE"; complete -C "$LINE"'
    lines, errors = run(["fish", "--no-config", "-c", script], folder,
                        FILE=str(FOLDER / f"{name}.fish"), LINE=" ".join(words))
    return [line.split("\t")[0] for line in lines], errors


ASK = {"bash": ask_bash, "zsh": ask_zsh, "fish": ask_fish}


# ---- Checks ----

def check_offer(shell, name, words, expected, found):
    path = FOLDER / FILES[shell].format(name)
    offered, errors = ASK[shell](name, words)
    if errors:
        found.add(path, 1, f"{' '.join(words)!r}: {errors.splitlines()[0]}")
    for word in sorted(expected - set(offered)):
        found.add(path, 1, f"{word} is missing for {' '.join(words)!r}")
    for word in sorted(set(offered) - expected - {""}):
        found.add(path, 1, f"{word} is offered for {' '.join(words)!r}")


def check_shell(shell, name, shape, found):
    commands = set(shape.commands)
    if shell == "zsh":
        # Its function gives both at the first word.
        check_offer(shell, name, [name, "-"], shape.options | commands, found)
    else:
        check_offer(shell, name, [name, "-"], shape.options, found)
        check_offer(shell, name, [name, ""], commands, found)
    for command, options in shape.commands.items():
        check_offer(shell, name, [name, command, "-"], shape.options | options, found)


LEVELS = {"error", "warning", "notice", "info", "debug"}
VALUES = [
    (["dht", "-o", ""], {"table", "plain", "json"}),
    (["dht", "get", "deadbeef", "--output", "p"], {"plain"}),
    (["dht", "-p", ""], {"lab", "$(far)"}),
    (["dht", "-S", "put", "g"], {"get"}),
    (["dht", "--timeout", ""], set()),
    (["dht", "exit", "--password-file", "@/dht/cl"], {"@/dht/client.ini"}),
    (["dht", "put", "--dir", "@/d"], {"@/dht"}),
    (["dht", "put", "--dir", "@/dht/"], set()),
    (["dht", "hash", "@/dht/c"], {"@/dht/client.ini"}),
    (["dht", "get", "@/dht/c"], set()),
    (["dhtctl", "-o", ""], {"table", "json"}),
    (["dhtctl", "log-level", ""], LEVELS),
    (["dhtctl", "monitor", "-l", "n"], {"notice"}),
    (["dhtctl", "-s", "@/none", "config", ""], set()),
    (["dhtctl", "-s", "@/control", "config", "records.t"], {"records.ttl"}),
    (["dhtctl", "-s", "@/control", "drop-peer", ""], {"192.0.2.7", "2001:db8::7"}),
    (["dhtctl", "-s", "@/none", "drop-peer", ""], set()),
    (["dhtctl", "keys", ""], {"list", "add", "use", "remove"}),
    (["dhtctl", "-s", "@/control", "keys", "use", ""], {"3f", "a1"}),
    (["dhtctl", "keys", "--key-file", "@/dht/c"], {"@/dht/client.ini"}),
]
# '=' is a word of its own.
BASH_VALUES = [(["dht", "--output", "=", "j"], {"json"}), (["dht", "--output", "="],
               {"table", "plain", "json"}), (["dht", "--server", "=", "x", "pi"], {"ping"})]

INI = "[default]\n[profile lab] ; of ours\n[profile $(far)]\n"
# Answers as dhtctl does, for one socket only.
DHTCTL = """#!/bin/sh
case "$*" in
"-s ${0%/bin/*}/control -o json config")
	printf '{\\n  "settings": [\\n    {\\n      "path": "records.ttl",\\n'
	printf '      "value": "x"\\n    },\\n    {\\n      "path": "log.level"\\n    }\\n'
	printf '  ]\\n}\\n' ;;
"-s ${0%/bin/*}/control -o json peers")
	printf '{\\n  "peers": [\\n    {\\n      "address": "192.0.2.7",\\n      "port": 8471\\n'
	printf '    },\\n    {\\n      "address": "2001:db8::7"\\n    }\\n  ]\\n}\\n' ;;
"-s ${0%/bin/*}/control -o json keys")
	printf '{\\n  "keys": [\\n    {\\n      "id": "3f"\\n    },\\n'
	printf '    {\\n      "id": "a1"\\n    }\\n  ]\\n}\\n' ;;
*) exit 3 ;;
esac
"""


def check_values(shell, found):
    """The values of choices, profiles, settings, and files only where they belong."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (("dht/client.ini", INI), ("bin/dhtctl", DHTCTL)):
            path = pathlib.Path(folder, name)
            path.parent.mkdir()
            path.write_text(text)
            path.chmod(0o755)
        for words, expected in VALUES + (BASH_VALUES if shell == "bash" else []):
            words = [word.replace("@", folder) for word in words]
            offered, errors = ASK[shell](words[0], words, folder)
            offered = {word.rstrip("/").replace(folder, "@") for word in offered} - {""}
            if shell == "fish":
                offered = {word.replace("\\", "") for word in offered}
            if offered != expected or errors:
                path = FOLDER / FILES[shell].format(words[0])
                found.add(path, 1, f"{words}: {sorted(offered)} {errors}, not {sorted(expected)}")


def main():
    found = tree.Findings()
    shapes = {name: programs.shape(name) for name in ("dht", "dhtctl")}
    for name, shape in shapes.items():
        if shape is None:
            print(f"SKIP: {name} is not built")
    for shell, pattern in FILES.items():
        if not shutil.which(shell):
            print(f"SKIP: {shell} is not installed")
            continue
        for name, shape in shapes.items():
            path = FOLDER / pattern.format(name)
            _, errors = run(SYNTAX[shell] + [str(path)])
            if errors:
                found.add(path, 1, errors.splitlines()[0])
            elif shape:
                check_shell(shell, name, shape, found)
        if shell != "zsh" and not found.count:
            check_values(shell, found)
    if shutil.which("shellcheck"):
        for name in shapes:
            lines, _ = run(["shellcheck", "--format=gcc", str(FOLDER / name)])
            for line in lines:
                found.add(FOLDER / name, int(line.split(":")[1]), line.split(":", 3)[3])
    found.end("the completions of 2 programs")


main()
