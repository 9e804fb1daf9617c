#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Whole outcomes of every class, byte for byte, against tests/cli/golden/. DEWAR_UPDATE_GOLDEN=1 writes the files anew:
look at the difference before you commit it. Also what stands beside the outcome: the status line and spilled output."""

import json
import os
import pathlib

from cli_case import CliCase, HELLO, LOOP, main

GOLDEN = pathlib.Path(__file__).parent / "golden"
WASI = "wasi_snapshot_preview1"


class Golden(CliCase):
    def check(self, name, *arguments, **more):
        outcome = self.outcome(*arguments, **more)
        hardening = outcome.pop("host")["hardening"]  # says what the kernel has: the one thing that machines differ in
        self.assertEqual(set(hardening), {"no_new_privs", "seccomp", "landlock"})
        found = json.dumps(outcome, indent=1, ensure_ascii=False) + "\n"
        path = GOLDEN / f"{name}.json"
        if os.environ.get("DEWAR_UPDATE_GOLDEN"):
            GOLDEN.mkdir(exist_ok=True)
            path.write_text(found)
        self.assertEqual(found, path.read_text(), f"{path.name}: see DEWAR_UPDATE_GOLDEN")
        return outcome

    def test_exit_ok(self):
        self.file("hello.wat", HELLO)
        self.check("exit-ok", "hello.wat")

    def test_exit_nonzero(self):
        self.file("exit.wat", f'''(module (import "{WASI}" "proc_exit" (func $exit (param i32)))
          (func (export "_start") (call $exit (i32.const 3))))''')
        self.check("exit-nonzero", "exit.wat")

    def test_results(self):
        self.file("add.wat", '(module (func (export "add") (param i32 i32) (result i32 f64)'
                             " (i32.add (local.get 0) (local.get 1)) (f64.const -0.5)))")
        self.check("exit-results", "--invoke", "add", "add.wat", "2", "3")

    def test_trap(self):
        self.file("trap.wat", "(module (func $inner (drop (i32.div_s (i32.const 1) (i32.const 0))))"
                              ' (func (export "_start") (call $inner)))')
        self.check("trap", "trap.wat")

    def test_limit_fuel(self):
        self.file("loop.wat", LOOP)
        self.check("limit-fuel", "-W", "fuel=1000", "loop.wat")

    def test_limit_wall_time(self):
        # Loading alone takes longer, so that nothing of the outcome depends on how far it came.
        self.file("long.wat", "(module" + "(func (drop (i32.add (i32.const 1) (i32.const 2))))\n" * 50_000 + LOOP[7:])
        outcome = self.check("limit-wall-time", "-W", "timeout=1ms", "long.wat")
        self.assertTrue(outcome["retryable"])
        self.assertFalse(outcome["determinism"]["reproducible"])

    def test_limit_refused_growth(self):
        self.file("grow.wat", f'''(module (import "{WASI}" "proc_exit" (func $exit (param i32))) (memory 1)
          (func (export "_start") (if (i32.eq (memory.grow (i32.const 9)) (i32.const -1))
            (then (call $exit (i32.const 1))))))''')
        outcome = self.check("exit-memory-refused", "-W", "max-memory-size=128KiB", "grow.wat")
        self.assertEqual(outcome["limits_hit"], ["memory"])

    def test_refused(self):
        self.file("bad.wat", '(module\n  (func (export "_start")\n    (drop (i32.add (i32.const 1) (i64.const 2)))))')
        self.check("refused-module", "bad.wat")
        self.check("refused-usage", "--nope", "bad.wat")
        self.check("refused-missing", "none.wasm")

    def test_denial(self):
        self.file("denied.wat", f'''(module
          (import "{WASI}" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
          (memory (export "memory") 1) (data (i32.const 0) "etc/passwd../\\1b[31m")
          (func $try (param i32 i32) (drop (call $open (i32.const 3) (i32.const 0) (local.get 0) (local.get 1)
            (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 100))))
          (func (export "_start") (call $try (i32.const 0) (i32.const 10)) (call $try (i32.const 0) (i32.const 10))
            (call $try (i32.const 10) (i32.const 8))))''')
        outcome = self.check("exit-denied", "denied.wat")
        self.assertEqual(outcome["denied_count"], 3)

    def test_guest_exception(self):
        env = self.guest_env("python")
        self.file("x.py", "def f(x):\n    raise ValueError('no ' + x)\nf('way')\n")
        outcome = self.outcome("x.py", env=env)
        # Fuel and memory belong to the interpreter's version; the rest is the contract.
        for name in ("limits", "instructions", "host_calls", "probes", "determinism"):
            outcome.pop(name)
        del outcome["host"]  # of the machine
        found = json.dumps(outcome, indent=1, ensure_ascii=False) + "\n"
        path = GOLDEN / "guest-exception.json"
        if os.environ.get("DEWAR_UPDATE_GOLDEN"):
            path.write_text(found)
        self.assertEqual(found, path.read_text())

    def test_guest_text_is_marked(self):
        self.file("hello.wat", HELLO)
        untrusted = self.outcome("hello.wat")["untrusted"]
        self.assertLessEqual({"stdout", "stderr", "error", "attempts", "denials[].resource"}, set(untrusted))
        self.assertNotIn("message", untrusted)
        self.assertIn("message", self.outcome("none.wasm")["untrusted"])


class Beside(CliCase):
    def status(self, *arguments):
        path = self.folder / "status"
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.set_inheritable(fd, True)
        import subprocess
        from cli_case import BIN
        done = subprocess.run([BIN, "run", "--status-fd", str(fd), *arguments], capture_output=True, cwd=self.folder,
                              pass_fds=(fd,), timeout=60)
        os.close(fd)
        return done.returncode, path.read_text()

    def test_status_line(self):
        self.file("hello.wat", HELLO)
        self.file("loop.wat", LOOP)
        self.file("exit.wat", f'''(module (import "{WASI}" "proc_exit" (func $exit (param i32)))
          (func (export "_start") (call $exit (i32.const 137))))''')
        self.assertEqual(self.status("hello.wat"), (0, "exit ok 0\n"))
        self.assertEqual(self.status("--json", "hello.wat"), (0, "exit ok 0\n"))
        self.assertEqual(self.status("exit.wat"), (137, "exit exit-nonzero 137\n"))
        self.assertEqual(self.status("-W", "fuel=9", "loop.wat"), (137, "limit fuel 137\n"))
        self.assertEqual(self.status("none.wasm"), (126, "refused file-not-found 126\n"))
        self.assertEqual(self.status("--json", "none.wasm"), (126, "refused file-not-found 126\n"))
        for bad in ("1", "x", "-1", "77", "99999999999"):
            result = self.dewar("run", "--status-fd", bad, "hello.wat")
            self.assertEqual((result.status, result.out), (125, ""))
            self.assertIn("--status-fd", result.err)

    def test_spill(self):
        self.file("flood.wat", f'''(module (import "{WASI}" "fd_write" (func $w (param i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 1) (data (i32.const 16) "0123456789") (data (i32.const 0) "\\10\\00\\00\\00\\0a")
          (func (export "_start") (local i32) (loop $l
            (drop (call $w (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 40)))
            (br_if $l (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 7))))))''')
        (self.folder / "spill").mkdir()
        target = self.folder / "elsewhere"
        target.write_text("kept")
        (self.folder / "spill/stdout").symlink_to(target)
        outcome = self.outcome("--spill", "spill", "-W", "kept-output=20", "flood.wat")
        self.assertEqual(outcome["stdout"], {"text": "0123456789", "tail": "0123456789", "utf8": True, "bytes": 70,
                                             "omitted_bytes": 50, "spill": {"path": "spill/stdout", "whole": True}})
        self.assertEqual((self.folder / "spill/stdout").read_text(), "0123456789" * 7)
        self.assertEqual(target.read_text(), "kept", "no link is followed")
        self.assertFalse((self.folder / "spill/stderr").exists())
        outcome = self.outcome("--spill", "spill", "-W", "kept-output=70", "flood.wat")
        self.assertIsNone(outcome["stdout"]["spill"])
        for arguments in (("--spill", "spill", "flood.wat"), ("--json", "--spill", "none", "flood.wat")):
            self.assertEqual(self.dewar("run", *arguments).status, 125)


if __name__ == "__main__":
    main()
