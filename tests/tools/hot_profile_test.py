#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""tools/hot_profile.py: what of a profile it keeps, how it writes it, and when it says that it is out of date."""

import importlib.util
import unittest

from tool_case import ROOT

SPEC = importlib.util.spec_from_file_location("hot_profile", ROOT / "tools" / "hot_profile.py")
TOOL = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(TOOL)

# As llvm-profdata prints it.
TEXT = """# IR level Instrumentation Flag
:ir
hot
# Func Hash:
18446744073709551615
# Num Counters:
3
# Counter Values:
4000000
2000001
0

x.cpp;never
# Func Hash:
7
# Num Counters:
1
# Counter Values:
0

warm
# Func Hash:
8
# Num Counters:
2
# Counter Values:
30000
1

"""


class HotProfileTest(unittest.TestCase):
    def test_reads_what_llvm_prints(self):
        self.assertEqual(list(TOOL.functions(TEXT)), [("hot", (1 << 64) - 1, [4000000, 2000001, 0]),
                                                      ("x.cpp;never", 7, [0]), ("warm", 8, [30000, 1])])

    def test_keeps_what_is_hot_and_never_makes_some_into_none(self):
        self.assertEqual(TOOL.hot(TOOL.functions(TEXT)),
                         [("hot", (1 << 64) - 1, [1000000, 500001, 0]), ("warm", 8, [7500, 1])])

    def test_reads_what_it_writes(self):
        rows = TOOL.hot(TOOL.functions(TEXT))
        text = TOOL.HEADER + TOOL.written(rows)
        self.assertEqual(TOOL.read_lines(text), rows)
        self.assertIn("\nwarm 8 2 7500 1\n", text)

    def test_counts_decide_how_much_fits(self):
        rows = [("a", 1, [60, 30]), ("b", 2, [8]), ("c", 3, [2])]
        self.assertEqual(TOOL.fit(rows, {"a": 1, "b": 2, "c": 3}), (1, ""))
        share, lost = TOOL.fit(rows, {"a": 1, "b": 9})
        self.assertAlmostEqual(share, 0.9)
        self.assertEqual(lost, "b")

    def test_the_profile_is_one(self):
        rows = TOOL.read_lines(TOOL.PROFILE.read_text(encoding="ascii"))
        self.assertGreater(len(rows), 100)
        self.assertEqual(len({name for name, _, _ in rows}), len(rows))
        for name, _, counts in rows:
            self.assertGreater(sum(counts), 0, name)


if __name__ == "__main__":
    unittest.main()
