# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs processes and measures them, for tools/bench.py: CPU time and memory from wait4(), wall time around it, output
from a file. Also the statistics that figures are given in, and what is said about the machine."""

import math
import os
import platform
import statistics
import tempfile
import time
from dataclasses import dataclass


@dataclass
class Sample:
    """One run of a process. Seconds and bytes; code as from waitstatus_to_exitcode."""
    user: float
    system: float
    wall: float
    rss: int
    code: int
    out: bytes
    err: bytes

    @property
    def cpu(self):
        return self.user + self.system


def run(argv, folder=None):
    """Runs argv[0] (a path) to its end with empty standard input, in `folder`."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        actions = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                   (os.POSIX_SPAWN_DUP2, out.fileno(), 1), (os.POSIX_SPAWN_DUP2, err.fileno(), 2)]
        here = os.getcwd()
        if folder:
            os.chdir(folder)
        before = time.perf_counter()
        pid = os.posix_spawn(argv[0], argv, os.environ, file_actions=actions)
        os.chdir(here)
        _, status, usage = os.wait4(pid, 0)
        wall = time.perf_counter() - before
        out.seek(0)
        err.seek(0)
        return Sample(usage.ru_utime, usage.ru_stime, wall, usage.ru_maxrss * 1024,
                      os.waitstatus_to_exitcode(status), out.read(), err.read())


def median(values):
    return statistics.median(values)


def geomean(values):
    return math.exp(sum(math.log(v) for v in values) / len(values))


def load():
    """How many processes wanted to run, on average over the last minute."""
    return os.getloadavg()[0]


def wait_until_calm(seconds):
    """Waits until at most a quarter of the processors is busy, or the time is over; the load then."""
    end = time.monotonic() + seconds
    while load() > os.cpu_count() / 4 and time.monotonic() < end:
        time.sleep(2)
    return load()


def machine():
    """One line on the machine."""
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as f:
            for line in f:
                if line.startswith("model name"):
                    model = line.split(":", 1)[1].strip()
                    break
    except OSError:
        pass
    return f"{model}, {os.cpu_count()} processors, {platform.system()} {platform.release()} {platform.machine()}"
