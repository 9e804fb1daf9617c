# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The surroundings that determinism_test.py runs programs in. Each class says what it really changes; the test holds them
to it."""

import ctypes
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import tempfile

from cli_case import BIN, GUESTS, ROOT, TIMEOUT
from determinism_cases import new_work, write_tree

OTHER_TIME = os.environ.get("DEWAR_OTHER_TIME", "")
SHARED = os.environ.get("DEWAR_SHARED", "")  # the program again, with the C library as a shared one
NOBODY = 65534
X86 = os.uname().machine == "x86_64"
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
            resource.setrlimit(resource.RLIMIT_NOFILE, (1500, 1500))  # a run refuses less than its handles need
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
        if not OTHER_TIME or not SHARED:
            raise Missing("the library with another time, or a program for it, is not built (DEWAR_OTHER_TIME, DEWAR_SHARED)")
        for number, path in enumerate(self.folder.rglob("*")):
            os.utime(path, ns=(number * 10**15, 4 * 10**18 - number), follow_symlinks=False)

    def environment(self):
        return {**super().environment(), "LD_PRELOAD": OTHER_TIME}

    def spawn(self, command, **more):
        return super().spawn([SHARED, *command[1:]] if command[0] == BIN else command, **more)


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


class InTier(Surroundings):
    """Another tier, or another moment at which the code changes tiers; by default it is what is best for the machine."""

    setting = ""

    def prepare(self):
        super().prepare()
        if not X86 and self.setting != "tier=interp":
            raise Missing("there is no compiler for this machine")

    def spawn(self, command, **more):
        if command[:2] == [BIN, "run"]:
            command = [*command[:2], "-C", self.setting, *command[2:]]
        return super().spawn(command, **more)


class Interpreted(InTier):
    """Nothing is compiled."""

    setting = "tier=interp"


class Compiled(InTier):
    """Everything is, at its first call."""

    setting = "tier=baseline"


class SoonHot(InTier):
    """Frames go from one tier to the other as early as they can."""

    setting = "tier=auto,tier-heat=1,background=off"


ALL = (Interpreted, Compiled, SoonHot, Environment, Time, User, Fixed, Upwards, Disk, Overlay)
