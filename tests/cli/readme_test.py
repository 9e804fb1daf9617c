#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The README's examples really run. A fenced block of kind `console` is a session: lines that begin with "$ " are
commands, what follows is their output (standard output and standard error together). "..." in the output stands for any
text. Commands of `dewar` and pipes of them are run from the source folder; blocks that install or build are marked
with another kind and not run."""

import os
import re
import subprocess
import unittest

from cli_case import BIN, GUESTS, ROOT, main

SESSION = re.compile(r"^```console\n(.*?)^```", re.M | re.S)


def sessions(text):
    """(command, expected output) of every command of every console block."""
    found = []
    for block in SESSION.findall(text):
        command, output = None, []
        for line in block.splitlines():
            if line.startswith("$ "):
                if command:
                    found.append((command, "\n".join(output)))
                command, output = line[2:], []
            elif command and line.startswith("> "):
                command += "\n" + line[2:]
            else:
                output.append(line)
        if command:
            found.append((command, "\n".join(output)))
    return found


def pattern(expected):
    return re.compile(".*".join(re.escape(part) for part in expected.strip().split("...")), re.S)


class Readme(unittest.TestCase):
    def needed_guest(self, command):
        return "python" if re.search(r"\.py\b|lang python", command) else \
            "quickjs" if re.search(r"\.js\b|lang javascript", command) else None

    def test_examples(self):
        commands = sessions((ROOT / "README.md").read_text())
        self.assertGreaterEqual(len(commands), 5)
        skipped = []
        for command, expected in commands:
            guest = self.needed_guest(command)
            if guest and not any((ROOT / GUESTS / "guests" / guest).glob("*/*.wasm")):
                skipped.append(command)
                continue
            with self.subTest(command=command):
                environment = dict(os.environ, PATH=os.path.dirname(os.path.abspath(BIN)) + ":" + os.environ["PATH"],
                                   DEWAR_HOME=GUESTS)
                done = subprocess.run(["bash", "-c", command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, cwd=ROOT, env=environment, timeout=120)
                self.assertTrue(pattern(expected).fullmatch(done.stdout.decode().strip()), done.stdout.decode())
        if skipped:
            self.skipTest(f"{len(skipped)} of {len(commands)} examples need a guest that is not installed")

    def test_no_example_is_left_out(self):
        """Whatever is shown as run is a session; what is only shown is an indented line, and those are known."""
        text = (ROOT / "README.md").read_text()
        self.assertEqual(set(re.findall(r"^```(\w*)$", text, re.M)) - {""}, {"console"})
        self.assertEqual(len(re.findall(r"^```", text, re.M)), 2 * len(SESSION.findall(text)))
        five = text.split("\n## Five more\n")[1].split("\n## ")[0]
        self.assertEqual(len(sessions(five)), 5)
        self.assertEqual(re.findall(r"^    (\S.*?)(?: +#.*)?$", SESSION.sub("", text), re.M),
                         ["make run", "make install PREFIX=$HOME/.local", "examples/agent/agent.py --ro examples/data::/data"],
                         "the last is run by tests/server/mcp_test.py")
        shown = " ".join(command for command, _ in sessions(text))
        for path in (ROOT / "examples").glob("*.*"):
            # The JavaScript sister of agent_report.py is run by determinism_test.py.
            self.assertTrue(f"examples/{path.name}" in shown or path.name == "agent_report.js", path)

    def test_figures_are_those_of_the_page(self):
        """README's table of figures repeats docs/benchmarks.md."""
        rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in
                (ROOT / "README.md").read_text().split("\n## How fast\n")[1].split("\n## ")[0].splitlines() if line.startswith("| ")]
        readme = {row[0].split(",")[0]: row for row in rows}
        page = {row[0]: row[1:] for line in (ROOT / "docs/benchmarks.md").read_text().splitlines() if line.startswith("| ")
                for row in [[cell.strip().strip("*") for cell in line.split("|")[1:-1]]]}
        reported = page["reported"]
        interpreter = readme["interpreter"]
        self.assertEqual(interpreter[1], f"{reported[0]} × wasm3's time")
        self.assertIn(f"V8 is {float(reported[1]) / float(reported[3]):.0f} × faster", interpreter[2])
        self.assertIn(f"{len(list((ROOT / 'bench/programs').glob('*.c'))) // 2} programs", interpreter[0])
        compiled = page["reported half and shootout"]
        row = readme["compiler (`-C tier=baseline`)"]
        self.assertEqual(row[1:], [f"{compiled[0]} × native time", f"V8's baseline compiler {compiled[1]} ×"])
        speed = page["decode + validate yosys, MB of code per CPU second"]
        self.assertEqual(readme["decode and validate"][1:], [f"{speed[0]} MB of code per CPU second", f"V8 {speed[1]}"])
        self.assertEqual(readme["start"][1], f"{page['start of an empty module, ms'][0]} ms")
        run = [cell.split(" / ") for cell in page["`yosys -V`, user seconds / peak MB"]]
        self.assertEqual(readme["load"][1:], ["{} s, {} MB".format(*run[0]), "V8 {} s, {} MB".format(*run[1])])

    def test_pattern(self):
        self.assertTrue(pattern("a ... b").fullmatch("a 17 b"))
        self.assertFalse(pattern("a ... b").fullmatch("a 17 c"))
        self.assertEqual(sessions("```console\n$ a\n1\n$ b\n> c\n2\n3\n```\n"), [("a", "1"), ("b\nc", "2\n3")])


if __name__ == "__main__":
    main()
