# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs unittest cases and writes what became of each to $DEWAR_TEST_REPORT, in the form that GoogleTest programs use, so
that tools/test_summary.py counts every test of a script, and every skipped one with its reason, by itself."""

import json
import os
import pathlib
import sys
import unittest


class _Result(unittest.TextTestResult):
    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.records = {}

    def _record(self, test, result, text=""):
        # A case with subtests fails once, whatever its end says.
        known = self.records.get(test.id())
        if known is None or known[0] == "COMPLETED" and not known[1]:
            self.records[test.id()] = (result, text)

    def addSuccess(self, test):
        super().addSuccess(test)
        self._record(test, "COMPLETED")

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._record(test, "SKIPPED", reason)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._record(test, "COMPLETED", "failed")

    def addError(self, test, err):
        super().addError(test, err)
        self._record(test, "COMPLETED", "failed")

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.records[test.id()] = ("COMPLETED", "failed")

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self._record(test, "COMPLETED", "failed")


def _write(path, records):
    suites = {}
    for name, (result, text) in records.items():
        suite, _, test = name.rpartition(".")
        entry = {"name": test, "status": "RUN", "result": result}
        if result == "SKIPPED":
            entry["skipped"] = [{"message": text}]
        elif text:
            entry["failures"] = [{"failure": text}]
        suites.setdefault(suite, []).append(entry)
    report = {"testsuites": [{"name": suite.removeprefix("__main__."), "testsuite": tests}
                             for suite, tests in suites.items()]}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report))


def main(tests=None):
    """Runs `tests` (a suite), or the cases of the main module, or those named on the command line; exits."""
    loader = unittest.defaultTestLoader
    if tests is None:
        module = sys.modules["__main__"]
        tests = loader.loadTestsFromNames(sys.argv[1:], module) if sys.argv[1:] else loader.loadTestsFromModule(module)
    result = unittest.TextTestRunner(verbosity=2, resultclass=_Result).run(tests)
    path = os.environ.get("DEWAR_TEST_REPORT")
    if path:
        _write(pathlib.Path(path), result.records)
    sys.exit(0 if result.wasSuccessful() else 1)
