# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the tests of tools/ share: a small source tree in a temporary directory, and running a tool on it."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SPDX = "// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception\n"


class ToolCase(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.tree = pathlib.Path(directory.name)

    def write(self, path, text):
        target = self.tree / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def run_tool(self, name, *arguments, env=None):
        """Exit code and standard output; anything on standard error is a failure of the tool."""
        command = [str(ROOT / "tools" / name), *map(str, arguments)]
        if name.endswith(".py"):
            command = [sys.executable, "-B", *command]
        done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=60, check=False)
        self.assertEqual(done.stderr, "")
        return done.returncode, done.stdout
