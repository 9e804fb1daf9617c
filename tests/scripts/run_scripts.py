#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Scripts such as agents write, in the sandbox and natively: both must print what expected/NAME.txt says, and end with
the same exit code. Expected texts are made from the native run (--write), so that a machine without the native
interpreter, or with another version of it, still checks the sandbox.

usage: run_scripts.py [--write] [NAME...]
A script says what it needs in comments: "exit: N", "args: ...", "needs: tmp" (a folder of its own at /tmp)."""

import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
import test_report  # noqa: E402

BIN = os.environ.get("DEWAR_BIN", str(HERE.parents[1] / "build/release/dewar"))
GUESTS = os.environ.get("DEWAR_GUESTS", os.environ.get("DEWAR_HOME", ""))
TIMEOUT = 120
LANGUAGES = {"python": (".py", "python"), "javascript": (".js", "quickjs")}
MODULE = re.compile(r"^(?:import\s*[\w{*\"']|export\s)", re.M)


def native_command(language):
    """The interpreter to compare with, and why there is none."""
    if language == "python":
        return ([sys.executable], "") if sys.version_info >= (3, 11) else (None, "Python 3.11 or newer is needed")
    node = shutil.which("node")
    if not node:
        return None, "there is no node"
    version = subprocess.run([node, "--version"], capture_output=True, text=True).stdout
    found = re.match(r"v(\d+)", version)
    return ([node], "") if found and int(found[1]) >= 18 else (None, f"node 18 or newer is needed, not {version.strip()}")


class Script:
    def __init__(self, path, language):
        self.path, self.language, self.name = path, language, path.stem
        text = path.read_text()
        says = dict(re.findall(r"^(?:#|//) (exit|args|needs): (.*)$", text, re.M))
        self.exit = int(says.get("exit", 0))
        self.args = shlex.split(says.get("args", ""))
        self.needs_tmp = says.get("needs") == "tmp"
        self.is_module = language == "javascript" and MODULE.search(text) is not None
        self.expected = path.parent / "expected" / (path.stem + ".txt")

    def native(self, command):
        with tempfile.TemporaryDirectory(prefix="dewar-native-") as folder:
            path = self.path
            if self.is_module:
                path = pathlib.Path(folder, self.name + ".mjs")
                path.write_bytes(self.path.read_bytes())
            (pathlib.Path(folder) / "tmp").mkdir()
            environment = {"PATH": os.environ.get("PATH", ""), "TMPDIR": folder + "/tmp", "TZ": "UTC",
                           "PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8"}
            done = subprocess.run([*command, path, *self.args], stdin=subprocess.DEVNULL, capture_output=True,
                                  timeout=TIMEOUT, env=environment)
            return done.stdout.decode("utf-8", "replace"), done.returncode, done.stderr.decode("utf-8", "replace")

    def sandboxed(self):
        with tempfile.TemporaryDirectory(prefix="dewar-script-") as folder:
            grants = ["--dir", folder + "::/tmp"] if self.needs_tmp else []
            done = subprocess.run([BIN, "run", "--json", *grants, self.path, *self.args], stdin=subprocess.DEVNULL,
                                  capture_output=True, timeout=TIMEOUT,
                                  env={"PATH": os.environ.get("PATH", ""), "DEWAR_HOME": GUESTS})
        outcome = json.loads(done.stdout)
        if outcome["stdout"] is None:
            return "", outcome["exit_code"], outcome["message"]
        return outcome["stdout"]["text"], outcome["exit_code"], outcome["stderr"]["text"]


def all_scripts(names):
    scripts = []
    for language, (ending, _) in LANGUAGES.items():
        for path in sorted((HERE / language).glob("*" + ending)):
            if not names or path.stem in names or f"{language}/{path.stem}" in names:
                scripts.append(Script(path, language))
    return scripts


def write_expected(scripts):
    for script in scripts:
        command, why = native_command(script.language)
        if not command:
            sys.exit(why)
        text, status, errors = script.native(command)
        if status != script.exit:
            sys.exit(f"{script.path}: exit code {status} instead of {script.exit}\n{errors}")
        script.expected.parent.mkdir(exist_ok=True)
        script.expected.write_text(text)


def case_for(language, scripts, pool):
    """A TestCase with two tests for every script; the runs are started now and are two at a time."""
    command, why = native_command(language)
    guest = LANGUAGES[language][1]
    installed = bool(GUESTS) and any(pathlib.Path(GUESTS, "guests", guest).glob("*/*.wasm"))
    members = {"maxDiff": None}

    def test_for(script, run, skip):
        future = None if skip else pool.submit(run)

        def test(self):
            if skip:
                self.skipTest(skip)
            text, status, errors = future.result()
            self.assertEqual(text, script.expected.read_text(), errors)
            self.assertEqual(status, script.exit, errors)

        return test

    for script in scripts:
        members[f"test_dewar_{script.name}"] = test_for(
            script, script.sandboxed, "" if installed else f"the guest {guest} is not installed")
        members[f"test_native_{script.name}"] = test_for(
            script, lambda script=script: script.native(command), "" if command else why)
    return type(language, (unittest.TestCase,), members)


def main():
    names = sys.argv[1:]
    write = "--write" in names
    names = [name for name in names if name != "--write"]
    scripts = all_scripts(names)
    if not scripts:
        sys.exit(f"there is no script {names}")
    if write:
        write_expected(scripts)
        return
    with concurrent.futures.ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        suite = unittest.TestSuite()
        for language in LANGUAGES:
            chosen = [script for script in scripts if script.language == language]
            suite.addTests(unittest.defaultTestLoader.loadTestsFromTestCase(case_for(language, chosen, pool)))
        test_report.main(suite)


if __name__ == "__main__":
    main()
