#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A run gives the same bytes, outcome and receipt, wherever it runs. Each program of determinism_cases.py is run once as
it is, and once in each surroundings below; all must be equal. `Surroundings` has what each of them really changes, and
tests that it does. What may differ is docs/outcome.md's list, and nothing else."""

import ctypes
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import unittest

from cli_case import BIN, GUESTS, ROOT, SCHEMA, TIMEOUT, CliCase, main, schema_faults
from determinism_cases import CASES, new_work, run_toolchains, write_tree

OTHER_TIME = os.environ.get("DEWAR_OTHER_TIME", "")
NOBODY = 65534
NO_RANDOM_LAYOUT, OLD_LAYOUT = 0x0040000, 0x0200000
LIBC = ctypes.CDLL(None, use_errno=True)


def personality(flags):
    if LIBC.personality(flags) == -1:
        raise OSError(ctypes.get_errno(), "personality")


class Missing(Exception):
    """Why this machine cannot have these surroundings."""


class Surroundings:
    """One way in which a run's surroundings can differ: the folder it runs in, and arguments for Popen."""

    wrapper = ()
    reverse = False
    outer = None  # a folder elsewhere that it made

    def __init__(self, scratch):
        self.folder = scratch / type(self).__name__.lower()
        self.prepare()

    def prepare(self):
        self.folder.mkdir()
        write_tree(self.folder)

    def environment(self):
        return {"PATH": os.environ.get("PATH", ""), "HOME": "/nonexistent", "DEWAR_HOME": GUESTS}

    def restore(self):
        """Makes the writable folders what they are before a run."""
        new_work(self.folder, self.reverse)

    def receipt(self):
        return self.folder / "receipt.json"

    def process(self):
        return {}

    def spawn(self, command, **more):
        """Runs it to the end."""
        arguments = {"stdin": subprocess.DEVNULL, "cwd": self.folder, "env": self.environment(), **self.process(), **more}
        return subprocess.run([*self.wrapper, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TIMEOUT,
                              check=False, **arguments)


class Plain(Surroundings):
    pass


class Environment(Surroundings):
    """Other variables (memory of malloc filled, other routines of the C library), umask, priority, limits, signals, open
    descriptors, and a pipe with something in it as standard input; in a folder with a longer path."""

    def prepare(self):
        self.folder = self.folder / ("long" * 20) / "p a t h"
        self.folder.mkdir(parents=True)
        write_tree(self.folder)

    def environment(self):
        return {**super().environment(), "HOME": "/tmp", "USER": "other", "LOGNAME": "other", "LANG": "tr_TR.UTF-8", "LC_ALL": "C",
                "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7", "PYTHONPATH": "/tmp", "RUBYOPT": "-w", "NODE_OPTIONS": "-p", "A": "2",
                "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "20", "TMPDIR": "/var/tmp", "MALLOC_PERTURB_": "165",
                "MALLOC_ARENA_MAX": "1", "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-AVX512F,-ERMS,-FSRM", "FILL": "x" * 5000}

    def process(self):
        read_end, write_end = os.pipe()
        os.write(write_end, b"nobody asked for this")
        os.close(write_end)
        folder = os.open("/", os.O_RDONLY)

        def before():
            os.umask(0o077)
            os.nice(5)
            resource.setrlimit(resource.RLIMIT_NOFILE, (512, 512))
            signal.signal(signal.SIGPIPE, signal.SIG_IGN)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
        self.opened = (read_end, folder)
        return {"stdin": read_end, "pass_fds": (folder,), "preexec_fn": before, "umask": 0o077}

    def spawn(self, command, **more):
        try:
            return super().spawn(command, **more)
        finally:
            for fd in self.opened:
                os.close(fd)


class Time(Surroundings):
    """Another date and speed of the clocks, for all that is asked of the C library, and files of other times."""

    def prepare(self):
        super().prepare()
        if not OTHER_TIME:
            raise Missing("the library with another time is not built (DEWAR_OTHER_TIME)")
        for number, path in enumerate(self.folder.rglob("*")):
            os.utime(path, ns=(number * 10**15, 4 * 10**18 - number), follow_symlinks=False)

    def environment(self):
        return {**super().environment(), "LD_PRELOAD": OTHER_TIME}


class User(Surroundings):
    """Another user and group: nobody if we are root, and root of a user namespace if not."""

    def prepare(self):
        super().prepare()
        if os.geteuid() != 0:
            self.wrapper = ("unshare", "--user", "--map-root-user")
            if subprocess.run([*self.wrapper, "true"], capture_output=True, check=False).returncode != 0:
                raise Missing("neither root nor user namespaces: no other user")
            return
        # Nobody may not look into the folder of the build, but into this one.
        shutil.copy(BIN, self.folder.parent / "dewar")
        self.guests = self.folder.parent / "guests-of-nobody"
        if GUESTS and pathlib.Path(GUESTS, "guests").is_dir():
            shutil.copytree(GUESTS, self.guests)
            for path in (self.guests, *self.guests.rglob("*")):
                path.chmod(0o755)

    def environment(self):
        return {**super().environment(), **({"DEWAR_HOME": str(self.guests)} if os.geteuid() == 0 else {})}

    def process(self):
        return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}

    def spawn(self, command, **more):
        if os.geteuid() == 0 and command[0] == BIN:
            command = [str(self.folder.parent / "dewar"), *command[1:]]
        return super().spawn(command, **more)


