#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Command lines: mistakes get status 125, a code and a suggestion; help comes in every form; start-up is quick."""

import os
import pty
import re
import subprocess
import time

from cli_case import BIN, HELLO, CliCase, main


class Usage(CliCase):
    def wrong(self, args, code, *parts):
        result = self.dewar(*args)
        self.assertEqual((result.status, result.out), (125, ""), result.err)
        self.assertTrue(result.err.startswith(f"dewar: error[{code}]: "), result.err)
        for part in parts:
            self.assertIn(part, result.err)

    def test_unknown_commands(self):
        self.wrong(["rnu"], "usage-verb", 'did you mean "run"?')
        self.wrong(["guest", "lst"], "usage-verb", 'did you mean "list"?')
        self.wrong(["guest"], "usage-verb")
        self.wrong(["module", "pirnt"], "usage-verb", 'did you mean "print"?')
        self.wrong(["module", "run"], "usage-verb")
        self.wrong(["frobnicate"], "usage-verb", "dewar help")
        self.wrong(["--json"], "usage-verb", "before the command")

    def test_unknown_options(self):
        self.wrong(["run", "--dri", "x", "x.wasm"], "usage-option", 'did you mean "--dir"?')
        self.wrong(["run", "--fuel=3", "x.wasm"], "usage-option", "-W fuel=")
        self.wrong(["run", "-x", "x.wasm"], "usage-option")
        self.wrong(["run", "-W", "fule=3", "x.wasm"], "usage-wasm", 'did you mean "fuel"?')
        self.wrong(["run", "-W", "smid=n", "x.wasm"], "usage-wasm", 'did you mean "simd"?')
        self.wrong(["run", "-W", "simd=maybe", "x.wasm"], "usage-wasm", "simd=y")
        self.wrong(["validate", "-W", "fuel=3", "x.wasm"], "usage-wasm")
        for item in ("fuel=", "fuel=-1", "fuel=99999999999999999999", "timeout=1x", "timeout=99999999999999999h",
                     "max-memory-size=0", "max-memory-size=64Mbit", "max-table-elements=x"):
            self.wrong(["run", "-W", item, "x.wasm"], "usage-wasm", "expected")
        self.wrong(["run", "--seed", "x", "x.wasm"], "usage-option")
        self.wrong(["run", "--seed=1", "--random=real", "x.wasm"], "usage-option")
        self.wrong(["run", "--clock", "fast", "x.wasm"], "usage-option", "real or virtual")
        self.wrong(["run", "--lang", "cobol", "x"], "usage-lang")
        for late in (["--lang", "python"], ["a", "--lang=foo"]):
            self.wrong(["run", "-", *late], "usage-lang", "options go before the program: `dewar run --lang LANGUAGE -`")
        self.wrong(["run", "-", "--language"], "usage-lang", 'say it with --lang before the "-": wasm, wat')
        self.wrong(["run", "--report=x", "x.wasm"], "usage-option")
        self.wrong(["run", "--env", "=x", "x.wasm"], "usage-env")
        self.wrong(["run", "--dir"], "usage-option")

    def test_empty_values(self):
        program = self.file("hello.wat", HELLO)
        options = re.findall(r"--([a-z-]+)[ =\[]+[A-Z]", self.dewar("help", "run").out)
        self.assertGreater(len(options), 15, options)
        for option in options:
            with self.subTest(option=option):
                result = self.dewar("run", f"--{option}=", program)
                self.assertIn(result.status, (0, 125, 126), result.err)
        self.wrong(["run", "--receipt=", program], "usage-option", "--receipt takes a file")
        self.wrong(["wat", "a.wat", "-o"], "usage-option", "--output needs a value: FILE")

    def test_where_we_are_is_gone(self):
        gone = self.folder / "gone"
        gone.mkdir()
        command = f'cd "{gone}" && rmdir "{gone}" && exec "{BIN}" run --receipt r.json "{self.file("hello.wat", HELLO)}"'
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 125, done.stderr)
        self.assertIn("usage-option", done.stderr)

    def test_missing_arguments(self):
        for args in (["run"], ["wat"], ["print", "a", "b"], ["validate"], ["objdump"], ["guest", "add"],
                     ["guest", "list", "x"], ["wast"]):
            self.wrong(args, "usage-argument")

    def test_json_is_json_even_then(self):
        outcome = self.outcome("--nope", "x.wasm")
        self.assert_outcome(outcome, "refused", "usage-option", 125)
        self.assert_outcome(self.outcome(), "refused", "usage-argument", 125)

    def test_options_end_at_the_program(self):
        count = '''(module (import "wasi_snapshot_preview1" "args_sizes_get" (func $s (param i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "proc_exit" (func $e (param i32))) (memory (export "memory") 1)
          (func (export "_start") (drop (call $s (i32.const 0) (i32.const 4))) (call $e (i32.load (i32.const 0)))))'''
        path = self.file("count.wat", count)
        self.assertEqual(self.dewar("run", path).status, 1)
        self.assertEqual(self.dewar("run", path, "--json", "--", "-W", "x").status, 5)
        self.assertEqual(self.dewar("run", "--", path, "--help").status, 2)
        self.assertEqual(self.dewar(path, "a").status, 2, "a program may stand where the command is")

    def test_overview_is_short(self):
        result = self.dewar("--help")
        self.assertEqual(result.status, 0)
        self.assertLess(len(result.out.splitlines()), 25)
        self.assertEqual(result.out, self.dewar().out)
        self.assertEqual(result.out, self.dewar("help").out)

    def test_every_command_explains_itself(self):
        for verb in (["run"], ["guest", "add"], ["guest", "list"], ["guest", "remove"], ["guest", "path"], ["wat"],
                     ["print"], ["validate"], ["objdump"], ["wast"], ["help"]):
            result = self.dewar(*verb, "--help")
            self.assertEqual(result.status, 0)
            self.assertIn("Examples:\n  ", result.out)
            self.assertIn("Usage: dewar " + " ".join(verb), result.out)
            self.assertEqual(result.out, self.dewar("help", *verb).out)
            self.assertLessEqual(max(map(len, result.out.splitlines())), 100)
            self.assertNotIn("\x1b", result.out)

    def test_manual_and_completions_know_every_option(self):
        options = set(re.findall(r"--([a-z-]+)", self.dewar("help", "run").out.split("Options:")[1].split("-W takes")[0]))
        self.assertIn("dir", options)
        manual = self.dewar("help", "--man").out
        self.assertTrue(manual.startswith(".TH DEWAR 1"))
        for option in options:
            self.assertIn("\\-\\-" + option.replace("-", "\\-"), manual)
            for shell in ("bash", "zsh", "fish"):
                text = self.dewar("help", "--completions", shell).out
                self.assertIn(("-l " if shell == "fish" else "--") + option, text)
        self.wrong(["help", "--completions", "tcsh"], "usage-option")

    def test_options_for_our_tests_are_not_told(self):
        told = self.dewar("help", "run").out + self.dewar("help", "--man").out.replace("\\-", "-")
        for shell in ("bash", "zsh", "fish"):
            told += self.dewar("help", "--completions", shell).out
        self.assertIn("raw-output", told)
        self.assertNotIn("hide-memory", told)
        self.assertNotIn("hide-memory", self.dewar("run", "--hide-memry", "x.wasm").err)
        self.assertEqual(self.dewar("run", "--hide-memory", self.file("hello.wat", HELLO)).out, "hello from a dewar\n")

    def test_bash_completion_works(self):
        script = self.file("complete.bash", self.dewar("help", "--completions", "bash").out + '''
          COMP_WORDS=(dewar run --cl); COMP_CWORD=2; _dewar; echo "${COMPREPLY[@]}"
          COMP_WORDS=(dewar guest re); COMP_CWORD=2; _dewar; echo "${COMPREPLY[@]}"
          COMP_WORDS=(dewar va); COMP_CWORD=1; _dewar; echo "${COMPREPLY[@]}"
          COMP_WORDS=(dewar run --clock v); COMP_CWORD=3; _dewar; echo "${COMPREPLY[@]}"''')
        done = subprocess.run(["bash", script], capture_output=True, text=True, timeout=30)
        self.assertEqual(done.stdout.split(), ["--clock", "--clock-start", "remove", "validate", "virtual"], done.stderr)

    def test_version(self):
        result = self.dewar("version")
        self.assertRegex(result.out, r"^dewar \d+\.\d+\.\d+\nfeatures: .*\bsimd\b")
        self.assertEqual(result.out, self.dewar("--version").out)

    def test_start_is_quick(self):
        """A sanity bound, far above what the benchmark measures: no start may do work for other commands."""
        path = self.file("empty.wat", '(module (func (export "_start")))')
        best = min(self.seconds(path) for _ in range(10))
        self.assertLess(best, 0.5)

    def seconds(self, path):
        start = time.monotonic()
        self.assertEqual(self.dewar("run", path).status, 0)
        return time.monotonic() - start


