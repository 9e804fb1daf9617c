#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Receipts: the same run gives the same bytes whatever the host looks like, verify finds every kind of difference and
names the first, and what cannot be compared is refused."""

import hashlib
import json
import os
import unittest

from cli_case import CliCase, main
from folders_test import Program

WASI = "wasi_snapshot_preview1"
# Copies /d/in to standard output, writes /o/out if there is such a folder, and asks for the time and random bytes.
PROGRAM = f'''(module
  (import "{WASI}" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "{WASI}" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "{WASI}" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "{WASI}" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
  (import "{WASI}" "random_get" (func $random (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (table 3 funcref)
  (global $g (mut i64) (i64.const 0))
  (data (i32.const 0) "in" "out")
  (func (export "_start")
    (drop (call $time (i32.const 0) (i64.const 0) (i32.const 100)))
    (drop (call $random (i32.const 120) (i32.const 8)))
    (global.set $g (i64.load (i32.const 100)))
    (drop (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 2) (i32.const 0) (i64.const 2)
      (i64.const 0) (i32.const 0) (i32.const 200)))
    (i32.store (i32.const 208) (i32.const 1000))
    (i32.store (i32.const 212) (i32.const 100))
    (drop (call $read (i32.load (i32.const 200)) (i32.const 208) (i32.const 1) (i32.const 216)))
    (i32.store (i32.const 212) (i32.load (i32.const 216)))
    (drop (call $write (i32.const 1) (i32.const 208) (i32.const 1) (i32.const 216)))
    (if (i32.eqz (call $open (i32.const 4) (i32.const 0) (i32.const 2) (i32.const 3) (i32.const 9) (i64.const 64)
          (i64.const 0) (i32.const 0) (i32.const 200)))
      (then (drop (call $write (i32.load (i32.const 200)) (i32.const 208) (i32.const 1) (i32.const 216)))))))'''


class Receipts(CliCase):
    def setUp(self):
        super().setUp()
        self.program = self.file("program.wat", PROGRAM)
        self.input = self.file("data/in", "seven\n")

    def receipt(self, *options, name="receipt.json", program=None, **more):
        path = self.folder / name
        result = self.dewar("run", "--receipt", path, *options, program or "program.wat", **more)
        self.assertEqual(result.status, 0, result.err)
        return path

    def facts(self, path):
        return {fact["name"]: fact["value"] for fact in json.loads(path.read_text())["facts"]}

    def verify(self, path, *options, **more):
        result = self.dewar("verify", "--json", *options, path, **more)
        self.assertEqual(result.err, "")
        answer = json.loads(result.out)
        self.assertEqual(result.status, 0 if answer["same"] else 1)
        self.assertEqual(answer["difference"] is None, answer["same"])
        return answer

    def differs(self, path, name, *options, **more):
        answer = self.verify(path, *options, **more)
        self.assertEqual((answer["difference"] or {}).get("name"), name, answer)
        return answer["difference"]

    def test_what_is_hashed_is_bounded_whatever_the_guest_opens(self):
        (self.folder / "data" / "s").symlink_to(".")
        with open(self.folder / "data" / "big", "wb") as big:
            big.truncate(1 << 40)  # a hole: hashing it all would take hours
        names = ["in", "s/in", "s/s/in", "big"] + ["s/" * n + "big" for n in range(1, 30)]
        calls, at = [], 0
        for name in names:
            calls.append(f'''(drop (call $open (i32.const 3) (i32.const 1) (i32.const {at}) (i32.const {len(name)}) (i32.const 0)
              (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 8192)))''')
            at += len(name)
        program = self.file("opens.wat", f'''(module
          (import "{WASI}" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
          (memory (export "memory") 1) (data (i32.const 0) "{"".join(names)}") (func (export "_start") {" ".join(calls)}))''')
        facts = self.facts(self.receipt("--ro", "data::/d", program=program))
        read = {name: value for name, value in facts.items() if name.startswith("read.file ")}
        self.assertEqual(len(read), len(names))
        self.assertEqual({facts["read.file /d/" + name] for name in names if name.endswith("in")},
                         {f"6 bytes {hashlib.sha256(b'seven' + bytes([10])).hexdigest()}"})
        self.assertEqual({facts["read.file /d/" + name] for name in names if name.endswith("big")},
                         {f"{1 << 40} bytes not hashed"})

    def test_nothing_but_files_is_read_when_a_run_has_ended(self):
        folder = self.folder / "w"
        folder.mkdir()
        os.mkfifo(folder / "p")
        # Makes a file and gives its name to the pipe.
        program = self.file("swap.wat", f'''(module
          (import "{WASI}" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
          (import "{WASI}" "path_rename" (func $rename (param i32 i32 i32 i32 i32 i32) (result i32)))
          (import "{WASI}" "proc_exit" (func $exit (param i32)))
          (memory (export "memory") 1) (data (i32.const 0) "ap")
          (func (export "_start")
            (drop (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 1) (i64.const 66)
              (i64.const 0) (i32.const 0) (i32.const 100)))
            (call $exit (call $rename (i32.const 3) (i32.const 1) (i32.const 1)
              (i32.const 3) (i32.const 0) (i32.const 1)))))''')
        # A pipe that is open for writing would give what is in it; a reader of ours would take it.
        pipe = os.open(folder / "p", os.O_RDWR | os.O_NONBLOCK)
        self.addCleanup(os.close, pipe)
        os.write(pipe, b"secret")
        facts = self.facts(self.receipt("--dir", "w::/w", program=program))
        self.assertEqual(facts["left.file /w/a"], "not a file")
        self.assertEqual(os.read(pipe, 100), b"secret")

    def test_the_same_run(self):
        path = self.receipt("--ro", "data::/d")
        facts = self.facts(path)
        self.assertEqual(facts["profile.clock"], "virtual from 1767225600000000000 ns")
        self.assertTrue(facts["read.file /d/in"].startswith("6 bytes "))
        self.assertTrue(facts["left.stdout"].startswith("6 bytes "))
        self.assertEqual(facts["read.file /d/in"], facts["left.stdout"], "the same bytes")
        self.assertTrue(facts["left.memory 0"].startswith("65536 bytes "))
        self.assertTrue(facts["left.table 0"].startswith("3 elements "))
        self.assertEqual(facts["end.class"], "exit")
        self.assertTrue(self.verify(path)["same"])
        text = self.dewar("verify", path)
        self.assertEqual((text.status, text.out), (0, ""))
        self.assertIn("the same run", text.err)

    def test_nothing_of_the_host_is_in_it(self):
        first = self.receipt("--ro", "data::/d").read_bytes()
        os.utime(self.input, (1, 1))
        (self.folder / "data/in").rename(self.folder / "moved")
        self.file("data/other", "")
        self.file("data/in", "seven\n")
        again = self.receipt("--ro", "data::/d", name="again.json", env={"TZ": "Asia/Tokyo", "USER": "x"})
        self.assertEqual(again.read_bytes(), first)

    def test_first_differences(self):
        path = self.receipt("--ro", "data::/d")
        self.file("data/in", "eight\n")
        difference = self.differs(path, "read.file /d/in")
        self.assertNotEqual(difference["expected"], difference["found"])
        text = self.dewar("verify", path)
        self.assertEqual(text.status, 1)
        self.assertIn("first in read.file /d/in", text.err)
        (self.folder / "data/in").unlink()
        self.assertEqual(self.differs(path, "read.file /d/in")["found"], "")
        self.file("data/in", "seven\n")
        self.assertTrue(self.verify(path)["same"])
        self.file("program.wat", PROGRAM.replace("(i32.const 8)))\n    (global", "(i32.const 9)))\n    (global"))
        self.differs(path, "given.module")
        (self.folder / "program.wat").unlink()
        self.assertEqual(self.dewar("verify", path).status, 125)

    def test_a_forged_receipt_is_found_out(self):
        path = self.receipt("--ro", "data::/d", "--clock-start", "2026-07-01T12:00:00Z", "--seed", "7")
        whole = json.loads(path.read_text())
        self.assertIn("--clock-start=2026-07-01T12:00:00Z", whole["command"])
        for i, fact in enumerate(whole["facts"]):
            if fact["name"] in ("given.terminals", "end.reproducible"):
                continue
            forged = json.loads(path.read_text())
            forged["facts"][i]["value"] += "0"
            target = self.folder / "forged.json"
            target.write_text(json.dumps(forged))
            self.differs(target, fact["name"])

    def test_clock_and_seed_are_facts(self):
        path = self.receipt("--ro", "data::/d", "--seed", "7")
        text = path.read_text()
        for old, new, name in (("--seed=7", "--seed=8", "profile.random"),
                               ('"--ro=', '"--clock-start=2027-01-01", "--ro=', "profile.clock"),
                               ('"--ro=', '"--env=A=1", "--ro=', "given.environment")):
            target = self.folder / "changed.json"
            target.write_text(text.replace(old, new))
            self.differs(target, name)

    def test_host_calls_are_placed(self):
        path = self.receipt("--ro", "data::/d")
        facts = json.loads(path.read_text())["facts"]
        names = [fact["name"] for fact in facts if fact["name"].startswith("calls.")]
        self.assertEqual(names, ["calls.up-to-1", "calls.up-to-2", "calls.up-to-4", "calls.all"])
        forged = self.folder / "forged.json"
        forged.write_text(path.read_text().replace('"value": "5 calls', '"value": "9 calls')
                          .replace('"value": "6 calls', '"value": "9 calls'))
        self.differs(forged, "calls.all")

    def test_writing_again_is_asked_for(self):
        (self.folder / "out").mkdir()
        path = self.receipt("--dir", "data::/d", "--dir", "out::/o")
        self.assertIn("left.file /o/out", self.facts(path))
        refused = self.dewar("verify", path)
        self.assertEqual(refused.status, 125)
        self.assertIn("error[verify-writes]", refused.err)
        (self.folder / "out/out").unlink()
        self.assertTrue(self.verify(path, "--allow-writes")["same"])

    def test_files_in_out(self):
        made = Program().mkdir("out/d").file("out/d/b", b"second").file("out/a", b"first\n")
        path = self.receipt("--out", "back", program=self.file("out.wat", made.wat()))
        facts = self.facts(path)
        self.assertEqual({name: fact for name, fact in facts.items() if name.startswith("left.out ")},
                         {"left.out a": "6 bytes " + hashlib.sha256(b"first\n").hexdigest(), "left.out d": "folder",
                          "left.out d/b": "6 bytes " + hashlib.sha256(b"second").hexdigest()})
        self.assertRegex(facts["left.out"], "^3 names [0-9a-f]{64}$")
        self.assertEqual(facts["given.out"], f"{64 << 20} bytes at most")
        self.assertEqual((self.folder / "back/d/b").read_bytes(), b"second")
        before = sorted((self.folder / "back").rglob("*"))
        self.assertTrue(self.verify(path)["same"], "nothing is written, so a folder that is full is no matter")
        self.assertEqual(sorted((self.folder / "back").rglob("*")), before)
        (self.folder / "back/a").unlink()
        self.assertTrue(self.verify(path)["same"])
        whole = path.read_text()
        for name in ("left.out a", "left.out d/b", "left.out"):
            forged = json.loads(whole)
            for fact in forged["facts"]:
                if fact["name"] == name:
                    fact["value"] = fact["value"][:-1] + ("0" if fact["value"][-1] != "0" else "1")
            self.assertEqual(self.differs(self.file("forged.json", json.dumps(forged)), name)["found"], facts[name])
        forged = json.loads(whole)
        forged["facts"] = [fact for fact in forged["facts"] if fact["name"] != "left.out d/b"]
        self.assertEqual(self.differs(self.file("forged.json", json.dumps(forged)), "left.out d/b")["expected"], "")

    def test_a_file_with_holes_is_not_read_to_its_end(self):
        made = Program().file("out/a", b"x").file("out/b", size=(1 << 20) - 1).file("out/c", size=1)
        path = self.receipt("--out", "back:1MiB", program=self.file("holes.wat", made.wat()))
        facts = self.facts(path)
        self.assertEqual(facts["left.out b"], f"{(1 << 20) - 1} bytes " + hashlib.sha256(bytes((1 << 20) - 1)).hexdigest())
        self.assertEqual(facts["left.out c"], "1 bytes, too large", "beyond what the folder may hold")
        self.assertTrue(self.verify(path)["same"])

    def test_standard_input(self):
        self.file("cat.wat", PROGRAM.replace("(i32.load (i32.const 200)) (i32.const 208) (i32.const 1) (i32.const 216)))\n"
                                             "    (i32.store (i32.const 212) (i32.load",
                                             "(i32.const 0) (i32.const 208) (i32.const 1) (i32.const 216)))\n"
                                             "    (i32.store (i32.const 212) (i32.load"))
        path = self.receipt("--stdin", program="cat.wat", stdin=b"typed")
        self.assertEqual(self.facts(path)["read.stdin"], "5 bytes " + hashlib.sha256(b"typed").hexdigest())
        self.assertEqual(self.facts(path)["left.stdout"], self.facts(path)["read.stdin"])
        self.assertTrue(self.verify(path, stdin=b"typed")["same"])
        self.differs(path, "read.stdin", stdin=b"tapes")

    def test_limits_end_at_the_same_place(self):
        loop = self.file("loop.wat", '(module (func (export "_start") (loop (br 0))))')
        result = self.dewar("run", "--receipt", self.folder / "r.json", "-W", "fuel=1000", loop)
        self.assertEqual(result.status, 137)
        self.assertTrue(self.verify(self.folder / "r.json")["same"])

    def test_what_cannot_be_compared(self):
        path = self.receipt("--ro", "data::/d", "--clock", "real")
        self.assertIn("error[verify-unreproducible]", self.dewar("verify", path).err)
        for contents in ("", "{}", "[]", '{"schema":"dewar-receipt/2"}', path.read_text()[:-20],
                         '{"schema":"dewar-receipt/2","command":["x",1],"facts":[{"name":"a","value":"b"}]}',
                         '{"schema":"dewar-receipt/2","command":["x"],"facts":[{"name":"a"}]}', "[" * 100000):
            result = self.dewar("verify", self.file("bad.json", contents))
            self.assertEqual(result.status, 125, contents)
            self.assertIn("error[receipt-malformed]", result.err)
        self.assertIn("error[file-not-found]", self.dewar("verify", "none.json").err)
        self.assertEqual(self.dewar("verify").status, 125)

    @unittest.skipUnless(os.uname().machine == "x86_64", "no compiler for this machine")
    def test_the_tier_does_not_show(self):
        receipts = [self.receipt("-C", "tier=" + tier, "--ro", "data::/d", name=tier + ".json").read_bytes()
                    for tier in ("interp", "baseline")]
        self.assertEqual(*receipts)
        self.assertIn("error[usage-code]", self.dewar("run", "-C", "tier=none", "program.wat").err)

    def test_a_receipt_that_cannot_be_written_fails_the_run(self):
        result = self.dewar("run", "--receipt", self.folder / "none/r.json", "program.wat")
        self.assertEqual(result.status, 125)
        self.assertIn("error[file-write]", result.err)
        outcome = self.outcome("--receipt", self.folder / "none/r.json", "program.wat")
        self.assert_outcome(outcome, "refused", "file-write", 125)

    def test_a_script(self):
        self.file("x.py", "import time, random, sys\n"
                          "print(time.time(), random.random(), open('/d/in').read(), sys.argv)")
        path = self.folder / "r.json"
        env = self.guest_env("python")
        result = self.dewar("run", "--receipt", path, "--ro", "data::/d", "x.py", "a", "b", env=env)
        self.assertEqual(result.status, 0, result.err)
        self.assertIn("read.file /d/in", self.facts(path))
        self.assertTrue(self.verify(path, env=env)["same"])
        self.file("x.py", "print(1)")
        self.differs(path, "given.file /dewar/x.py", env=env)


if __name__ == "__main__":
    main()
