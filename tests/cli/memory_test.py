#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Modules that make the host need memory: a limit of its own for prepared code, and an end that is no trap when the
system refuses memory."""

import os
import resource
import subprocess

from cli_case import BIN, CliCase, main
from wasm_bytes import START, leb, program

MIB = 1 << 20


def big_tables(tables):
    """A module whose _start has br_tables of 65,000 labels each."""
    return program(b"\0" + (b"\x02\x40\x41\x00\x0e" + leb(65_000) + bytes(65_001) + b"\x0b") * tables, between=[START])


class Memory(CliCase):
    def test_prepared_code_has_a_limit(self):
        path = self.file("tables.wasm", big_tables(4))
        self.assert_outcome(self.outcome(path), "exit", "ok", 0)
        path = self.file("tables.wasm", big_tables(110))
        large = self.outcome("-W", "max-memory-size=64KiB", path)
        self.assert_outcome(large, "limit", "code-memory", 137)
        self.assertEqual(large["message"], "functions made ready to run need more than 512.0 MiB")

    def test_no_memory_is_no_trap(self):
        path = self.folder / "large.wasm"
        with open(path, "wb") as file:
            file.write(b"\0asm\1\0\0\0\0" + leb(400 * MIB) + b"\1x")
            file.truncate(8 + 1 + len(leb(400 * MIB)) + 400 * MIB)

        def limit():
            resource.setrlimit(resource.RLIMIT_AS, (200 * MIB, 200 * MIB))

        for verb in ("run", "validate"):
            done = subprocess.run([BIN, verb, str(path)], capture_output=True, preexec_fn=limit, cwd=self.folder,
                                  env={"PATH": os.environ.get("PATH", "")})
            self.assertEqual(done.returncode, 125, done.stderr)
            self.assertEqual(done.stdout, b"")
            self.assertEqual(done.stderr, b"dewar: error[no-memory]: the system refuses memory\n")


if __name__ == "__main__":
    main()
