#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""--profile: what is written for perf(1) names each function that was compiled, where its code is, and (jitdump) where the
instructions of the module are in it. It changes nothing of a run."""

import os
import pathlib
import re
import resource
import shutil
import struct
import subprocess
import time
import unittest

from cli_case import BIN, LOOP, TIMEOUT, CliCase, main

PROGRAM = """(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (func $sum (param $n i32) (result i32) (local $s i32)
    (loop $l
      (local.set $s (i32.add (local.get $s) (i32.load (local.get $n))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $s))
  (func $"two\\nlines" (param i32) (result i32) (i32.and (local.get 0) (i32.const 7)))
  (func $never (unreachable))
  (memory 1)
  (func (export "_start") (call $exit (call $"two\\nlines" (i32.add (i32.const 3) (call $sum (i32.const 50000)))))))"""
# Calls one function when it has read something, says so, and another when it has read more.
WAITS = """(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\\10\\00\\00\\00\\01\\00\\00\\00")
  (func $one (result i32) (i32.add (i32.load8_u (i32.const 20)) (i32.const 1)))
  (func $two (result i32) (i32.add (i32.load8_u (i32.const 20)) (i32.const 3)))
  (func (export "_start")
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
    (drop (call $one))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
    (call $exit (call $two))))"""
ENDBR64 = b"\xf3\x0f\x1e\xfa"


@unittest.skipUnless(os.uname().machine == "x86_64", "no compiler for this machine")
class Profile(CliCase):
    def run_with(self, *options, before=None, program="p.wasm"):
        """Runs the program in our folder; (process id, status, standard error)."""
        if not (self.folder / "p.wasm").exists():
            self.assertEqual(self.dewar("wat", self.file("p.wat", PROGRAM), "-o", self.folder / "p.wasm").status, 0)
        process = subprocess.Popen([BIN, "run", *options, program], cwd=self.folder, stderr=subprocess.PIPE, preexec_fn=before)
        self.addCleanup(pathlib.Path(f"/tmp/perf-{process.pid}.map").unlink, missing_ok=True)
        err = process.communicate(timeout=TIMEOUT)[1].decode()
        return process.pid, process.returncode, err

    def perf_map(self, *options):
        """(start, size, name) of each line."""
        pid, status, err = self.run_with("--profile=perfmap", *options)
        self.assertEqual((status, err), (3, ""))
        path = pathlib.Path(f"/tmp/perf-{pid}.map")
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        lines = [re.fullmatch(r"([0-9a-f]+) ([0-9a-f]+) (.+)", line) for line in path.read_text().splitlines()]
        self.assertNotIn(None, lines)
        return [(int(line[1], 16), int(line[2], 16), line[3]) for line in lines]

    def test_a_map_names_what_was_compiled(self):
        lines = self.perf_map("-C", "tier=baseline")
        self.assertEqual([name for *_, name in lines], ["_start", "sum", "two\\u{a}lines"], "in the order of the calls")
        places = sorted(lines)
        for (start, size, _), (after, *_) in zip(places, [*places[1:], (2**64,)]):
            self.assertGreater(size, 4)
            self.assertLessEqual(start + size, after, "no function is inside of another")
        self.assertEqual([name for *_, name in self.perf_map()], ["sum"], "what is hot")
        self.assertEqual([name for *_, name in self.perf_map("-C", "eager")], ["sum", "two\\u{a}lines", "never", "_start"])

    def jit_dump(self, *options):
        """(process id, records) of a run."""
        pid, status, err = self.run_with("--profile=jitdump", *options)
        self.assertEqual((status, err), (3, ""))
        return pid, self.records(pid)

    def records(self, pid):
        """(kind, contents) of those in a dump, which are whole."""
        data = (self.folder / f"jit-{pid}.dump").read_bytes()
        magic, version, size, machine, _, process, time, flags = struct.unpack_from("<6I2Q", data)
        self.assertEqual((magic, version, size, machine, process, flags), (0x4A695444, 1, 40, 62, pid, 0))
        at, records = size, []
        while at < len(data):
            kind, size, later = struct.unpack_from("<2IQ", data, at)
            self.assertGreaterEqual(later, time, "times ascend")
            self.assertGreaterEqual(size, 16)
            records.append((kind, data[at + 16:at + size]))
            at, time = at + size, later
        self.assertEqual(at, len(data), "the last record is whole")
        return records

    def wait_until(self, process, condition):
        end = time.monotonic() + TIMEOUT
        while not condition():
            self.assertIsNone(process.poll())
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)

    def test_a_dump_has_code_and_offsets(self):
        pid, records = self.jit_dump("-C", "tier=baseline")
        self.assertEqual([kind for kind, _ in records], [2, 0] * 3 + [3])
        listing = self.dewar("objdump", "-d", self.folder / "p.wasm").out
        # Or the function itself, for what it does before its first one.
        instructions = {int(offset, 16) for offset in re.findall(r"(?:^ |at 0x)([0-9a-f]{6,7})\b", listing, re.M)}
        for number in range(3):
            lines, load = records[2 * number][1], records[2 * number + 1][1]
            process, _, address, same, size, index = struct.unpack_from("<2I4Q", load)
            name, code = load[40:].split(b"\0", 1)
            self.assertEqual((process, address, index, len(code)), (pid, same, number, size))
            self.assertEqual(name.decode(), ["_start", "sum", "two\\u{a}lines"][number])
            self.assertEqual(code[:4], ENDBR64)
            start, count = struct.unpack_from("<2Q", lines)
            self.assertEqual(start, address)
            at, seen = 16, []
            for _ in range(count):
                place, line, column = struct.unpack_from("<QiI", lines, at)
                end = lines.index(b"\0", at + 16)
                self.assertEqual((lines[at + 16:end], column), (b"module.wasm", 0))
                seen.append((place, line))
                at = end + 1
            self.assertEqual(at, len(lines))
            self.assertGreaterEqual(count, 3)
            self.assertEqual(seen, sorted(seen, key=lambda row: row[0]))
            for place, line in seen:
                self.assertTrue(address <= place < address + size)
                self.assertIn(line, instructions)

    def test_nothing_shows(self):
        receipts = []
        for options in ((), ("--profile=perfmap",), ("--profile=jitdump", "-C", "tier=baseline")):
            self.assertEqual(self.run_with("--receipt", "r.json", *options)[1:], (3, ""))
            receipts.append((self.folder / "r.json").read_bytes())
        self.assertEqual(receipts[0], receipts[1])
        self.assertEqual(receipts[0], receipts[2])

    def test_files_of_others_are_left_alone(self):
        def map_there():
            os.symlink("/nonexistent", f"/tmp/perf-{os.getpid()}.map")

        def dump_there():
            pathlib.Path(f"jit-{os.getpid()}.dump").write_text("somebody's")
        for kind, before in (("perfmap", map_there), ("jitdump", dump_there)):
            _, status, err = self.run_with("--profile", kind, before=before)
            self.assertEqual(status, 126)
            self.assertIn("error[profile-file]", err)
        dump, = self.folder.glob("jit-*.dump")
        self.assertEqual(dump.read_text(), "somebody's")
        for wrong in (("--profile=gprof",), ("--profile=perfmap", "-C", "tier=interp"), ("--profile=jitdump", "-C", "tier=interp")):
            pid, status, err = self.run_with(*wrong)
            self.assertEqual(status, 125)
            self.assertIn("error[usage-option]", err)
            self.assert_no_file(pid)

    def assert_no_file(self, pid):
        self.assertFalse(pathlib.Path(f"/tmp/perf-{pid}.map").exists())
        self.assertFalse((self.folder / f"jit-{pid}.dump").exists())

    def test_a_program_cannot_reach_the_file(self):
        (self.folder / "sub").mkdir()
        (self.folder / "here").symlink_to(self.folder)
        (self.folder / "temporary").symlink_to("/tmp")
        self.file("here.yaml", 'version: "1.0"\npermissions: {storage: {allow: [{uri: "fs://**", access: [read]}]}}\n')
        self.file("temporary.yaml", 'version: "1.0"\npermissions: {storage: {allow: [{uri: "fs:///tmp/**", access: [read]}]}}\n')
        refused = {"jitdump": (("--dir", "."), ("--ro", ".::/data"), ("--ro", "sub/..::/data"), ("--dir", "here"), ("--ro", "/::/all"),
                               ("--ro", "sub::/s", "--dir", "here/::/data"), ("--policy", "here.yaml"), ("--allow", "read:.")),
                   "perfmap": (("--dir", "/tmp"), ("--ro", "/tmp::/data"), ("--ro", "temporary"), ("--ro", "/::/all"),
                               ("--policy", "temporary.yaml"))}
        for kind, grants in refused.items():
            for grant in grants:
                with self.subTest(kind=kind, grant=grant):
                    pid, status, err = self.run_with("--profile", kind, *grant)
                    self.assertEqual(status, 126, err)
                    self.assertIn("error[profile-file]", err)
                    self.assertIn("granted", err)
                    self.assert_no_file(pid)
        for kind, grant in (("jitdump", "sub"), ("perfmap", "sub"), ("perfmap", ".")):
            self.assertEqual(self.run_with("--profile", kind, "--dir", grant)[1:], (3, ""))

    def test_no_page_of_the_dump_stays(self):
        """It would show what the file has later, and could be run."""
        self.file("loop.wat", LOOP)
        process = subprocess.Popen([BIN, "run", "--harden=off", "--profile=jitdump", "-C", "tier=baseline", "loop.wat"], cwd=self.folder)
        try:
            dump = self.folder / f"jit-{process.pid}.dump"
            self.wait_until(process, lambda: dump.exists() and dump.stat().st_size > 40)  # its header
            self.assertNotIn(".dump", pathlib.Path(f"/proc/{process.pid}/maps").read_text())
        finally:
            process.kill()
            process.wait()

    def test_a_folder_without_programs(self):
        """perf does not find a dump that cannot be mapped as code."""
        mounted = ["unshare", "-rm", "sh", "-c", 'mount -t tmpfs -o noexec none sub && cd sub && "$@"; status=$?; ls; exit $status', "sh"]
        (self.folder / "sub").mkdir()
        if not shutil.which("unshare") or subprocess.run([*mounted, "true"], cwd=self.folder, capture_output=True).returncode != 0:
            self.skipTest("nothing can be mounted here")
        self.run_with()
        done = subprocess.run([*mounted, BIN, "run", "--profile=jitdump", self.folder / "p.wasm"], cwd=self.folder, capture_output=True,
                              timeout=TIMEOUT, text=True)
        self.assertEqual((done.returncode, done.stdout), (126, ""))
        self.assertIn("error[profile-file]", done.stderr)

    def test_a_file_that_tells_of_nothing_goes(self):
        self.file("none.wat", "(module)")
        for kind in ("perfmap", "jitdump"):
            for refused in (dict(program="none.wat"), dict(options=("--stdin=nowhere",))):
                pid, status, err = self.run_with("--profile", kind, *refused.pop("options", ()), **refused)
                self.assertEqual(status, 126, err)
                self.assert_no_file(pid)

    def test_a_full_disk_ends_a_profile(self):
        """And not the run. What is there can be read; after the first loss there is nothing, also if there is room again."""
        path = self.file("waits.wat", WAITS)
        whole, ends = [], [40]
        for count in (None, 2, 3):
            process = subprocess.Popen([BIN, "run", "--profile=jitdump", "-C", "tier=baseline", "--stdin", path],
                                       cwd=self.folder, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            try:
                dump, (soft, hard) = self.folder / f"jit-{process.pid}.dump", resource.getrlimit(resource.RLIMIT_FSIZE)
                if count is not None:
                    # Not earlier: the memory for code is a file, too.
                    self.wait_until(process, lambda: dump.exists() and dump.stat().st_size >= ends[2])
                    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (ends[count + 1] - 1, hard))
                process.stdin.write(b"x")
                self.assertEqual(process.stdout.read(1), b"x")
                resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (soft, hard))
                process.communicate(b"y", timeout=TIMEOUT)
                self.assertEqual(process.returncode, 3)
            finally:
                process.kill()
            records = [(kind, 16 + len(record)) for kind, record in self.records(process.pid)]
            if count is None:
                whole = records
                self.assertEqual([kind for kind, _ in whole], [2, 0] * 3 + [3])
                for _, size in whole:
                    ends.append(ends[-1] + size)
            self.assertEqual(records, whole[:count])


if __name__ == "__main__":
    main()
