#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A run gives the same bytes, outcome and receipt, wherever it runs. Each program of determinism_cases.py is run once as
it is, once more, and once in each kind of surroundings.py; all must be equal. What may differ is the list in
docs/outcome.md, and nothing else."""

import json
import os
import pathlib
import re
import shutil
import tempfile
import unittest

from cli_case import BIN, ROOT, SCHEMA, CliCase, main, schema_faults
from determinism_cases import CASES, run_toolchains
from surroundings import ALL, X86, Compiled, Disk, Fixed, Interpreted, Missing, Overlay, Plain, SoonHot, Time, Upwards, User


def differences(a, b, where=""):
    """(place, one, other) of each part in which two values differ."""
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        return [d for key in a for d in differences(a[key], b[key], f"{where}.{key}" if where else key)]
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return [d for i, _ in enumerate(a) for d in differences(a[i], b[i], f"{where}[{i}]")]
    return [] if a == b and type(a) is type(b) else [(where, a, b)]


def difference(a, b):
    """The first difference for a reader; of long texts the first line that differs."""
    found = differences(a, b)
    if not found:
        return "the same values in another spelling"
    where, one, other = found[0]
    if isinstance(one, str) and isinstance(other, str):
        for i, (x, y) in enumerate(zip(one.splitlines(), other.splitlines())):
            if x != y:
                return f"{where}, line {i + 1}:\n  {x}\n  {y}"
    return f"{where}: {one!r} and {other!r}"


PLACES, RESULTS = {}, {}
SCRATCH = None


def setUpModule():
    global SCRATCH
    folder = tempfile.TemporaryDirectory(prefix="dewar-determinism-")
    unittest.addModuleCleanup(folder.cleanup)
    SCRATCH = pathlib.Path(folder.name)
    SCRATCH.chmod(0o755)


class Places(CliCase):
    def place(self, kind):
        """The surroundings of a kind, made when they are first needed."""
        if kind not in PLACES:
            try:
                PLACES[kind] = kind(SCRATCH)
                if PLACES[kind].outer:
                    unittest.addModuleCleanup(PLACES[kind].outer.cleanup)
            except Missing as why:
                PLACES[kind] = why
        if isinstance(PLACES[kind], Missing):
            self.skipTest(str(PLACES[kind]))
        return PLACES[kind]

    def run_case(self, where, name, *more, ends=None):
        """Exit status, outcome and receipt."""
        guest, options, program, args, usually = CASES[name]
        if guest:
            self.guest_env(guest)
        if callable(program):
            try:
                shutil.copyfile(program(), where.folder / "program.wasm")
            except run_toolchains.Missing as why:
                self.skipTest(str(why))
            program = "program.wasm"
        where.restore()
        done = where.spawn([BIN, "run", "--json", "--receipt", "receipt.json", *options, *more, program, *args])
        self.assertEqual(done.stderr, b"")
        outcome = json.loads(done.stdout)
        self.assertEqual(schema_faults(outcome, SCHEMA), [])
        self.assertEqual(f"{outcome['class']} {outcome['code']}", ends or usually, done.stdout.decode())
        self.assertEqual(done.returncode, outcome["exit_code"])
        return done.returncode, done.stdout, where.receipt().read_bytes()

    def first(self, name):
        """What the program does in plain surroundings."""
        if name not in RESULTS:
            RESULTS[name] = self.run_case(self.place(Plain), name)
        return RESULTS[name]


class Determinism(Places):
    def same(self, kind, name):
        first = self.first(name)
        self.assertTrue(json.loads(first[1])["determinism"]["reproducible"])
        other = self.run_case(self.place(kind), name)
        for what, one, two in (("outcome", first[1], other[1]), ("receipt", first[2], other[2])):
            if one != two:
                self.fail(f"{what}: {difference(json.loads(one), json.loads(two))}")
        self.assertEqual(other, first)


def test_for(kind, name):
    return lambda self: self.same(kind, name)


for case in CASES:
    for surroundings in (Plain, *ALL):
        word = "again" if surroundings is Plain else surroundings.__name__.lower()
        setattr(Determinism, f"test_{case}_{word}", test_for(surroundings, case))


class Meaning(Places):
    """The tests above can fail: the surroundings are what they say, and what a program is given does show in it."""

    def spawn(self, kind, *command):
        done = self.place(kind).spawn(command)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        return done.stdout.decode()

    def test_every_example_and_every_guest_is_run(self):
        examples = {str(path.relative_to(ROOT)) for path in (ROOT / "examples").glob("*.*")}
        self.assertEqual({case[2] for case in CASES.values() if str(case[2]).startswith("examples/")}, examples)
        locked = {guest["name"] for guest in json.loads((ROOT / "guests/guests.lock.json").read_text())["guests"]}
        self.assertEqual({case[0] for case in CASES.values()} - {None}, locked)

    def test_time_is_another(self):
        def clock(kind):
            outcome = json.loads(self.run_case(self.place(kind), "c", "--clock", "real")[1])
            self.assertFalse(outcome["determinism"]["reproducible"])
            return int(outcome["stdout"]["text"][:4])
        self.assertEqual(clock(Time), clock(Plain) + 40)

    def test_user_is_another(self):
        self.assertNotEqual(self.spawn(User, "id"), self.spawn(Plain, "id"))

    def test_layout_is_another(self):
        def mappings(kind):
            return [line.split(" ")[0] for line in self.spawn(kind, "cat", "/proc/self/maps").splitlines()]
        self.assertNotEqual(mappings(Plain), mappings(Plain), "it is random")
        self.assertEqual(mappings(Fixed), mappings(Fixed))
        # The program's own mappings are below those of libraries either way; new ones are made above or below.
        libraries = [[line.split("-")[0] for line in self.spawn(kind, "cat", "/proc/self/maps").splitlines() if "libc" in line]
                     for kind in (Plain, Upwards)]
        self.assertNotEqual(libraries[0][0][:4], libraries[1][0][:4])

    @unittest.skipUnless(X86, "no compiler for this machine")
    def test_tiers_are_others(self):
        """By the names of what was compiled while fib ran; where nothing can be, there is no profile."""
        command = [BIN, "run", "--profile=jitdump", "--invoke", "fib", "examples/fib.wat", "15"]

        def compiled(kind):
            where = self.place(kind)
            done = where.spawn(command)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"610\n", b""))
            dump, = where.folder.glob("jit-*.dump")
            data = dump.read_bytes()
            dump.unlink()
            return data.count(b"fib\0")
        self.assertEqual([compiled(kind) for kind in (Plain, Compiled, SoonHot)], [1, 1, 1])
        refused = self.place(Interpreted).spawn(command)
        self.assertEqual((refused.returncode, refused.stdout), (125, b""))
        self.assertIn(b"-C tier=interp compiles nothing", refused.stderr)

    def test_files_are_others(self):
        plain = self.place(Plain).folder / "tree"
        for kind in (Disk, Overlay):
            with self.subTest(kind=kind.__name__):
                command = ("stat", "-c", "%d %i %h %Y", "tree/a.txt", "tree/sub")
                self.assertNotEqual(self.spawn(kind, *command), self.spawn(Plain, *command))
        disk = self.place(Disk).folder / "tree"
        self.assertNotEqual(os.listdir(disk), os.listdir(plain), "another order")
        self.assertGreater((disk / "a.txt").stat().st_nlink, (plain / "a.txt").stat().st_nlink)
        self.assertLess((disk / "sub/z").stat().st_blocks, (plain / "sub/z").stat().st_blocks)

    def test_what_is_given_shows(self):
        first = self.first("look")
        for more in (("--clock", "real"), ("--random", "real"), ("--seed", "1"), ("--clock-start", "2027-01-01"), ("--env", "B=2")):
            other = self.run_case(self.place(Plain), "look", *more)
            changed = {place.split(".")[0] for place, *_ in differences(json.loads(first[1]), json.loads(other[1]))}
            self.assertIn("stdout", changed, more)
            self.assertNotEqual(first[2], other[2])
        text = json.loads(first[1])["stdout"]["text"]
        for name in ("ä.txt", "C.txt", "nothing", "out-of-it", "pipe", "deep"):
            self.assertIn(f"\n# 00 {name.encode().hex()}\n", text)

    def test_what_may_differ(self):
        """The table in docs/outcome.md, no more and no less."""
        page = (ROOT / "docs/outcome.md").read_text().split("## What may differ\n")[1].split("\n## ")[0]
        allowed = set(re.findall(r"^\| `([a-z_.\[\]]+)` \|", page, re.M))
        first = self.first("denied")
        # Another machine, as far as one machine can be one: without what `--harden` needs of the kernel.
        other = self.run_case(self.place(Plain), "denied", "--harden", "off")
        found = differences(json.loads(first[1]), json.loads(other[1]))
        self.assertTrue(found)
        seen = {place.split(".")[0] for place, *_ in found}
        facts = differences(*(json.loads(receipt)["facts"] for receipt in (first[2], other[2])))
        self.assertEqual(facts, [])
        # The same runs by absolute host paths in two folders: they show as they were written, and only there.
        self.guest_env("python")
        for program, code, options in (("denied.wat", 0, ("--policy", "{}/policy.yaml")),
                                       ("raise.py", 1, ("-W", "kept-output=8", "--spill", "{}/spill"))):
            texts = []
            for kind in (Plain, Disk):
                where = self.place(kind)
                where.restore()
                (where.folder / "spill").mkdir(exist_ok=True)
                words = ["--ro", "{}/tree::/tree", *options, "{}/" + program]
                done = where.spawn([BIN, "run", "--json", "--receipt", "receipt.json",
                                    *(word.format(where.folder) for word in words)])
                self.assertEqual(done.returncode, code, done.stdout)
                texts.append((done.stdout.decode(), where.receipt().read_text(), str(where.folder)))
            (one, receipt, folder), (two, receipt2, folder2) = texts
            self.assertEqual(one.replace(folder, "X"), two.replace(folder2, "X"))
            found = differences(json.loads(one), json.loads(two))
            seen |= {re.sub(r"\[\d+\]", "[]", place) for place, *_ in found}
            found = differences(json.loads(receipt), json.loads(receipt2))
            self.assertEqual({re.sub(r"\[\d+\]", "[]", place) for place, *_ in found}, {"command[]"})
        self.assertEqual(seen, allowed)


if __name__ == "__main__":
    main()
