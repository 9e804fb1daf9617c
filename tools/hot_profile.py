#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes and checks the profile that the code which reads, validates and compiles modules is built with.

    tools/hot_profile.py [MODULE.wasm...]      writes cmake/hot_profile.txt
    tools/hot_profile.py --check BUILD_DIR     fails when little of it still fits the sources

MODULEs are what it is made with; without any, the guests that are installed (python, quickjs, php, sqlite). It builds
build/profile, whose bench_compile counts, and keeps the functions that nearly all counts are in. A line of the file is a
function: its name, the hash of its control flow, how many counts, the counts (divided by a common number). When it is
built with another hash, its line is passed over. --check finds the hashes by compiling the sources that BUILD_DIR lists
as a release does; exit code 77 where the compiler is another one."""

import argparse
import concurrent.futures
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROFILE = ROOT / "cmake" / "hot_profile.txt"
GUESTS = ["python", "quickjs", "php", "sqlite"]
KEPT = 0.9995  # of all counts
LARGEST = 1000000
LEAST_FITTING = 0.5  # of all counts; --check fails below
HEADER = """# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Made by tools/hot_profile.py: per function its name, the hash of its control flow, number of counts, counts.
"""
# @__profd_NAME = ... { i64 of the name, i64 of the control flow, ...
RECORD = re.compile(r'^@"?__profd_(.*?)"? = .*?\{ i64 -?\d+, i64 (-?\d+), ', re.MULTILINE)


def run(command, **more):
    return subprocess.run([str(word) for word in command], check=True, cwd=ROOT, **more)


def guest_modules():
    """The modules of the installed guests, where the program keeps them."""
    home = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "dewar" / "guests"
    found = [sorted(home.glob(f"{name}/*/*.wasm")) for name in GUESTS]
    return [paths[-1] for paths in found if paths]


def functions(text):
    """Name, hash and counts of the functions of a profile as llvm-profdata prints it."""
    for block in text.split("\n\n"):
        lines = [line for line in block.splitlines() if line and not line.startswith(("#", ":"))]
        if len(lines) > 3:
            yield lines[0], int(lines[1]), [int(line) for line in lines[3:3 + int(lines[2])]]


def hot(rows):
    """The rows that KEPT of all counts are in, scaled, by name."""
    rows = sorted(rows, key=lambda row: -sum(row[2]))
    rest = (1 - KEPT) * sum(sum(row[2]) for row in rows)
    while rows and sum(rows[-1][2]) < rest:
        rest -= sum(rows.pop()[2])
    divisor = max(1, max(max(row[2]) for row in rows) // LARGEST)
    # What ran at all is not never.
    return sorted((name, code, [-(-count // divisor) for count in counts]) for name, code, counts in rows)


def make(modules):
    modules = [Path(module).resolve() for module in modules] or guest_modules()
    if not modules:
        sys.exit("hot_profile: no modules: install the guests (`dewar guests install python`) or name some")
    build = ROOT / "build" / "profile"
    run(["cmake", "--preset", "release", "-B", build, "-DDEWAR_PROFILE=make", "-DDEWAR_STATIC_RUNTIME=OFF"],
        stdout=subprocess.DEVNULL)
    profdata = variable(build, "DEWAR_PROFDATA")
    if not os.access(profdata, os.X_OK):
        sys.exit("hot_profile: no llvm-profdata belongs to the compiler: tools/setup.sh installs it")
    run(["cmake", "--build", build, "--target", "bench_compile"])
    with tempfile.TemporaryDirectory() as folder:
        for module in modules:
            print(f"hot_profile: {module}", file=sys.stderr)
            run([build / "bench_compile", module, "1"], stdout=subprocess.DEVNULL,
                env={**os.environ, "LLVM_PROFILE_FILE": f"{folder}/%p.profraw"})
        text = run([profdata, "merge", "--text", *sorted(Path(folder).glob("*.profraw")), "-o", "-"],
                   capture_output=True, text=True).stdout
    rows = hot(functions(text))
    PROFILE.write_text(f"{HEADER}# {variable(build, 'DEWAR_COMPILER')}\n{written(rows)}", encoding="ascii")
    print(f"hot_profile: {len(rows)} functions", file=sys.stderr)


def variable(build, name):
    """A variable of a build directory's cache."""
    for line in (Path(build) / "CMakeCache.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith(name + ":"):
            return line.split("=", 1)[1]
    sys.exit(f"hot_profile: {build} does not know {name}")


def written(rows):
    """The rows as lines of the file."""
    return "".join(f"{name} {code} {len(counts)} {' '.join(map(str, counts))}\n" for name, code, counts in rows)


def read_lines(text):
    """Name, hash and counts of each function in the file."""
    words = [line.split(" ") for line in text.splitlines() if not line.startswith("#")]
    return [(name, int(code), [int(count) for count in counts]) for name, code, _, *counts in words]


def hashes_of(entry, output):
    """Of the functions that a source (an entry of compile_commands.json) has: name -> hash. By way of the compiler
    cache, if the build has one."""
    drop = {"-Werror", "-D_GLIBCXX_ASSERTIONS", "-g", "-g1", "-O1", "-c", "-MD"}
    command, skip = [], False
    for word in shlex.split(entry["command"]):
        if skip:
            skip = False
        elif word in ("-o", "-MF", "-MT"):
            skip = True
        elif word not in drop and not word.startswith(("-fprofile-", "-flto", "-mllvm=")):
            command.append("-DDEWAR_ASSERTS=0" if word.startswith("-DDEWAR_ASSERTS=") else word)
    command += ["-O2", "-DNDEBUG", "-w", "-fprofile-generate", "-mllvm=-static-func-full-module-prefix=false",
                "-mllvm=-disable-vp", "-flto=thin", "-S", "-o", output]
    subprocess.run(command, check=True, cwd=entry["directory"])
    base = os.path.basename(entry["file"])
    # In a file of its own a name is "x.cpp;name", and one that several files may have ends in the hash.
    return {re.sub(r"\.\d+$", "", name).replace(f"{base}_", f"{base};", 1): int(code) % (1 << 64)
            for name, code in RECORD.findall(Path(output).read_text(encoding="utf-8"))}


def fit(rows, found):
    """How much of the counts belongs to functions that have the hash still, and the heaviest that has not."""
    total = sum(sum(counts) for *_, counts in rows)
    lost = [(sum(counts), name) for name, code, counts in rows if found.get(name) != code]
    return 1 - sum(count for count, _ in lost) / max(1, total), max(lost, default=(0, ""))[1]


def check(build):
    """What is wrong with the profile, or nothing."""
    build = Path(build)
    compiler = variable(build, "DEWAR_COMPILER")
    if f"# {compiler}\n" not in PROFILE.read_text(encoding="ascii"):
        print(f"hot_profile: not made with {compiler}, whose hashes may be others: not checked")
        sys.exit(77)
    hot_sources = set((build / "hot_sources.txt").read_text(encoding="utf-8").split("\n"))
    entries = [entry for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
               if entry["file"] in hot_sources]
    found = {}
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        outputs = [f"{folder}/{i}.ll" for i in range(len(entries))]
        for hashes in pool.map(hashes_of, entries, outputs):
            found.update(hashes)
    share, lost = fit(read_lines(PROFILE.read_text(encoding="ascii")), found)
    print(f"hot_profile: {share:.0%} of the counts fit the sources")
    if share < LEAST_FITTING:
        return f"the profile is out of date, {lost} has changed for example: run tools/hot_profile.py"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", metavar="MODULE.wasm")
    parser.add_argument("--check", metavar="BUILD_DIR")
    arguments = parser.parse_args()
    if not arguments.check:
        make(arguments.modules)
        return
    wrong = check(arguments.check)
    sys.exit(f"hot_profile: {wrong}" if wrong else 0)


if __name__ == "__main__":
    main()
