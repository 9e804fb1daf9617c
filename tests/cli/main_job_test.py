#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What `make run` ends with, tools/main_job.sh: each of its four parts shows what it is there to show."""

import json
import os
import subprocess

from cli_case import BIN, GUESTS, ROOT, CliCase, main


class MainJob(CliCase):
    def setUp(self):
        super().setUp()
        for guest in ("python", "quickjs"):
            self.guest_env(guest)
        done = subprocess.run([ROOT / "tools/main_job.sh"], capture_output=True, text=True, timeout=300,
                              env={"PATH": os.environ["PATH"], "DEWAR": BIN, "DEWAR_HOME": GUESTS})
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        first, *self.parts = done.stdout.split("\n$ dewar ")
        self.assertEqual(first, "", "the guests are there: nothing is installed")

    def denial(self, text, operation, path, grant):
        """The line about one refusal, with the option that the operator would need."""
        lines = [line for line in text.splitlines() if line.startswith(f"dewar: denied {operation} {path} ")]
        self.assertEqual(len(lines), 1, text)
        self.assertIn(f"; to allow: {grant}", lines[0])

    def test_all_of_it(self):
        self.assertEqual([part.split("\n")[0] for part in self.parts],
                         ["run --ro examples/data::/data --report=always examples/agent_report.py",
                          "run --ro examples/data::/data --report=always examples/agent_report.js",
                          "run -W fuel=1G examples/endless.py",
                          "run --json --ro examples/data::/data examples/agent_report.py | python3 -m json.tool"])
        python, javascript, endless, as_json = self.parts

        self.assertIn("\nRevenue January to June: 96,916.50 EUR\n", python)
        self.assertIn("\nLook at: 74 chairs in west in 2026-04, usually about 10\n", python)
        self.denial(python, "path_open", "/etc/passwd", "--ro HOST::/etc/passwd")
        self.denial(python, "path_open", "/srv/report.json", "--allow write,create:HOST::/srv/report.json")
        self.assertRegex(python, r"\ndewar: .*socket.* collector\.example")
        self.assertNotIn("(exit status", python)

        self.assertIn("\nRevenue January to June: 96916.50\n", javascript)
        self.denial(javascript, "path_open", "/etc/passwd", "--ro HOST::/etc/passwd")
        self.assertIn("https://collector.example/", javascript)
        self.assertNotIn("(exit status", javascript)

        self.assertIn("fuel", endless)
        self.assertIn("\n(exit status 137)\n", endless)

        outcome = json.loads(as_json.split("\n", 1)[1])
        self.assertEqual((outcome["class"], outcome["code"], outcome["exit_code"]), ("exit", "ok", 0))
        self.assertIn("Revenue January to June: 96,916.50 EUR\n", outcome["stdout"]["text"])
        self.assertEqual({denial["resource"] for denial in outcome["denials"]}, {"/etc/passwd", "/srv/report.json"})
        self.assertEqual(len(outcome["operator"]["grants"]), 2)
        self.assertIn("collector.example", outcome["attempts"][0]["detail"])


if __name__ == "__main__":
    main()
