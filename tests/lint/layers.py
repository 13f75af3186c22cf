# SPDX-License-Identifier: BSD-2-Clause
"""Includes go down the layers only: base ← wire ← core ← daemon, wire ← client ← tools."""
import re

import tree

# What a file of each layer may include of the project. A path with a dot is one header.
MAY = {
    "base": ("base/",),
    "wire": ("base/", "wire/"),
    "core": ("base/", "wire/", "core/"),
    "daemon": ("base/", "wire/", "core/", "daemon/"),
    "client": ("base/", "wire/", "client/"),
    "tools/common": ("base/", "client/dht.h", "tools/common/"),
    "tools/dht": ("base/", "client/dht.h", "tools/common/", "tools/dht/"),
    "tools/dhtctl": ("base/", "client/dht.h", "tools/common/", "tools/dhtctl/"),
}
# A main.c starts its program and knows nothing below its own layer but the library's header.
MAY_MAIN = {
    "daemon": ("daemon/",),
    "tools/dht": ("base/exitcode.h", "client/dht.h", "tools/common/", "tools/dht/"),
    "tools/dhtctl": ("base/exitcode.h", "tools/common/", "tools/dhtctl/"),
}
# Headers that one folder keeps to itself.
PRIVATE = {"wire/codec.h": "wire", "wire/peer_codec.h": "wire"}

INCLUDE = re.compile(r'\s*#\s*include\s+([<"])([^>"]+)')


def may_include(path, layer, header):
    allowed = MAY_MAIN.get(layer) if path.name == "main.c" else None
    allowed = allowed or MAY[layer]
    if PRIVATE.get(header, layer) != layer:
        return False
    return any(header == one if "." in one else header.startswith(one) for one in allowed)


def check(path, layer, found):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        kind, header = match.groups()
        ours = (tree.SRC / "src" / header).exists()
        if kind == "<":
            if ours:
                found.add(path, number, f'"{header}" is the project\'s: quotes, not <>')
        elif header == "config.h":
            continue
        elif not ours:
            found.add(path, number, f'no src/{header}: includes are written from src')
        elif not may_include(path, layer, header):
            found.add(path, number, f"{layer} must not include {header}")


def main():
    found = tree.Findings()
    paths = tree.files(["src"], [".c", ".h"])
    for path in paths:
        layer = tree.layer_of(path)
        if layer not in MAY:
            found.add(path, 1, f"no such layer: {layer}")
        else:
            check(path, layer, found)
    found.end(f"{len(paths)} files")


main()
