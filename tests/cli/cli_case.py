# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the tests of the program share: running it, small modules as text, and a check of outcomes against the schema.

The program is $DEWAR_BIN. Guests are looked for in $DEWAR_GUESTS (a DEWAR_HOME that the test run installs them in);
a test that needs one and does not find it is skipped, which the runner counts."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
import test_report  # noqa: E402

BIN = os.environ.get("DEWAR_BIN", str(ROOT / "build/release/dewar"))
GUESTS = os.environ.get("DEWAR_GUESTS", os.environ.get("DEWAR_HOME", ""))
TIMEOUT = 120
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None)}

HELLO = (ROOT / "examples/hello.wat").read_text()
LOOP = '(module (func (export "_start") (loop (br 0))))'


def schema_faults(value, schema, where="outcome"):
    """The parts of JSON Schema that docs/outcome.schema.json uses; a keyword that is not known here is a fault."""
    faults = []
    for keyword, wanted in schema.items():
        if keyword in ("$schema", "title", "description", "required", "additionalProperties", "properties", "items"):
            continue
        if keyword == "type":
            ok = isinstance(value, TYPES[wanted]) and not (wanted == "integer" and isinstance(value, bool))
        elif keyword == "const":
            ok = value == wanted
        elif keyword == "enum":
            ok = value in wanted
        elif keyword == "minimum":
            ok = not isinstance(value, int) or value >= wanted
        elif keyword == "pattern":
            ok = not isinstance(value, str) or re.search(wanted, value)
        elif keyword == "anyOf":
            ok = any(not schema_faults(value, choice) for choice in wanted)
        else:
            ok = False
        if not ok:
            faults.append(f"{where}: {value!r} does not fit {keyword} {wanted!r}")
    if isinstance(value, dict) and "properties" in schema:
        for name in schema.get("required", []):
            if name not in value:
                faults.append(f"{where}: {name} is missing")
        for name, member in value.items():
            if name in schema["properties"]:
                faults += schema_faults(member, schema["properties"][name], f"{where}.{name}")
            elif schema.get("additionalProperties") is False:
                faults.append(f"{where}: {name} is not in the schema")
    if isinstance(value, list) and "items" in schema:
        for i, item in enumerate(value):
            faults += schema_faults(item, schema["items"], f"{where}[{i}]")
    return faults


SCHEMA = json.loads((ROOT / "docs/outcome.schema.json").read_text())


class Result:
    def __init__(self, done):
        self.status = done.returncode
        self.out_bytes, self.err_bytes = done.stdout, done.stderr
        self.out = done.stdout.decode("utf-8", "replace")
        self.err = done.stderr.decode("utf-8", "replace")


class CliCase(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self._folder = tempfile.TemporaryDirectory(prefix="dewar-cli-")
        self.addCleanup(self._folder.cleanup)
        self.folder = pathlib.Path(self._folder.name)

    def file(self, name, contents):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(contents if isinstance(contents, bytes) else contents.encode())
        return str(path)

    def dewar(self, *args, stdin=b"", env=None, cwd=None, pass_fds=()):
        """Runs the program to its end; a run that does not end fails the test."""
        environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(self.folder / "home"),
                       "DEWAR_HOME": str(self.folder / "dewar-home")}
        for name, setting in os.environ.items():
            if name.endswith("SAN_OPTIONS"):
                environment[name] = setting
        environment.update(env or {})
        done = subprocess.run([BIN, *map(str, args)], input=stdin, capture_output=True, timeout=TIMEOUT,
                              env=environment, cwd=cwd or self.folder, pass_fds=pass_fds)
        self.assertNotIn("AddressSanitizer", done.stderr.decode("utf-8", "replace"))
        self.assertGreaterEqual(done.returncode, 0, f"died of a signal: {done.stderr!r}")
        return Result(done)

    def outcome(self, *args, **more):
        """Runs with --json and returns the outcome, which must fit the schema and the exit status."""
        result = self.dewar("run", "--json", *args, **more)
        self.assertEqual(result.err, "")
        outcome = json.loads(result.out)
        self.assertEqual(schema_faults(outcome, SCHEMA), [])
        self.assertEqual(result.status, min(outcome["exit_code"], 255))
        return outcome

    def assert_outcome(self, outcome, cls, code, exit_code):
        self.assertEqual((outcome["class"], outcome["code"], outcome["exit_code"]), (cls, code, exit_code),
                         json.dumps(outcome, indent=1))

    def guest_env(self, guest):
        """The environment in which an installed guest is found."""
        if not GUESTS or not any(pathlib.Path(GUESTS, "guests", guest).glob("*/*.wasm")):
            self.skipTest(f"the guest {guest} is not installed (DEWAR_GUESTS={GUESTS})")
        return {"DEWAR_HOME": GUESTS}


def main():
    test_report.main()
