#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the WASI preview 1 programs of the corpora and compares what they print and how they end.

Each NAME.wasm has its specification in NAME.json beside it, in the legacy form (args, root, env, exit_code, stdout,
stderr) or as a list of operations (run, wait, read); the corpora's TEST-SPECIFICATION.md defines both. A program's
root folder is copied to a scratch folder first. Programs listed in expected_failures.txt must fail; a surprise either
way is an error. Exit code 77 means that there are no corpora, so that the test run counts it as skipped.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

EXIT_SKIPPED = 77
SECONDS = 60


class BadSpecification(Exception):
    """The specification of a program is not understood: never taken for a pass."""


def specification(path):
    """The run, and the checks after it: (args, env, root, exit code, {stream: text})."""
    legacy = {"args": [], "root": None, "env": {}, "exit_code": 0, "stdout": "", "stderr": ""}
    spec = json.loads(path.read_text()) if path.exists() else {}
    if "operations" not in spec:
        unknown = set(spec) - set(legacy)
        if unknown:
            raise BadSpecification(f"unknown keys {sorted(unknown)}")
        spec = legacy | spec
        # The legacy form speaks of streams only where it names them.
        given = json.loads(path.read_text()) if path.exists() else {}
        streams = {name: spec[name] for name in ("stdout", "stderr") if name in given}
        return spec["args"], spec["env"], spec["root"], spec["exit_code"], streams
    if spec.get("proposals"):
        raise BadSpecification(f"proposals {spec['proposals']} are not for preview 1")
    run, wait, streams = None, None, {}
    for operation in spec["operations"]:
        kind = operation.get("type")
        if kind == "run" and run is None:
            run = operation
        elif kind == "wait" and run is not None and wait is None:
            wait = operation
        elif kind == "read" and run is not None:
            name = operation.get("id", "stdout")
            streams[name] = streams.get(name, "") + operation.get("payload", "")
        else:
            raise BadSpecification(f"operation {operation}")
    if run is None or wait is None:
        raise BadSpecification("no run and wait")
    return run.get("args", []), run.get("env", {}), run.get("root"), wait.get("exit_code", 0), streams


def run_one(dewar, options, wasm, scratch):
    """What is wrong with a program's run: a list of lines, empty for a pass."""
    args, env, root, exit_code, streams = specification(wasm.with_suffix(".json"))
    command = [dewar, "run", "--json", *options]
    if root is not None:
        copy = scratch / "root"
        shutil.copytree(wasm.parent / root, copy)
        for folder, _, files in os.walk(copy):
            os.chmod(folder, 0o755)
            for name in files:
                os.chmod(pathlib.Path(folder) / name, 0o644)
        command.append(f"--dir={copy}::/")
    command += [f"--env={name}={value}" for name, value in env.items()]
    command += [str(wasm), *args]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False,
                              env={"PATH": "/nonexistent", "HOME": "/nonexistent"})
    except subprocess.TimeoutExpired:
        return [f"still running after {SECONDS} s"]
    try:
        outcome = json.loads(done.stdout)
    except ValueError:
        return [f"no outcome; exit code {done.returncode}, stderr {done.stderr[-500:]!r}"]
    problems = []
    if outcome["class"] != "exit":
        problems.append(f"{outcome['class']} {outcome['code']}: {outcome['message']}")
    if outcome["exit_code"] != exit_code or done.returncode != exit_code:
        problems.append(f"exit code {outcome['exit_code']} (process {done.returncode}), expected {exit_code}")
    for name, text in streams.items():
        if outcome[name]["text"] != text or outcome[name]["omitted_bytes"] != 0:
            problems.append(f"{name} is {outcome[name]['text']!r}, expected {text!r}")
    if problems:
        problems.append(f"stderr: {outcome['stderr']['text'][-700:]}")
        problems += [f"denied: {d}" for d in outcome["denials"][:5]]
    return problems


def expected_failures(path):
    """Lines `suite/name.wasm  reason`; a reason is required."""
    listed = {}
    for line in path.read_text().splitlines():
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        name, _, reason = line.partition(" ")
        if not reason.strip():
            sys.exit(f"{path}: {name} has no reason")
        listed[name] = reason.strip()
    return listed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--dewar", required=True)
    parser.add_argument("--only", default="", help="run programs whose name contains this")
    parser.add_argument("--option", action="append", default=[], help="an option for `dewar run`, as --option=--seed=3")
    options = parser.parse_args()
    here = pathlib.Path(__file__).resolve().parent
    corpora = pathlib.Path(os.environ.get("DEWAR_CORPORA") or here.parents[1] / "../shared/corpora") / "wasi-p1"
    if not corpora.is_dir():
        print(f"skipped: no corpora at {corpora}")
        return EXIT_SKIPPED
    programs = sorted(corpora.rglob("*.wasm"))
    listed = expected_failures(here / "expected_failures.txt")
    names = {program.relative_to(corpora).as_posix() for program in programs}
    surprises = [f"{name}: listed in expected_failures.txt but not in the corpora" for name in listed if name not in names]
    passed = failed = 0
    for program in programs:
        name = program.relative_to(corpora).as_posix()
        if options.only not in name:
            continue
        with tempfile.TemporaryDirectory(prefix="dewar-wasi-") as scratch:
            try:
                problems = run_one(options.dewar, options.option, program, pathlib.Path(scratch))
            except BadSpecification as error:
                surprises.append(f"{name}: specification not understood: {error}")
                continue
        if problems:
            failed += 1
            if name not in listed:
                surprises.append("\n    ".join([f"{name}: failed", *problems]))
        else:
            passed += 1
            if name in listed:
                surprises.append(f"{name}: passes, but is listed as failing: {listed[name]}")
    print(f"wasi-p1: {passed} of {passed + failed} programs pass, {failed} fail, {len(listed)} expected to")
    for surprise in surprises:
        print(surprise)
    return 1 if surprises or passed + failed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
