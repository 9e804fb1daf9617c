#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Adds up what ctest and the GoogleTest programs reported, and prints the one line that ends a test run.

For every ctest entry in <build>/junit.xml: a GoogleTest program counts as many tests as <build>/gtest/<entry>.json
lists; anything else counts as one. A program that failed without a failed test of its own (a crash, a leak, a time
limit) adds one failure, so nothing that went wrong is lost. A build directory without results is a failure.

usage: test_summary.py BUILD_DIR...
       test_summary.py --record-failure BUILD_DIR NAME     (for a build that did not get as far as its tests)
"""

import json
import pathlib
import sys
import xml.etree.ElementTree


class Counts:
    def __init__(self):
        self.passed = 0
        self.failed = []
        self.skipped = []


def count_gtest(report, entry, counts):
    """Adds the tests of one GoogleTest report; returns how many of them failed."""
    failed = 0
    for suite in report.get("testsuites", []):
        for test in suite.get("testsuite", []):
            name = f"{entry}: {suite['name']}.{test['name']}"
            if test.get("failures"):
                counts.failed.append(name)
                failed += 1
            elif test.get("result") == "SKIPPED" or test.get("status") == "NOTRUN":
                reason = " ".join(item.get("message", "") for item in test.get("skipped", []))
                counts.skipped.append(f"{name} {reason.splitlines()[-1] if reason else ''}".rstrip())
            else:
                counts.passed += 1
    return failed


def count_build(build, counts):
    build = pathlib.Path(build)
    results = build / "junit.xml"
    if not results.is_file():
        counts.failed.append(f"{build}: no test results")
        return
    try:
        root = xml.etree.ElementTree.parse(results).getroot()
    except xml.etree.ElementTree.ParseError as error:
        counts.failed.append(f"{build}: unreadable test results ({error})")
        return
    entries = root.findall("testcase")
    if not entries:
        counts.failed.append(f"{build}: no tests ran")
    for case in entries:
        entry = case.get("name")
        status = case.get("status")
        in_build = f"{build.name}/{entry}"
        if status in ("notrun", "disabled"):
            # ctest says "notrun" both for a skip (exit code 77) and for a program that is missing.
            skipped = case.find("skipped")
            message = skipped.get("message", "") if skipped is not None else ""
            if message.startswith("SKIP"):
                counts.skipped.append(in_build)
            else:
                counts.failed.append(f"{in_build} (not run: {message})")
            continue
        report = build / "gtest" / f"{entry}.json"
        failed_inside = 0
        if report.is_file():
            try:
                failed_inside = count_gtest(json.loads(report.read_text()), in_build, counts)
            except (ValueError, KeyError) as error:
                counts.failed.append(f"{in_build} (unreadable report: {error})")
                failed_inside = 1
        elif status == "run":
            counts.passed += 1
        if status != "run" and failed_inside == 0:
            counts.failed.append(f"{in_build} (ended abnormally)" if report.is_file() else in_build)


def record_failure(build, name):
    """Writes a result file with one failed entry."""
    build = pathlib.Path(build)
    build.mkdir(parents=True, exist_ok=True)
    suite = xml.etree.ElementTree.Element("testsuite")
    xml.etree.ElementTree.SubElement(suite, "testcase", name=name, status="fail")
    xml.etree.ElementTree.ElementTree(suite).write(build / "junit.xml")


def main(arguments):
    if arguments[:1] == ["--record-failure"]:
        record_failure(arguments[1], arguments[2])
        return 0
    counts = Counts()
    for build in arguments:
        count_build(build, counts)
    for name in counts.skipped:
        print(f"skipped: {name}")
    for name in counts.failed:
        print(f"failed: {name}")
    print(f"{counts.passed} passed, {len(counts.failed)} failed, {len(counts.skipped)} skipped")
    return 1 if counts.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
