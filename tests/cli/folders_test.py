#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Folders in memory and standard input: scratch space at /tmp, results that come back from /out, --stdin."""

import hashlib
import os
import subprocess

from cli_case import BIN, HELLO, CliCase, main

WASI = "wasi_snapshot_preview1"
IMPORTS = f'''
  (import "{WASI}" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "{WASI}" "path_create_directory" (func $mkdir (param i32 i32 i32) (result i32)))
  (import "{WASI}" "path_symlink" (func $symlink (param i32 i32 i32 i32 i32) (result i32)))
  (import "{WASI}" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "{WASI}" "fd_filestat_set_size" (func $size (param i32 i64) (result i32)))
  (import "{WASI}" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "{WASI}" "proc_exit" (func $exit (param i32)))'''
READ_TWICE = f'''(module {IMPORTS} (memory (export "memory") 1) (data (i32.const 0) "\\10\\00\\00\\00\\08\\00\\00\\00")
  (func $once (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
    (i32.store (i32.const 4) (i32.load (i32.const 8)))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 12)))
    (i32.store (i32.const 4) (i32.const 8)))
  (func (export "_start") (call $once) (call $once)))'''


class Program:
    """A module that makes files, and ends with the error number of the first call that fails."""

    def __init__(self, root=3):
        self.root = root  # number of the directory that paths start from: 3 is "/" where no folder is granted
        self.data, self.code, self.at = [], [], 4096

    def text(self, text):
        data = text if isinstance(text, bytes) else text.encode()
        self.data.append((self.at, data))
        self.at += len(data) + 16
        return f"(i32.const {self.at - len(data) - 16}) (i32.const {len(data)})"

    def check(self, call):
        self.code.append(f"(local.set 0 {call}) (if (local.get 0) (then (call $exit (local.get 0))))")
        return self

    def mkdir(self, path):
        return self.check(f"(call $mkdir (i32.const {self.root}) {self.text(path)})")

    def symlink(self, target, path):
        return self.check(f"(call $symlink {self.text(target)} (i32.const {self.root}) {self.text(path)})")

    def file(self, path, contents=b"", size=None):
        self.check(f"(call $open (i32.const {self.root}) (i32.const 0) {self.text(path)} (i32.const 1) (i64.const 0x3fffffff)"
                   " (i64.const 0) (i32.const 0) (i32.const 0))")
        for piece in ([contents] if contents else []):
            address, length = self.text(piece).strip("()").split(") (")
            self.code.append(f"(i32.store (i32.const 8) ({address})) (i32.store (i32.const 12) ({length}))")
            self.check("(call $write (i32.load (i32.const 0)) (i32.const 8) (i32.const 1) (i32.const 16))")
        if size is not None:
            self.check(f"(call $size (i32.load (i32.const 0)) (i64.const {size}))")
        return self

    def then(self, code):
        self.code.append(code)
        return self

    def wat(self):
        data = "".join('(data (i32.const {}) "{}")'.format(at, "".join(f"\\{byte:02x}" for byte in text))
                       for at, text in self.data)
        return (f'(module {IMPORTS} (memory (export "memory") 8) {data}'
                f' (func (export "_start") (local i32) {" ".join(self.code)}))')


ENOSPC, ENOTCAPABLE = 51, 76


