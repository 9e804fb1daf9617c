# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# What a Python program can learn about where it runs, and what becomes of files that it makes, replaces and removes.
import hashlib
import locale
import os
import platform
import random
import stat
import sys
import tempfile
import time
import uuid


def show(path, follow=False):
    status = os.stat(path, follow_symlinks=follow)
    print(path, *(f"{name}={getattr(status, name)}" for name in sorted(dir(status)) if name.startswith("st_")))
    return status


def walk(folder):
    with os.scandir(folder) as entries:
        for entry in entries:
            print(ascii(entry.name), entry.inode(), entry.is_file(follow_symlinks=False), entry.is_dir(follow_symlinks=False),
                  entry.is_symlink())
            status = show(entry.path)
            if stat.S_ISDIR(status.st_mode):
                walk(entry.path)
            elif stat.S_ISLNK(status.st_mode):
                print("->", os.readlink(entry.path))
            elif stat.S_ISREG(status.st_mode):
                with open(entry.path, "rb") as file:
                    print(hashlib.sha256(file.read()).hexdigest())


def change(folder):
    """Numbers, counts of links and times of what this program makes itself."""
    os.chdir(folder)
    for name in ("new", "another"):
        with open(name, "w") as file:
            file.write(name)
            print(os.fstat(file.fileno()))
        show(name)
    os.rename("new", "moved")
    os.link("moved", "linked")
    print(show("moved").st_nlink, show("linked").st_nlink)
    os.unlink("moved")
    print(show("linked").st_nlink)
    os.replace("another", "old")
    os.mkdir("made")
    os.rmdir("made")
    for _ in range(3):
        # File systems give the number of a removed file to the next one, or do not.
        with open("again", "w") as file:
            file.write("again")
        show("again")
        os.unlink("again")
    os.symlink("linked", "link")
    os.utime("linked", (1, 2))
    walk(".")


print(sys.argv, sorted(os.environ.items()), os.getcwd(), sys.version, sys.flags, platform.platform(), os.cpu_count())
print(time.time_ns(), time.monotonic_ns(), time.perf_counter_ns(), time.process_time_ns(), time.localtime(), time.tzname)
print(random.random(), os.urandom(8).hex(), uuid.uuid1(), uuid.uuid4(), hash("x"), id(object()), {"b", "a", "c", "d"})
print(locale.getlocale(), sys.getfilesystemencoding(), sys.stdout.isatty(), sys.stdin.read(), tempfile.mkstemp())
time.sleep(0.25)
print(time.time_ns(), time.monotonic_ns())
for top in ("/tree", "/tmp"):
    show(top)
    walk(top)
change("/work")
