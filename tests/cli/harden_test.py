#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""dewar run --harden: what the outcome says of the process, and that a hardened run does what another does. What the
kernel really refuses is tested in tests/unit/cli/harden_test.cpp. (The other tests of the program run hardened too, as
that is the default.)"""

import json
import os
import socket
import subprocess
import unittest

from cli_case import BIN, HELLO, LOOP, TIMEOUT, CliCase, main

OFF = {"no_new_privs": False, "seccomp": "off", "landlock": "off"}
WASI = "wasi_snapshot_preview1"
# Makes /d/new, renames it into /d/sub, makes a folder, and reads the directory again: 0, or the step that failed.
FILES = f'''(module
  (import "{WASI}" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "{WASI}" "path_rename" (func $rename (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "{WASI}" "path_create_directory" (func $mkdir (param i32 i32 i32) (result i32)))
  (import "{WASI}" "path_unlink_file" (func $unlink (param i32 i32 i32) (result i32)))
  (import "{WASI}" "fd_readdir" (func $readdir (param i32 i32 i32 i64 i32) (result i32)))
  (import "{WASI}" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 2)
  (data (i32.const 0) "new" "sub" "sub/moved")
  (func $must (param i32 i32) (if (local.get 0) (then (call $exit (local.get 1)))))
  (func (export "_start")
    (call $must (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 3) (i32.const 1) (i64.const 0x42)
      (i64.const 0) (i32.const 0) (i32.const 100)) (i32.const 11))
    (call $must (call $mkdir (i32.const 3) (i32.const 3) (i32.const 3)) (i32.const 12))
    (call $must (call $rename (i32.const 3) (i32.const 0) (i32.const 3) (i32.const 3) (i32.const 6) (i32.const 9))
      (i32.const 13))
    (call $must (call $readdir (i32.const 3) (i32.const 1024) (i32.const 4096) (i64.const 0) (i32.const 104))
      (i32.const 14))
    (call $must (call $unlink (i32.const 3) (i32.const 6) (i32.const 9)) (i32.const 15))
    (memory.fill (i32.const 65536) (i32.const 1) (i32.const 65536))
    (call $must (i32.eq (memory.grow (i32.const 64)) (i32.const -1)) (i32.const 16))))'''


# Answers on a granted stream (handle 3) what it received there: 0, or the step that failed.
ECHO = f'''(module
  (import "{WASI}" "sock_recv" (func $recv (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "{WASI}" "sock_send" (func $send (param i32 i32 i32 i32 i32) (result i32)))
  (import "{WASI}" "sock_shutdown" (func $shutdown (param i32 i32) (result i32)))
  (import "{WASI}" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\\00\\10\\00\\00\\10\\00\\00\\00")
  (func $must (param i32 i32) (if (local.get 0) (then (call $exit (local.get 1)))))
  (func (export "_start")
    (call $must (call $recv (i32.const 3) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 16) (i32.const 20))
      (i32.const 11))
    (i32.store (i32.const 4) (i32.load (i32.const 16)))
    (call $must (call $send (i32.const 3) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 16)) (i32.const 12))
    (call $must (call $shutdown (i32.const 3) (i32.const 2)) (i32.const 13))))'''


class Harden(CliCase):
    def setUp(self):
        super().setUp()
        self.available = json.loads(
            self.dewar("run", "--json", "--harden=require", self.file("r.wat", HELLO)).out)["class"] == "exit"

    def hardening(self, *args, program=HELLO):
        outcome = self.outcome(*args, self.file("p.wat", program))
        return outcome["host"]["hardening"], outcome

    def test_on_by_default(self):
        if not self.available:
            self.skipTest("this kernel, or this build, cannot harden")
        hardening, outcome = self.hardening()
        self.assertEqual((hardening["no_new_privs"], hardening["seccomp"]), (True, "filter"))
        self.assertRegex(hardening["landlock"], r"^abi-[2-9]$")
        self.assertEqual(outcome["stdout"]["text"], "hello from a dewar\n")
        self.assertEqual(self.hardening("--harden=on")[1], outcome)
        self.assertEqual(self.hardening("--harden=require")[1], outcome)

    def test_off(self):
        hardening, outcome = self.hardening("--harden=off")
        self.assertEqual(hardening, OFF)
        on = self.hardening()[1]
        on.pop("host"), outcome.pop("host")
        self.assertEqual(on, outcome, "nothing else of an outcome depends on it")

    def test_what_never_started_was_not_hardened(self):
        self.assertEqual(self.hardening(program="(module")[0], OFF)
        self.assertEqual(self.hardening(program='(module (func (export "x")))')[0], OFF)

    def test_wrong_value(self):
        result = self.dewar("run", "--harden=maybe", self.file("p.wat", HELLO))
        self.assertEqual(result.status, 125)
        self.assertIn("--harden is on, off or require", result.err)

    def test_files_memory_and_interrupts_work(self):
        for mode in ("on", "off"):
            folder = self.folder / mode
            folder.mkdir()
            outcome = self.outcome(f"--harden={mode}", "--dir", f"{folder}::/d", self.file("f.wat", FILES))
            self.assert_outcome(outcome, "exit", "ok", 0)
            self.assertEqual(sorted(path.name for path in folder.rglob("*")), ["sub"])
            self.assert_outcome(self.outcome(f"--harden={mode}", "-W", "timeout=50ms", self.file("l.wat", LOOP)),
                                "limit", "wall-time", 124)

    def test_granted_sockets_work(self):
        for mode in ("on", "off"):
            ours, theirs = socket.socketpair()
            with ours, theirs:
                ours.settimeout(TIMEOUT)
                ours.sendall(b"ping")
                done = subprocess.run([BIN, "run", f"--harden={mode}", "--stream", f"fd:{theirs.fileno()}",
                                       self.file("e.wat", ECHO)], pass_fds=[theirs.fileno()], env=os.environ,
                                      capture_output=True, timeout=TIMEOUT)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(ours.recv(16), b"ping")

    def test_scripts_run_hardened(self):
        env = self.guest_env("python")
        data = self.folder / "data"
        data.mkdir()
        (data / "a.txt").write_text("granted")
        script = self.file("s.py", "print(open('/data/a.txt').read())\nopen('/data/b.txt', 'w').write('x')\n")
        outcome = self.outcome("--dir", f"{data}::/data", script, env=env)
        self.assert_outcome(outcome, "exit", "ok", 0)
        self.assertEqual(outcome["stdout"]["text"], "granted\n")
        self.assertEqual((data / "b.txt").read_text(), "x")


if __name__ == "__main__":
    main()