class Scratch(CliCase):
    def test_is_there_by_default_and_bounded(self):
        path = self.file("p.wat", Program().mkdir("tmp/d").file("tmp/d/f", b"x" * 5000).wat())
        outcome = self.outcome(path)
        self.assert_outcome(outcome, "exit", "ok", 0)
        used = outcome["limits"]["scratch_bytes"]["used"]
        self.assertEqual(outcome["limits"]["scratch_bytes"], {"used": used, "allowed": 64 << 20, "refused": 0})
        self.assertEqual(used, 2 * 256 + 2 * 128 + 2 + 2 * 4096)
        # A write that half fits is short, and no error.
        for size, code, refused in ((used - 4096 - 1, ENOSPC, 1), (used - 1, 0, 1), (used, 0, 0), (used + 1, 0, 0)):
            bounded = self.outcome("--scratch", size, path)
            self.assertEqual(bounded["exit_code"], code)
            room = bounded["limits"]["scratch_bytes"]
            self.assertEqual((room["allowed"], room["refused"]), (size, refused))

    def test_a_full_one_is_told_on_request(self):
        path = self.file("p.wat", Program().file("tmp/f", b"x" * 5000).wat())
        told = self.dewar("run", "--scratch=4KiB", "--report=always", path)
        self.assertEqual((told.status, told.err),
                         (ENOSPC, "dewar: the program filled /tmp (4.0 KiB); allow more with --scratch SIZE\n"))
        self.assertEqual(self.dewar("run", "--scratch=4KiB", path).err, "")

    def test_can_be_left_out(self):
        path = self.file("p.wat", Program().file("tmp/f").wat())
        outcome = self.outcome("--scratch=off", path)
        self.assertEqual((outcome["exit_code"], outcome["denied_count"]), (ENOTCAPABLE, 1))
        self.assertEqual(outcome["limits"]["scratch_bytes"], {"used": 0, "allowed": 0, "refused": 0})
        for bad in ("0", "none", "12 parsecs"):
            self.assert_outcome(self.outcome("--scratch", bad, path), "refused", "usage-option", 125)

    def test_a_grant_takes_its_place(self):
        path = self.file("p.wat", Program().file("tmp/f", b"kept").wat())
        self.file("host/x", "")
        beside = self.file("beside.wat", Program(root=4).file("tmp/f", b"kept").wat())
        outcome = self.outcome("--dir", f"{self.folder}/host::/elsewhere", beside)
        self.assertEqual((outcome["exit_code"], outcome["limits"]["scratch_bytes"]["used"]), (0, 256 + 128 + 1 + 4096))
        (self.folder / "host/tmp").mkdir()
        self.assert_outcome(self.outcome("--dir", f"{self.folder}/host::/", path), "exit", "ok", 0)
        self.assertEqual((self.folder / "host/tmp/f").read_text(), "kept")
        outcome = self.outcome("--scratch=1MiB", "--dir", f"{self.folder}/host::/", path)
        self.assertEqual((outcome["exit_code"], outcome["limits"]["scratch_bytes"]["used"]), (0, 256 + 128 + 1 + 4096))
        self.assert_outcome(self.outcome("--scratch=1MiB", "--dir", f"{self.folder}/host::/tmp", path), "refused",
                            "grant-duplicate-mount", 126)

    def test_two_runs_give_equal_bytes(self):
        path = self.file("p.wat", Program().mkdir("tmp/d").file("out/f", b"x").wat())
        first = self.dewar("run", "--json", "--out", "a", path)
        second = self.dewar("run", "--json", "--out", "b", path, env={"TMPDIR": "/nonexistent"})
        self.assertEqual((first.status, first.out_bytes), (0, second.out_bytes))


