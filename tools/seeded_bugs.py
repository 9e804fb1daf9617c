#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Proves what the differential test is worth: builds the preset `seeded`, turns on one bug of src/base/seed_bug.h after
the other, and says after how many modules the generator found it. Exits with 1 if too many were missed, or if a run
without a bug finds something.

usage: seeded_bugs.py [--within N] [--missed K] [--only N,N...] [--from SEED] [--node PATH]
       seeded_bugs.py --list [--root DIR]
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
RUNNER = ROOT / "build" / "seeded" / "tests" / "diff" / "diff_runner"
PLACE = re.compile(r"\bSEED\((\d+),")
SAYS = re.compile(r"//\s*Bug (\d+): (.*)")


def places(root):
    """Number -> (what its comment says, file), of all places in src/. A number is used once."""
    found = {}
    for path in sorted((root / "src").rglob("*")):
        if path.suffix not in (".h", ".cpp", ".def") or path.name == "seed_bug.h":
            continue
        text = path.read_text(encoding="utf-8")
        said = {int(n): words for n, words in SAYS.findall(text)}
        for number in (int(n) for n in PLACE.findall(text)):
            if number not in said:
                sys.exit(f"seeded_bugs.py: {path}: bug {number} has no comment 'Bug {number}: ...'")
            if number in found:
                sys.exit(f"seeded_bugs.py: {path}: bug {number} is also in {found[number][1]}")
            found[number] = (said[number], path.relative_to(root))
    return found


def hunt(number, args):
    """(how it was found or None, modules until then)."""
    command = [RUNNER, "--seed", str(args.start), "--count", str(args.within), "--max", "1", "--quiet",
               "--out", ROOT / "build" / "seeded"]
    if args.node:
        command += ["--node", args.node]
    run = subprocess.run(command, env={**os.environ, "DEWAR_SEED_BUG": str(number)}, capture_output=True, text=True,
                         check=False)
    seed = re.search(r"^seed (\d+), (?:mode )?(.*)", run.stdout, re.M)
    if seed:
        return seed.group(2)[:70], int(seed.group(1)) - args.start + 1
    if run.returncode < 0:
        return f"signal {-run.returncode}", None
    if run.returncode != 0:
        return (run.stdout + run.stderr).strip().splitlines()[-1][:70], None
    return None, args.within


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--within", type=int, default=100_000, help="modules to try (100000)")
    parser.add_argument("--missed", type=int, default=0, help="bugs that may be missed (0)")
    parser.add_argument("--only", help="numbers of bugs, separated by commas")
    parser.add_argument("--from", type=int, default=1, dest="start", metavar="SEED", help="first seed (1)")
    parser.add_argument("--node", help="compare with V8 as well: for bugs that all modes share")
    parser.add_argument("--list", action="store_true", help="print the bugs and do nothing")
    parser.add_argument("--root", type=pathlib.Path, default=ROOT, help="source tree for --list")
    args = parser.parse_args()
    bugs = places(args.root)
    if args.list:
        for number, (what, path) in sorted(bugs.items()):
            print(f"{number}\t{path}\t{what}")
        return 0
    subprocess.run(["cmake", "--preset", "seeded"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", "--preset", "seeded", "--target", "diff_runner"], cwd=ROOT, check=True,
                   stdout=subprocess.DEVNULL)
    chosen = [int(n) for n in args.only.split(",")] if args.only else sorted(bugs)

    clean = argparse.Namespace(**{**vars(args), "within": min(args.within, 2000)})
    how, _ = hunt(0, clean)
    if how is not None:
        print(f"without a bug: {how}")
        return 1
    missed = 0
    for number in chosen:
        what, path = bugs[number]
        how, modules = hunt(number, args)
        missed += how is None
        verdict = "MISSED" if how is None else f"after {modules} modules" if modules else "found"
        print(f"bug {number:2} {verdict:20} {what} ({path}){': ' + how if how else ''}", flush=True)
    print(f"{len(chosen) - missed} of {len(chosen)} bugs found within {args.within} modules")
    return 1 if missed > args.missed else 0


if __name__ == "__main__":
    sys.exit(main())
