#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the official test suite in one mode and judges the result.

Fails if a command failed that is not listed in expected_failures.txt, if a listed one passed, if a listed line names
nothing, if the commands executed differ, per file and kind, from tools/count_assertions.py's independent count, or if the mode did
not do what it is named for.
Exit code 77 (skipped) if the corpora are not there.

usage: run_matrix.py RUNNER MODE
"""

import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "tools"))
import count_assertions  # noqa: E402

SKIPPED = 77

# Set where the runner was built for another machine (tools/test_aarch64.sh).
EMULATOR = os.environ.get("DEWAR_EMULATOR", "").split()

# What a mode must have done over the whole suite, so that one that does nothing is noticed. "like plain" and "unlike
# plain" compare with a run of the plain interpreter (which rewrites some opcodes by operand type); another field's name
# asks for the same number. Fuel and instructions must be like plain in every mode.
EVIDENCE = {
    "plain": [("guarded_memories", "some"), ("compiled_functions", "none")],
    "quickened": [("patched_bytes", "unlike plain"), ("compiled_functions", "none")],
    "probes": [("patched_bytes", "unlike plain"), ("probes_fired", "instructions"), ("compiled_functions", "none")],
    "garbage_upper": [("patched_bytes", "like plain"), ("compiled_functions", "none")],
    "garbage_upper_plain": [("patched_bytes", "like plain"), ("compiled_functions", "none")],
    "gc_stress": [("collections", "unlike plain"), ("compiled_functions", "none")],
    "explicit_bounds": [("guarded_memories", "none"), ("compiled_functions", "none")],
    "baseline": [("compiled_functions", "unlike plain"), ("prepared_functions", "compiled_functions")],
    "baseline_v1": [("compiled_functions", "unlike plain"), ("prepared_functions", "compiled_functions")],
    "baseline_v2": [("compiled_functions", "unlike plain"), ("prepared_functions", "compiled_functions")],
    "baseline_v3": [("compiled_functions", "unlike plain"), ("prepared_functions", "compiled_functions")],
    "baseline_v4": [("compiled_functions", "unlike plain"), ("prepared_functions", "compiled_functions")],
    "baseline_explicit": [("compiled_functions", "unlike plain"), ("guarded_memories", "none")],
    "baseline_garbage": [("compiled_functions", "unlike plain")],
    "baseline_eager": [("prepared_functions", "like plain"), ("compiled_functions", "functions")],
    "mixed": [("compiled_functions", "unlike plain"), ("collections", "unlike plain")],
    "auto": [("compiled_functions", "unlike plain")],
    "random1": [("compiled_functions", "unlike plain"), ("prepared_functions", "compiled_functions")],
    "random2": [("compiled_functions", "unlike plain")],
    "random3": [("compiled_functions", "unlike plain"), ("collections", "unlike plain")],
}

# A mode that changes tiers at random must have done so this often in each way ("call_up", "loop_down"...) and
# circumstance ("operands", "deep"...), in the suite and a script of our own, which has what the suite has too little of.
LEAST_TIER_MOVES = 1000
TIERS_SCRIPT = os.path.join(HERE, "tiers.wast")


def spec_folder():
    corpora = os.environ.get("DEWAR_CORPORA") or os.path.join(HERE, "..", "..", "..", "shared", "corpora")
    return os.path.normpath(os.path.join(corpora, "spec"))


def expected_failures(mode):
    """{"file:line": reason} of the lines "MODE FILE:LINE REASON", MODE being a name or *."""
    expected = {}
    with open(os.path.join(HERE, "expected_failures.txt"), encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            parts = line.split(None, 2)
            if len(parts) != 3:
                sys.exit("expected_failures.txt:%d: want MODE FILE:LINE REASON" % number)
            if parts[0] in ("*", mode):
                expected[parts[1]] = parts[2]
    return expected


def kind_of(words):
    """The runner's name for what count_assertions.py counts by form."""
    if words in ("invoke", "get"):
        return "action"
    if words.startswith("module") and words.split()[1:2] not in (["definition"], ["instance"]):
        return "module"
    return " ".join(words.split()[:2])


