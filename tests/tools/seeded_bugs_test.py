#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""tools/seeded_bugs.py knows every place: numbers are used once, without gaps, and say what is wrong."""

import subprocess
import sys
import unittest

from tool_case import ROOT, SPDX, ToolCase


class SeededBugsTest(ToolCase):
    def listed(self):
        command = [sys.executable, "-B", str(ROOT / "tools" / "seeded_bugs.py"), "--list", "--root", str(self.tree)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    def test_lists_the_places_of_this_tree(self):
        code, output = self.run_tool("seeded_bugs.py", "--list")
        self.assertEqual(code, 0)
        numbers = [int(line.split("\t")[0]) for line in output.splitlines()]
        self.assertGreaterEqual(len(numbers), 8)
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)))
        for line in output.splitlines():
            self.assertGreater(len(line.split("\t")[2]), 10)

    def test_a_place_says_what_is_wrong(self):
        self.write("src/a/x.cpp", SPDX + "// Bug 3: off by one.\nint f() { return SEED(3, 1, 2); }\n")
        done = self.listed()
        self.assertEqual((done.returncode, done.stdout), (0, "3\tsrc/a/x.cpp\toff by one.\n"))
        self.write("src/a/y.cpp", SPDX + "int g() { return SEED(4, 1, 2); }\n")
        self.assertIn("bug 4 has no comment", self.listed().stderr)

    def test_a_number_is_used_once(self):
        self.write("src/a/x.cpp", SPDX + "// Bug 1: this.\nint f() { return SEED(1, 1, 2); }\n")
        self.write("src/b/y.cpp", SPDX + "// Bug 1: that.\nint g() { return SEED(1, 1, 2); }\n")
        self.assertIn("bug 1 is also in", self.listed().stderr)


if __name__ == "__main__":
    unittest.main()