class Out(CliCase):
    def tree(self, name="out"):
        folder = self.folder / name
        return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
                for path in folder.rglob("*")}

    def test_files_come_back(self):
        program = Program().mkdir("out/d").mkdir("out/d/empty").file("out/d/b", b"second").file("out/a", b"first\n")
        path = self.file("p.wat", program.file("out/big", b"z" * 200_000).wat())
        outcome = self.outcome("--out", "out", path)
        self.assert_outcome(outcome, "exit", "ok", 0)
        self.assertEqual(self.tree(), {"a": b"first\n", "big": b"z" * 200_000, "d": None, "d/b": b"second",
                                       "d/empty": None})
        self.assertEqual(outcome["outputs"], [
            {"path": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for name, data in (("a", b"first\n"), ("big", b"z" * 200_000), ("d/b", b"second"))])
        self.assertEqual((outcome["skipped_outputs"], outcome["unlisted_outputs"]), ([], 0))
        self.assertEqual(outcome["limits"]["out_bytes"]["allowed"], 64 << 20)
        self.assertEqual(self.dewar("run", "--out", "text", path).err, "")

    def test_every_kind_of_end(self):
        for name, body, status in (("exit", "(call $exit (i32.const 3))", 3), ("trap", "(unreachable)", 134),
                                   ("fuel", "(loop (br 0))", 137)):
            path = self.file("p.wat", Program().file("out/f", b"x").then(body).wat())
            outcome = self.outcome("-W", "fuel=1M", "--out", name, path)
            self.assertEqual(outcome["exit_code"], status)
            self.assertEqual([file["path"] for file in outcome["outputs"]], ["f"])
            self.assertEqual(self.tree(name), {"f": b"x"})

    def test_a_refused_run_leaves_nothing(self):
        for program in ('(module (func (export "other")))', '(module (import "a" "b" (func)) (start 0))', "(module"):
            self.assertEqual(self.outcome("--out", "out", self.file("p.wat", program))["class"], "refused")
            self.assertFalse((self.folder / "out").exists())
        self.assertEqual(self.outcome("--out", "out", self.file("p.wat", Program().wat()))["outputs"], [])
        self.assertTrue((self.folder / "out").exists())

    def test_nothing_is_overwritten(self):
        path = self.file("p.wat", Program().file("out/f", b"new").wat())
        self.file("out/f", "old")
        self.assert_outcome(self.outcome("--out", "out", path), "refused", "out-folder", 126)
        self.assertEqual(self.tree(), {"f": b"old"})
        self.assert_outcome(self.outcome("--out", "out/f", path), "refused", "out-folder", 126)
        self.assert_outcome(self.outcome("--out", "no/where", path), "refused", "out-folder", 126)
        self.assert_outcome(self.outcome("--out", "", path), "refused", "usage-option", 125)
        self.assert_outcome(self.outcome("--out", "x:0", path), "refused", "usage-option", 125)

    def test_what_lies_in_the_way_is_not_followed(self):
        # The folder is empty at the start; the guest itself has it as a mount, and puts a link and a file there.
        self.file("secret/f", "secret")
        (self.folder / "out").mkdir()
        program = Program(root=4).file("d/f", b"planted").symlink("f", "d/link").mkdir("d/dir")
        program.file("out/f", b"new").file("out/link", b"new").file("out/dir", b"new").file("out/free", b"new")
        outcome = self.outcome("--dir", f"{self.folder}/out::/d", "--out", "out", self.file("p.wat", program.wat()))
        self.assert_outcome(outcome, "exit", "out-incomplete", 125)
        self.assertEqual(outcome["skipped_outputs"], [{"path": name, "reason": "exists"} for name in ("dir", "f", "link")])
        self.assertEqual([file["path"] for file in outcome["outputs"]], ["free"])
        self.assertEqual(self.tree(), {"dir": None, "f": b"planted", "link": b"planted", "free": b"new"})

    def test_what_is_left_out_is_told(self):
        program = Program().symlink("a", "out/link").file("out/a", b"x").file("out/\x1b[2J", b"x")
        program.file("out/\u202etxt", b"x").file("out/huge", b"x", size=1 << 62).file("out/-rf \\", b"ok")
        for depth in range(1, 66):
            program.mkdir("out/" + "/".join(["d"] * depth))
        path = self.file("p.wat", program.wat())
        # A hole counts as written, so the default limit would not let the guest make it.
        outcome = self.outcome("-W", "max-written=none", "--out", "out", path)
        self.assert_outcome(outcome, "exit", "ok", 0)
        self.assertEqual([file["path"] for file in outcome["outputs"]], ["-rf \\", "a"])
        self.assertEqual(outcome["skipped_outputs"], [
            {"path": "\x1b[2J", "reason": "name"}, {"path": "/".join(["d"] * 64), "reason": "too-deep"},
            {"path": "huge", "reason": "too-large"}, {"path": "link", "reason": "symbolic-link"},
            {"path": "\u202etxt", "reason": "name"}])
        told = self.dewar("run", "-W", "max-written=none", "--out", "again", path)
        self.assertEqual(told.status, 0)
        self.assertIn("dewar: not written: /out/\\u{1b}[2J (name)\n", told.err)
        self.assertNotIn("\x1b", told.err)

    def test_the_limit(self):
        path = self.file("p.wat", Program().file("out/f", b"x" * 4096).wat())
        used = 256 + 128 + 1 + 4096
        for limit, status in ((used - 1, ENOSPC), (used, 0), (used + 1, 0)):
            outcome = self.outcome("--out", f"out{limit}:{limit}", path)
            self.assertEqual(outcome["exit_code"], status)
            self.assertEqual(outcome["limits"]["out_bytes"]["refused"], 1 if status else 0)
            self.assertEqual(outcome["limits"]["out_bytes"]["allowed"], limit)
            self.assertEqual(self.tree(f"out{limit}")["f"], b"" if status else b"x" * 4096)
        told = self.dewar("run", "--out", "told:1KiB", path)
        self.assertIn("the program filled /out (1.0 KiB); allow more with --out DIR:MAX", told.err)

    def test_lists_are_bounded(self):
        # Links by the names 00000 to 00299.
        loop = f'''(local.set 0 (i32.const 0)) (loop
          (i32.store8 (i32.const 104) (i32.add (i32.const 48) (i32.rem_u (local.get 0) (i32.const 10))))
          (i32.store8 (i32.const 103) (i32.add (i32.const 48) (i32.rem_u (i32.div_u (local.get 0) (i32.const 10)) (i32.const 10))))
          (i32.store8 (i32.const 102) (i32.add (i32.const 48) (i32.rem_u (i32.div_u (local.get 0) (i32.const 100)) (i32.const 10))))
          (i32.store8 (i32.const 101) (i32.add (i32.const 48) (i32.rem_u (i32.div_u (local.get 0) (i32.const 1000)) (i32.const 10))))
          (i32.store8 (i32.const 100) (i32.add (i32.const 48) (i32.div_u (local.get 0) (i32.const 10000))))
          (if (call $symlink (i32.const 100) (i32.const 5) (i32.const 5) (i32.const 100) (i32.const 5))
            (then (call $exit (i32.const 99))))
          (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 300))))'''
        outcome = self.outcome("--out", "out", self.file("p.wat", Program().then(loop).wat()))
        self.assert_outcome(outcome, "exit", "ok", 0)
        self.assertEqual((len(outcome["skipped_outputs"]), outcome["unlisted_skipped_outputs"]), (256, 44))


class Stdin(CliCase):
    HINT = "dewar: the program read its standard input, which was at its end; to pass ours on: --stdin\n"

    def test_a_file_or_a_pipe(self):
        path = self.file("r.wat", READ_TWICE)
        data = self.file("data", "0123456789")
        self.assertEqual(self.dewar("run", f"--stdin={data}", path, stdin=b"other").out, "0123456789")
        self.assertEqual(self.dewar("run", "--stdin", path, stdin=b"ours").out, "ours")
        self.assertEqual(self.dewar("run", f"--stdin={data}", "--stdin", path, stdin=b"ours").out, "ours", "the last one")
        self.assertEqual(self.dewar("run", f"--stdin={data}", "--lang", "wat", "-", stdin=READ_TWICE.encode()).out,
                         "0123456789", "the program from one place, its input from another")
        self.assertTrue(self.outcome(f"--stdin={data}", path)["stdin"]["granted"])
        fifo = str(self.folder / "fifo")
        os.mkfifo(fifo)
        with subprocess.Popen([BIN, "run", f"--stdin={fifo}", path], stdout=subprocess.PIPE) as process:
            with open(fifo, "wb") as pipe:
                pipe.write(b"piped")
            self.assertEqual(process.communicate(timeout=60)[0], b"piped")

    def test_a_pipe_without_a_writer_does_not_outlast_the_limit(self):
        fifo = str(self.folder / "fifo")
        os.mkfifo(fifo)
        outcome = self.outcome("-W", "timeout=300ms", f"--stdin={fifo}", self.file("r.wat", READ_TWICE))
        self.assert_outcome(outcome, "limit", "wall-time", 124)

    def test_what_cannot_be_an_input(self):
        path = self.file("r.wat", READ_TWICE)
        for bad in ("missing", str(self.folder), "/dev/null", ""):
            self.assert_outcome(self.outcome(f"--stdin={bad}", path), "refused", "grant-stdin-open", 126)

    def test_input_that_was_not_granted_is_explained(self):
        path = self.file("r.wat", READ_TWICE)
        told = self.dewar("run", path, stdin=b"data")
        self.assertEqual((told.status, told.out, told.err), (0, "", self.HINT))
        data = self.file("data", "0123456789")
        with open(data, "rb") as file:
            done = subprocess.run([BIN, "run", path], stdin=file, capture_output=True, timeout=60, check=False)
        self.assertEqual(done.stderr.decode(), self.HINT)
        self.assertEqual(self.outcome(path, stdin=b"data")["stdin"], {"granted": False, "reads_refused": 2})
        # Nothing to say where nothing was there, nothing was read, or it was granted.
        empty, writer = os.pipe()
        os.close(writer)
        done = subprocess.run([BIN, "run", path], stdin=empty, capture_output=True, timeout=60, check=False)
        os.close(empty)
        self.assertEqual(done.stderr, b"")
        self.assertEqual(self.dewar("run", self.file("h.wat", HELLO), stdin=b"data").err, "")
        self.assertEqual(self.dewar("run", "--stdin", path, stdin=b"data" * 10).err, "")
        self.assertEqual(self.outcome(path)["stdin"]["reads_refused"], 2)

    def test_help_shows_that_the_value_is_optional(self):
        self.assertIn("--stdin[=FILE]", self.dewar("help", "run").out)


if __name__ == "__main__":
    main()