class Fixed(Surroundings):
    """The address layout without randomness, on one processor."""

    def process(self):
        def before():
            os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
            personality(NO_RANDOM_LAYOUT)
        return {"preexec_fn": before}


class Upwards(Surroundings):
    """The old address layout, in which mappings go upwards."""

    def process(self):
        return {"preexec_fn": lambda: personality(OLD_LAYOUT)}


class Disk(Surroundings):
    """Another file system; the files made in the other order, with removed ones and new folders in between, with a second
    name each somewhere else, and with holes where there are zeros."""

    reverse = True

    def prepare(self):
        here = self.folder.parent.stat().st_dev
        for place in ("/dev/shm", ROOT / "build", "/var/tmp", "/run"):
            if os.access(place, os.W_OK) and os.stat(place).st_dev != here:
                break
        else:
            raise Missing("there is no second file system to write to")
        self.outer = tempfile.TemporaryDirectory(prefix="dewar-disk-", dir=place)
        outer = pathlib.Path(self.outer.name)
        outer.chmod(0o755)
        self.folder = outer / "files"
        self.folder.mkdir()
        (outer / "other").mkdir()

        def before_each(path):
            junk = path.with_name("junk")
            junk.write_bytes(b"junk" * 5000)
            (outer / "other" / str(junk.stat().st_ino)).mkdir(exist_ok=True)
            junk.unlink()
        write_tree(self.folder, reverse=True, before_each=before_each)
        for number, path in enumerate(list(self.folder.rglob("*"))):
            if path.is_file() and not path.is_symlink():
                os.link(path, outer / "other" / f"name-{number}")
        hole = self.folder / "tree/sub/z"
        size = hole.stat().st_size
        os.truncate(hole, 0)
        os.truncate(hole, size)


class Overlay(Surroundings):
    """A file system made of layers on two disks, so that numbers of files in listings and of files differ, and a folder
    mounted inside the granted one."""

    SCRIPT = ('mount -t overlay overlay -o "lowerdir=$0/lower,upperdir=$1/upper,workdir=$1/work-dir" "$0/merged" && '
              'mount --bind "$0/lower/tree/sub" "$0/merged/tree/sub" && cd "$0/merged" && shift && exec "$@"')

    def prepare(self):
        if os.geteuid() != 0:
            raise Missing("only root can mount an overlay")
        here = self.folder.parent.stat().st_dev
        if not os.access("/dev/shm", os.W_OK) or os.stat("/dev/shm").st_dev == here:
            raise Missing("there is no second file system for the layers")
        self.outer = tempfile.TemporaryDirectory(prefix="dewar-overlay-", dir="/dev/shm")
        upper = pathlib.Path(self.outer.name)
        lower, merged = self.folder / "lower", self.folder / "merged"
        for path in (self.folder, lower, merged, upper / "upper", upper / "work-dir"):
            path.mkdir()
        write_tree(lower)
        for name in ("tree/b.txt", "tree/zz", "tree/link"):
            (upper / "upper" / name).parent.mkdir(exist_ok=True)
            shutil.move(lower / name, upper / "upper" / name)
        self.wrapper = ("unshare", "--mount", "sh", "-c", self.SCRIPT, str(self.folder), str(upper))
        self.top, self.folder = self.folder, lower
        tried = self.spawn(["true"])
        if tried.returncode != 0:
            raise Missing("an overlay cannot be mounted: " + tried.stderr.decode().strip())
        self.upper = upper / "upper"

    def restore(self):
        super().restore()
        for name in ("work", "out"):
            shutil.rmtree(self.upper / name, ignore_errors=True)

    def receipt(self):
        return self.upper / "receipt.json"


ALL = (Environment, Time, User, Fixed, Upwards, Disk, Overlay)


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
