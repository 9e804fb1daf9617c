#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Input that is no valid program: an error with a code and a place, exit status 126 (run) or 1 (validate), never a
crash or a hang."""

import pathlib
import platform
import random
import re
import unittest

from cli_case import BIN, HELLO, CliCase, main

EMPTY = b"\0asm\1\0\0\0"


class BadInput(CliCase):
    def refused(self, contents, code, name="bad.wasm", **places):
        path = self.file(name, contents)
        outcome = self.outcome(path)
        self.assert_outcome(outcome, "refused", code, 126)
        for place, value in places.items():
            self.assertEqual(outcome["refusal"][place], value, outcome["refusal"])
        text = self.dewar("run", path)
        self.assertEqual((text.status, text.out), (126, ""))
        self.assertTrue(text.err.startswith(f"dewar: error[{code}]: "), text.err)
        if name.endswith((".wasm", ".wat")):
            checked = self.dewar("validate", path)
            self.assertEqual(checked.status, 1)
            self.assertIn(f"error[{code}]", checked.err)
        return outcome["refusal"]

    def test_not_a_module(self):
        self.refused(b"", "wasm-malformed")
        self.refused(b"\0as", "wasm-malformed")
        self.refused(b"\x7fELF\2\1\1" + bytes(64), "wasm-malformed", offset=0)
        self.refused(b"\0asm\2\0\0\0", "wasm-malformed", offset=4)
        self.refused(b"#!/bin/sh\n", "wasm-malformed", offset=0)

    def test_component(self):
        refusal = self.refused(b"\0asm\x0d\0\1\0", "component-unsupported")
        self.assertIn("component", refusal["message"])

    def test_truncated_everywhere(self):
        wat = self.file("hello.wat", HELLO)
        self.assertEqual(self.dewar("wat", wat).status, 0)
        module = (self.folder / "hello.wasm").read_bytes()
        accepted = []
        for size in range(8, len(module), 3):
            path = self.file("cut.wasm", module[:size])
            result = self.dewar("validate", path)
            self.assertIn(result.status, (0, 1))
            if result.status == 0:
                accepted.append(size)
            else:
                self.assertRegex(result.err, r"error\[wasm-[a-z]+\]: .*cut\.wasm: at byte \d+ \(0x")
        # Only a cut between two sections can leave a valid module.
        self.assertLess(len(accepted), 6)

    def test_damaged(self):
        wat = self.file("hello.wat", HELLO)
        self.assertEqual(self.dewar("wat", wat).status, 0)
        module = (self.folder / "hello.wasm").read_bytes()
        generator = random.Random(1)
        for _ in range(60):
            damaged = bytearray(module)
            for _ in range(generator.randint(1, 4)):
                damaged[generator.randrange(8, len(damaged))] = generator.randrange(256)
            outcome = self.outcome("-W", "fuel=1M", self.file("damaged.wasm", bytes(damaged)))
            self.assertIn(outcome["class"], ("exit", "trap", "limit", "refused"))

    def test_huge_counts(self):
        # Sections that promise four billion entries.
        for section in (1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 13):
            path = self.file("huge.wasm", EMPTY + bytes([section, 5, 0xff, 0xff, 0xff, 0xff, 0x0f]))
            outcome = self.outcome(path)
            self.assertEqual((outcome["class"], outcome["exit_code"]), ("refused", 126))
            self.assertIn(outcome["code"], ("wasm-limit", "wasm-malformed"))

    def test_invalid(self):
        refusal = self.refused('(module (func (export "_start") (i32.const 1)))', "wasm-invalid", name="invalid.wat",
                               line=1, column=46)
        self.assertGreater(refusal["offset"], 8)

    def test_invalid_text_names_line_and_column(self):
        self.refused('(module\n  (func (export "_start")\n    (drop (i32.add (i32.const 1)\n      (i64.const 2)))))\n',
                     "wasm-invalid", name="invalid.wat", line=3, column=12)
        text = self.dewar("validate", str(self.folder / "invalid.wat"))
        self.assertIn("invalid.wat:3:12: type mismatch", text.err)
        self.refused('(module (func (export "_start"))\n  (global i32 (f32.const 1)))', "wasm-invalid",
                     name="global.wat", line=2, column=4)

    def test_text(self):
        refusal = self.refused('(module\n  (func (export "_start")\n    (i32.cosnt 1)))', "wat-syntax", name="bad.wat")
        self.assertEqual((refusal["line"], refusal["column"]), (3, 6))
        text = self.dewar("run", str(self.folder / "bad.wat"))
        self.assertIn("bad.wat:3:6: ", text.err)

    def test_names_in_messages_break_no_line(self):
        path = self.file("names.wat", r'''(module (func (export "\0adewar: forged \1b[31m")))''')
        text = self.dewar("run", path)
        self.assertEqual(text.status, 126)
        self.assertEqual(len(text.err.splitlines()), 2, text.err)
        self.assertNotIn("\x1b", text.err)
        path = self.file("names.wat", r'''(module (import "\0adewar: forged" "\1b[31m" (func)) (func (export "_start")))''')
        text = self.dewar("run", path)
        self.assertEqual(text.status, 126)
        self.assertNotIn("\ndewar: forged", text.err)
        self.assertNotIn("\x1b", text.err)

    def test_long_arguments_are_shown_short(self):
        path = self.file("f.wat", '(module (func (export "f") (param i32)) (func (export "g") (param ' + "i32 " * 900 + ")))")
        for arguments in (("f", path, "9" * 100_000), ("g", path, "1")):
            text = self.dewar("run", "--invoke", *arguments)
            self.assertEqual(text.status, 126)
            self.assertLess(len(text.err), 1000)

    def test_missing_import_names_everything(self):
        refusal = self.outcome(self.file("import.wat", '''(module
          (import "env" "log" (func (param i32 f64) (result i64))) (func (export "_start")))'''))["refusal"]
        self.assertEqual(refusal["code"], "link-missing-import")
        for part in ("env", "log", "i32 f64", "i64"):
            self.assertIn(part, refusal["message"])

    def test_import_of_another_type(self):
        outcome = self.outcome(self.file("import.wat", '''(module
          (import "wasi_snapshot_preview1" "fd_close" (func (param i64) (result i32))) (func (export "_start")))'''))
        self.assert_outcome(outcome, "refused", "link-type-mismatch", 126)
        for part in ("fd_close", "i64", "i32", "expected", "found"):
            self.assertIn(part, outcome["message"])

    def test_features_can_be_off(self):
        path = self.file("simd.wat", '(module (func (export "_start") (drop (v128.const i64x2 0 0))))')
        self.assert_outcome(self.outcome(path), "exit", "ok", 0)
        outcome = self.outcome("-W", "simd=n", path)
        self.assertEqual((outcome["class"], outcome["exit_code"]), ("refused", 126))
        self.assertIn("simd", outcome["refusal"]["message"] + str(outcome["refusal"]["hint"]))

    def test_files(self):
        for path, code in ((str(self.folder / "none.wasm"), "file-not-found"), (str(self.folder), "file-read")):
            self.assert_outcome(self.outcome(path), "refused", code, 126)


class ModuleCommands(CliCase):
    def test_round_trip(self):
        wat = self.file("hello.wat", HELLO)
        self.assertEqual(self.dewar("wat", wat).status, 0)
        first = (self.folder / "hello.wasm").read_bytes()
        printed = self.dewar("print", str(self.folder / "hello.wasm"))
        self.assertEqual(printed.status, 0)
        self.assertIn("$fd_write", printed.out)
        again = self.dewar("module", "wat", "-o", "-", self.file("again.wat", printed.out))
        self.assertEqual(again.out_bytes, first)

    def test_validate_tells_all_files(self):
        good = self.file("good.wat", "(module)")
        bad = self.file("bad.wasm", b"\0asm")
        result = self.dewar("validate", good, bad, str(self.folder / "none.wasm"))
        self.assertEqual((result.status, result.out), (1, ""))
        self.assertEqual(len([line for line in result.err.splitlines() if line.startswith("dewar: error[")]), 2)
        self.assertEqual(self.dewar("validate", good).status, 0)

    def test_objdump(self):
        path = self.file("hello.wat", HELLO)
        everything = self.dewar("objdump", path)
        headers = self.dewar("objdump", "-x", path)
        code = self.dewar("objdump", "-d", path)
        one = self.dewar("objdump", "--function", "_start", path)
        self.assertEqual([r.status for r in (everything, headers, code, one)], [0] * 4)
        self.assertIn("fd_write", headers.out)
        self.assertNotRegex(headers.out, r"[0-9a-f]+: 41 01 ")
        self.assertRegex(code.out, r"[0-9a-f]+: 41 01 +\| +i32\.const 1\n")
        self.assertEqual(headers.out.strip() + "\n" + code.out.strip(), everything.out.strip())
        self.assertIn("call 0 <fd_write>", one.out)
        self.assertEqual(self.dewar("objdump", "--function", "nope", path).status, 1)
        self.assertEqual(self.dewar("objdump", "--function", "99", path).status, 1)

    @unittest.skipUnless(platform.machine() == "x86_64", "there is no compiler for this machine")
    def test_objdump_code(self):
        out = self.code_of("""(module (memory 1) (func $f (export "f") (param i32 i32) (result i32)
            (i32.add (i32.div_u (local.get 0) (local.get 1)) (i32.load (i32.const 77)))))""")
        lines = out.splitlines()
        added = next(i for i, line in enumerate(lines) if line.endswith("i32.add"))
        self.assertRegex(lines[added + 1], r"^ +\+[0-9a-f]{5}: [0-9a-f]{2} .* \|   ; ")
        self.assertRegex(out, r"\+00000: f3 0f 1e fa ")
        self.assertIn("; rarely: trap, pc", out)
        if (pathlib.Path(BIN).parent / "dewar-disassemble").exists():
            self.assertIn("; endbr64\n", out)
            self.assertIn("; call <trap>\n", out)
        # Where the exception goes on, its value is loaded.
        out = self.code_of("""(module (tag $e (param i32)) (func $g (throw $e (i32.const 1)))
            (func $f (export "f") (param i32) (result i32)
              (loop $l (result i32)
                (block $h (result i32) (try_table (catch $e $h) (call $g)) (return (i32.const 0)))
                (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))""", "--function", "f")
        self.assertRegex(out, r"; rarely: exception, pc \d+\n +\+[0-9a-f]{5}: 8b 45 ")
        broken = self.file("broken.wat", "(module (func (result i32)))")
        self.assertEqual(self.dewar("objdump", "--code", broken).status, 1)

    def code_of(self, text, *options):
        """The listing of one function; every byte of the code is in it once, in order."""
        result = self.dewar("objdump", "--code", *options, self.file("code.wat", text))
        self.assertEqual((result.status, result.err), (0, ""))
        lines = result.out.splitlines()
        self.assertRegex(lines[-1], r"; \d+ bytes of code for \d+ of Wasm$")
        offsets = [(int(m[1], 16), len(m[2].split())) for m in re.finditer(r"^   \+([0-9a-f]+): ([0-9a-f ]+?) +\|",
                                                                           result.out, re.M)]
        ends = [offset + size for offset, size in offsets]
        self.assertEqual([offset for offset, _ in offsets][1:], ends[:-1])
        self.assertEqual(ends[-1], int(re.search(r"; (\d+) bytes of code", lines[-1])[1]))
        self.assertNotIn("(bad)", result.out)
        return result.out


if __name__ == "__main__":
    main()
