#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""tools/test_summary.py loses nothing: crashes, missing programs, skipped tests and empty runs all show in the sum."""

import json
import unittest

from tool_case import ToolCase


def gtest_report(*results):
    tests = []
    for index, result in enumerate(results):
        test = {"name": f"T{index}", "status": "RUN", "result": "COMPLETED"}
        if result == "fail":
            test["failures"] = [{"failure": "expected", "type": ""}]
        elif result == "skip":
            test["result"] = "SKIPPED"
        elif result == "disabled":
            test.update(status="NOTRUN", result="SUPPRESSED")
        tests.append(test)
    return json.dumps({"testsuites": [{"name": "Suite", "testsuite": tests}]})


class TestSummaryTest(ToolCase):
    def junit(self, build, *cases):
        rows = "".join(f'<testcase name="{name}" status="{status}">{inner}</testcase>' for name, status, inner in cases)
        self.write(f"{build}/junit.xml", f"<testsuite>{rows}</testsuite>")

    def expect(self, last, *builds):
        code, output = self.run_tool("test_summary.py", *(self.tree / build for build in builds))
        self.assertEqual(output.splitlines()[-1], last, output)
        self.assertEqual(code, 0 if " 0 failed" in last else 1)
        return output

    def test_sums_programs_and_scripts(self):
        self.junit("ci", ("a", "run", ""), ("script", "run", ""))
        self.write("ci/gtest/a.json", gtest_report("ok", "ok", "skip", "disabled"))
        self.junit("asan", ("a", "run", ""))
        self.write("asan/gtest/a.json", gtest_report("ok", "ok"))
        output = self.expect("5 passed, 0 failed, 2 skipped", "ci", "asan")
        self.assertIn("skipped: ci/a: Suite.T2", output)

    def test_failures(self):
        self.junit("ci", ("a", "fail", ""), ("script", "fail", ""))
        self.write("ci/gtest/a.json", gtest_report("ok", "fail", "fail"))
        output = self.expect("1 passed, 3 failed, 0 skipped", "ci")
        self.assertIn("failed: ci/a: Suite.T1", output)
        self.assertIn("failed: ci/script", output)

    def test_abnormal_end_is_a_failure(self):
        self.junit("ci", ("crashed", "fail", ""), ("leaked", "fail", ""))
        self.write("ci/gtest/leaked.json", gtest_report("ok", "ok"))
        output = self.expect("2 passed, 2 failed, 0 skipped", "ci")
        self.assertIn("failed: ci/leaked (ended abnormally)", output)

    def test_skipped_script_and_missing_program(self):
        self.junit("ci", ("s", "notrun", '<skipped message="SKIP_RETURN_CODE=77"/>'),
                   ("m", "notrun", '<skipped message="Unable to find executable"/>'))
        self.expect("0 passed, 1 failed, 1 skipped", "ci")

    def test_no_results_are_failures(self):
        self.expect("0 passed, 1 failed, 0 skipped", "never_built")
        self.junit("empty")
        self.expect("0 passed, 1 failed, 0 skipped", "empty")
        self.write("broken/junit.xml", "<testsuite>")
        self.expect("0 passed, 1 failed, 0 skipped", "broken")
        self.junit("odd", ("a", "run", ""))
        self.write("odd/gtest/a.json", "{")
        self.expect("0 passed, 1 failed, 0 skipped", "odd")

    def test_recorded_build_failure(self):
        self.run_tool("test_summary.py", "--record-failure", self.tree / "asan", "build (asan)")
        self.junit("ci", ("a", "run", ""))
        output = self.expect("1 passed, 1 failed, 0 skipped", "ci", "asan")
        self.assertIn("failed: asan/build (asan)", output)


if __name__ == "__main__":
    unittest.main()