class Terminal(CliCase):
    """What a terminal gets: no control sequences of the guest's, colour, and the report of refusals."""

    def on_terminal(self, *args, env=None):
        master, slave = pty.openpty()
        environment = dict(os.environ, TERM="xterm", **(env or {}))
        child = subprocess.Popen([BIN, *args], stdin=slave, stdout=slave, stderr=slave, env=environment,
                                 cwd=self.folder)
        os.close(slave)
        out = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:  # the last writer is gone
                break
            if not piece:
                break
            out += piece
        os.close(master)
        return child.wait(timeout=60), out.replace(b"\r\n", b"\n")


    def evil(self):
        text = "a\x1b[31m\x07\\\u00e9\r\t".encode() + b"\xff\nend\n"
        data = "".join(f"\\{byte:02x}" for byte in text)
        return self.file("evil.wat", f'''(module
          (import "wasi_snapshot_preview1" "fd_write" (func $w (param i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 1) (data (i32.const 0) "\\08\\00\\00\\00\\{len(text):02x}\\00\\00\\00{data}")
          (func (export "_start") (drop (call $w (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 100)))))'''), text

    def test_control_sequences_are_shown_not_obeyed(self):
        path, text = self.evil()
        status, out = self.on_terminal("run", path)
        self.assertEqual((status, out), (0, b"a\\u{1b}[31m\\u{7}\\\xc3\xa9\\u{d}\t\\xff\nend\n"))
        status, out = self.on_terminal("run", "--raw-output", path)
        self.assertIn(b"\x1b[31m\x07", out)
        self.assertEqual(self.dewar("run", path).out_bytes, text, "a pipe gets the bytes as they are")

    def test_a_character_in_two_writes(self):
        path = self.file("split.wat", '''(module
          (import "wasi_snapshot_preview1" "fd_write" (func $w (param i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 1) (data (i32.const 0) "\\10\\00\\00\\00\\01\\00\\00\\00\\11\\00\\00\\00\\01\\00\\00\\00\\c3\\a9")
          (func (export "_start") (drop (call $w (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 100)))
            (drop (call $w (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 100)))))''')
        self.assertEqual(self.on_terminal("run", path)[1], "\u00e9".encode())

    def test_errors_escape_names(self):
        path = self.file("name.wat", '(module (import "\\1b[2J" "x" (func)) (func (export "_start")))')
        status, out = self.on_terminal("run", path, env={"NO_COLOR": "1"})
        self.assertEqual(status, 126)
        self.assertNotIn(b"\x1b", out)
        self.assertIn(b"[2J", out)

    def test_colour_only_on_terminals(self):
        self.assertIn(b"\x1b[", self.on_terminal("run", "none.wasm")[1])
        self.assertNotIn(b"\x1b[", self.on_terminal("run", "none.wasm", env={"NO_COLOR": "1"})[1])
        self.assertNotIn("\x1b[", self.dewar("run", "none.wasm").err)

    def test_refusals_are_told(self):
        path = self.file("open.wat", '''(module
          (import "wasi_snapshot_preview1" "path_open"
            (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
          (memory (export "memory") 1) (data (i32.const 16) "etc/shadow")
          (func (export "_start") (drop (call $open (i32.const 3) (i32.const 0) (i32.const 16) (i32.const 10)
            (i32.const 0) (i64.const 2) (i64.const 2) (i32.const 0) (i32.const 8)))))''')
        status, out = self.on_terminal("run", path)
        self.assertEqual(status, 0)
        self.assertIn(b"dewar: denied path_open /etc/shadow (no grant covers it); to allow: --ro ", out)
        self.assertEqual(self.on_terminal("run", "--report=never", path)[1], b"")

    def test_modules_are_not_written_to_terminals(self):
        status, out = self.on_terminal("wat", "-o", "-", self.file("m.wat", "(module)"))
        self.assertEqual(status, 125)
        self.assertIn(b"-o FILE", out)


if __name__ == "__main__":
    main()
