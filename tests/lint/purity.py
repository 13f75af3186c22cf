# SPDX-License-Identifier: BSD-2-Clause
"""base, wire, core and client are pure: their objects need nothing from outside but what
pure-symbols lists (no clock, file, socket, thread), and hold no variable of their own.

The files in face-files are libdht's one face to the system: they may ask it for anything, but are
held to having no variables too. Usage: purity.py [BUILDDIR]
"""
import fnmatch
import pathlib
import subprocess
import sys

import tree

# layer → the layers whose symbols its objects may use
USES = {
    "base": ("base",),
    "wire": ("base", "wire"),
    "core": ("base", "wire", "core"),
    "client": ("base", "wire", "client"),
}
# What sanitizers and coverage add to an object.
INSTRUMENT = ("__asan*", "__ubsan*", "__tsan*", "__sanitizer*", "__sancov*", "__gcov*", "__llvm*",
              "__start_*", "__stop_*", "*.asan.*", "asan.*", "tsan.*", "_sub_[ID]_*", "__odr_asan*",
              "__profc*", "__profd*", "__covrec*")


def like(name, patterns):
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


class Object:
    """The symbols of one object file, as nm tells them."""

    def __init__(self, source, path):
        self.source = source
        self.undefined, self.defined, self.variables = set(), set(), set()
        text = subprocess.run(["nm", "--format=sysv", str(path)], check=True, text=True,
                              stdout=subprocess.PIPE).stdout
        for line in text.splitlines():
            fields = [field.strip() for field in line.split("|")]
            if len(fields) == 7 and fields[0] and fields[0] != "Name":
                self.take(fields[0], fields[2], fields[6])

    def take(self, name, kind, section):
        if like(name, INSTRUMENT):
            return
        if kind in "Uvw" and section == "*UND*":
            self.undefined.add(name)
        elif kind.isupper():
            self.defined.add(name)
        # Tables of constants that hold addresses are in .data.rel.ro, read-only once loaded.
        if kind in "BbDdCcSsGg" and not section.startswith(".data.rel.ro"):
            self.variables.add(name)


def object_of(source):
    """Where the build put a source's object, or None."""
    folder = tree.BUILD / source.relative_to(tree.SRC).parent
    for place in (folder / ".libs", folder):
        for path in sorted(place.glob(f"*{source.stem}.o")):
            name = path.stem
            if name == source.stem or name.endswith(f"_la-{source.stem}"):
                return path
    return None


def load(found):
    """layer → its objects; reports the sources that have none."""
    objects = {layer: [] for layer in USES}
    missing = []
    for layer in USES:
        for source in tree.files([f"src/{layer}"], [".c"]):
            path = object_of(source)
            if path:
                objects[layer].append(Object(source, path))
            else:
                missing.append(source)
    if not any(objects.values()):
        tree.skip(f"no objects in {tree.BUILD}: build first, or name the build folder")
    for source in missing:
        found.add(source, 1, "has no object: is it in its folder's local.mk?")
    return objects


def main():
    if len(sys.argv) > 1:
        tree.BUILD = pathlib.Path(sys.argv[1]).resolve()
    tree.need("nm")
    found = tree.Findings()
    outside = list(tree.listed("pure-symbols"))
    face = set(tree.listed("face-files"))
    for name in sorted(face):
        if not (tree.SRC / name).exists():
            found.add("tests/lint/face-files", 1, f"no such file: {name}")
    objects = load(found)
    pure = {layer: set() for layer in USES}
    for layer in USES:
        for one in objects[layer]:
            if str(one.source.relative_to(tree.SRC)) not in face:
                pure[layer] |= one.defined
    for layer, uses in USES.items():
        ours = set().union(*(pure[below] for below in uses))
        for one in objects[layer]:
            for name in sorted(one.variables):
                found.add(one.source, 1, f"a variable of the program's, not a caller's: {name}")
            if str(one.source.relative_to(tree.SRC)) in face:
                continue
            for name in sorted(one.undefined - ours):
                if not like(name, outside):
                    found.add(one.source, 1, f"needs {name}, which is not pure")
    found.end(f"{sum(map(len, objects.values()))} objects of {tree.BUILD}")


main()
