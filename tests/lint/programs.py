# SPDX-License-Identifier: BSD-2-Clause
"""What the built programs say that they take: their --help, read by a program."""
import collections
import re
import subprocess

import tree

# options: {"-o", "--output", …}; commands: name → the options of its own; values: option → the
# word that stands for its value in --help, for those that have one.
Shape = collections.namedtuple("Shape", "options commands values")


def help_of(name, *command):
    run = subprocess.run([str(tree.BUILD / name), *command, "--help"], text=True, timeout=30,
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)
    return run.stdout


def options_of(text):
    """{"-f", "--file"} and {"--file": "F"} of a --help."""
    options, values = set(), {}
    for letter, name, value in re.findall(
            r"^ +(?:(-\w), )?(--[\w-]+)(?: (\S+))?(?= |$)", text, re.M):
        options |= {name} | ({letter} if letter else set())
        if value:
            values[name] = value
    return options, values


def commands_of(text):
    """Of a program's --help: the names that a line begins with, or its second column."""
    names = []
    for line in text.splitlines():
        for column in (line, line[38:]):
            names += re.findall(r"^  ([a-z][a-z-]*) +\S", column)
    return names


def shape(name):
    """None when the program is not built."""
    if not (tree.BUILD / name).exists():
        return None
    text = help_of(name)
    options, values = options_of(text)
    commands = {}
    for command in commands_of(text):
        commands[command], more = options_of(help_of(name, command))
        values.update(more)
    return Shape(options, commands, values)