def counted(path):
    kinds = {}
    with open(path, "rb") as file:
        for words, number in count_assertions.count(file.read()).items():
            kinds[kind_of(words)] = kinds.get(kind_of(words), 0) + number
    return kinds


def scripts_below(folder):
    return [os.path.join(d, f) for d, _, files in os.walk(folder) for f in files if f.endswith(".wast")]


def compare_counts(files, folder):
    problems = []
    if sorted(scripts_below(folder)) != sorted(f["file"] for f in files):
        problems.append("the files run are not the files there are")
    for entry in files:
        expected = counted(entry["file"])
        if expected != entry["counts"]:
            problems.append("%s: executed %s, counted %s" % (entry["file"], entry["counts"], expected))
    return problems


def total(files, field):
    return sum(entry[field] for entry in files)


def run_scripts(runner, mode, scripts):
    run = subprocess.run([*EMULATOR, runner, mode, *scripts], stdout=subprocess.PIPE, check=False)
    try:
        return json.loads(run.stdout)["files"]
    except ValueError:
        sys.exit("the runner ended with code %d and without a report" % run.returncode)


def run_suite(runner, mode, folder):
    """The files of the report."""
    if not EMULATOR:
        return run_scripts(runner, mode, [folder])
    # qemu-user never gives back what it needs to describe an address range, and a guarded memory is a large one.
    scripts = sorted(scripts_below(folder))
    return [file for i in range(0, len(scripts), 8) for file in run_scripts(runner, mode, scripts[i:i + 8])]


def check_evidence(runner, mode, folder, files):
    problems = []
    plain = None
    always = [] if mode == "plain" else [("fuel", "like plain"), ("instructions", "like plain")]
    for field, wanted in EVIDENCE.get(mode, []) + always:
        found = total(files, field)
        if wanted in ("some", "none"):
            good = (found > 0) == (wanted == "some")
        elif wanted in files[0]:
            good = found == total(files, wanted)
        else:
            plain = plain or run_suite(runner, "plain", folder)
            good = (found == total(plain, field)) == (wanted == "like plain")
        if not good:
            problems.append("mode %s should have %s %s, found %d" % (mode, field, wanted, found))
    return problems


def check_tier_moves(runner, mode, files):
    own = run_scripts(runner, mode, [TIERS_SCRIPT])
    problems = ["tiers.wast:%d: %s" % (f["line"], f["reason"]) for entry in own for f in entry["failures"]]
    moves = {}
    for entry in files + own:
        for name, number in entry.get("tier_moves", {}).items():
            moves[name] = moves.get(name, 0) + number
    if len(moves) != 25:
        problems.append("moves between tiers are not counted")
    problems += ["%d moves %s, fewer than %d" % (number, name, LEAST_TIER_MOVES)
                 for name, number in moves.items() if number < LEAST_TIER_MOVES]
    print("%s: %s" % (mode, ", ".join("%s %d" % item for item in moves.items())))
    return problems


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    runner, mode = sys.argv[1:]
    folder = spec_folder()
    if not os.path.isdir(folder):
        print("skipped: 1 corpus (spec) is not at %s; set DEWAR_CORPORA" % folder)
        return SKIPPED
    files = run_suite(runner, mode, folder)
    expected = expected_failures(mode)
    problems = compare_counts(files, folder) + check_evidence(runner, mode, folder, files)
    if mode.startswith("random"):
        problems += check_tier_moves(runner, mode, files)
    executed = sum(sum(entry["counts"].values()) for entry in files)
    failed = {}
    for entry in files:
        name = os.path.relpath(entry["file"], folder)
        if "error" in entry:
            problems.append("%s: %s" % (name, entry["error"]))
        for failure in entry["failures"]:
            place = "%s:%d" % (name, failure["line"])
            failed[place] = "%s: %s: %s" % (place, failure["kind"], failure["reason"])
    problems += [text for place, text in failed.items() if place not in expected]
    problems += ["%s: passed, but a failure is expected (%s)" % item for item in expected.items() if item[0] not in failed]
    for problem in problems:
        print(problem)
    print("%s: %d files, %d commands executed, %d failed, %d of these expected, %d problems"
          % (mode, len(files), executed, len(failed), len(set(failed) & set(expected)), len(problems)))
    return 1 if problems or executed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
