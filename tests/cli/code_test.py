#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How code is made (-C): levels of the processor and explicit bounds do not show; what cannot be had is refused."""

import os
import resource
import subprocess

from cli_case import BIN, CliCase, main

# Sums with integers, floats and vectors, at the end of its memory; ends with what comes of it.
PROGRAM = """(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))) (memory 1)
  (func $sum (param $n i32) (result i32) (local $v v128)
    (loop $l
      (local.set $v (i32x4.add (local.get $v) (i32x4.mul (i32x4.splat (local.get $n)) (v128.const i32x4 1 2 3 4))))
      (f64.store (i32.const 65528) (f64.sqrt (f64.convert_i32_s (i32.popcnt (local.get $n)))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.and (i32.const 127)
      (i32.add (i32x4.extract_lane 3 (local.get $v)) (i32.trunc_f64_s (f64.load (i32.const 65528))))))
  (func (export "_start") (call $exit (call $sum (i32.const 1000)))))"""
BEYOND = """(module (memory 1) (func (export "_start") (drop (i32.load offset=65533 (i32.const 0)))))"""
X86 = os.uname().machine == "x86_64"
LEVELS = ("x86-64", "v2", "v3", "v4")


class Code(CliCase):
    def test_nothing_shows(self):
        self.file("p.wat", PROGRAM)
        self.file("b.wat", BEYOND)
        settings = ["tier=interp", "explicit-bounds", "tier=interp,explicit-bounds"]
        if X86:
            settings += ["tier=baseline", "tier=baseline,explicit-bounds", "tier=baseline,eager", "tier=auto,eager"]
            settings += ["tier=baseline,cpu=" + level for level in self.levels()]
        results = {}
        for setting in settings:
            outcome = self.outcome("-C", setting, "p.wat")
            results[setting] = (outcome["code"], outcome["exit_code"], outcome["limits"]["fuel"]["used"])
            self.assert_outcome(self.outcome("-C", setting, "b.wat"), "trap", "memory-out-of-bounds", 134)
        self.assertEqual(len(set(results.values())), 1, results)
        self.assertEqual(results["tier=interp"][:2], ("exit-nonzero", (500500 * 4 + 1) & 127))

    def levels(self):
        """Those that this machine has."""
        return [level for level in LEVELS if self.dewar("run", "-C", "cpu=" + level, "p.wat").status != 125]

    def test_a_level_that_the_machine_lacks_is_refused(self):
        self.file("p.wat", PROGRAM)
        for setting in ("cpu=v9", "cpu=", "cpu", "explicit-bounds=y", "tier=jit", "x"):
            result = self.dewar("run", "-C", setting, "p.wat")
            self.assertEqual(result.status, 125, setting)
            self.assertIn("error[usage-code]", result.err)
        levels = self.levels()
        self.assertEqual(levels, list(LEVELS[:len(levels)]))
        if X86:
            self.assertGreaterEqual(len(levels), 2, "the program itself needs v2")
        for level in LEVELS[len(levels):]:
            result = self.dewar("run", "-C", "cpu=" + level, "p.wat")
            self.assertIn("error[usage-code]", result.err)

    def test_a_tier_that_cannot_be_had_is_refused(self):
        path = self.file("p.wat", PROGRAM)
        for command in (["run", "-C", "tier=baseline", path], ["mcp", "-C", "tier=baseline"]):
            # No file may have a byte, not even one for code.
            done = subprocess.run([BIN, *command], input=b"", capture_output=True, timeout=60, check=False,
                                  preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)))
            self.assertEqual((done.returncode, b"error[code-unavailable]" in done.stderr), (126, True), done.stderr)
        done = subprocess.run([BIN, "run", path], input=b"", capture_output=True, timeout=60, check=False,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)))
        self.assertEqual(done.returncode, (500500 * 4 + 1) & 127, "the interpreter needs none")


if __name__ == "__main__":
    main()
