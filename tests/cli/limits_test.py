#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every limit of a run, exact: with what a program used it passes, with one more too, with one less it is refused. And
what the outcome says then: the limit's code, what was used and allowed, and how often something was refused."""

import functools
import re

from cli_case import LOOP, ROOT, CliCase, main

WASI = "wasi_snapshot_preview1"
PRELUDE = f'''(module
  (import "{WASI}" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "{WASI}" "fd_pwrite" (func $pwrite (param i32 i32 i32 i64 i32) (result i32)))
  (import "{WASI}" "fd_filestat_set_size" (func $set_size (param i32 i64) (result i32)))
  (import "{WASI}" "fd_close" (func $close (param i32) (result i32)))
  (import "{WASI}" "random_get" (func $random (param i32 i32) (result i32)))
  (import "{WASI}" "sched_yield" (func $yield (result i32)))
  (import "{WASI}" "path_create_directory" (func $mkdir (param i32 i32 i32) (result i32)))
  (import "{WASI}" "path_open" (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "{WASI}" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "a" "b" "." "f")
  (data (i32.const 100) "0123456789")
  (data (i32.const 200) "\\64\\00\\00\\00\\0a\\00\\00\\00")
  ;; Ends with 10 + the error if there is one.
  (func $must (param i32) (if (local.get 0) (then (call $exit (i32.add (i32.const 10) (local.get 0))))))
  (func $ten (param $fd i32)
    (call $must (call $fd_write (local.get $fd) (i32.const 200) (i32.const 1) (i32.const 220))))
  (func $open (param $name i32) (param $flags i32) (result i32)
    (call $must (call $path_open (i32.const 3) (i32.const 0) (local.get $name) (i32.const 1) (local.get $flags)
      (i64.const 0x3fffffff) (i64.const 0x3fffffff) (i32.const 0) (i32.const 240)))
    (i32.load (i32.const 240)))
  ;; The folder itself, for listing.
  (func $folder (result i32)
    (call $must (call $path_open (i32.const 3) (i32.const 0) (i32.const 2) (i32.const 1) (i32.const 2)
      (i64.const 0x4000) (i64.const 0) (i32.const 0) (i32.const 240)))
    (i32.load (i32.const 240)))
'''
ENOBUFS, EMFILE, ENOSPC = 52, 43, 61  # 10 + the WASI number


TESTED = {}  # limit: how


def exact(name, step=1):
    """The test must show the limit exact: of three values `step` apart, it has refused with the least and with no other."""
    TESTED[name] = "exact"

    def decorate(test):
        @functools.wraps(test)
        def run(self):
            self.tried = {}
            test(self)
            hits = self.tried.get(name, {})
            self.assertTrue([used for used in hits if (hits.get(used - step), hits[used], hits.get(used + step)) == (True, False, False)],
                            f"no run shows {name} at used - {step}, used and used + {step}: {hits}")
        return run
    return decorate


def limit_rows():
    """(flag, outcome code, member of `limits`, default) of every limit: the page, which a unit test holds against the table."""
    page = (ROOT / "docs/limits.md").read_text()
    return re.findall(r"^\| `([a-z-]+)` \| `([a-z-]+)` \| `([a-z_]+)` \| ([^|]+) \|", page, re.M)


class Exact(CliCase):
    tried = {}

    def outcome(self, *args, **more):
        """Also notes for each limit of the command line whether it was met, by its number."""
        outcome = super().outcome(*args, **more)
        codes = {row[0]: row[1] for row in limit_rows()}
        for option, value in zip(args, args[1:]):
            name, _, number = str(value).partition("=")
            if option == "-W" and number.isdecimal():
                self.tried.setdefault(name, {})[int(number)] = codes[name] in outcome["limits_hit"]
        return outcome

    def program(self, start, fields=""):
        return self.file("limit.wat", f'{PRELUDE} {fields} (func (export "_start") {start}))')

    def check(self, flag, member, code, program, used, ends=None, exits=None, options=(), step=1):
        """`ends`: the run ends with the limit's code. `exits`: the program sees an error and exits with this."""
        free = self.outcome(*options, program)
        self.assert_outcome(free, "exit", "ok", 0)
        self.assertEqual(free["limits"][member]["used"], used)
        self.assertEqual(free["limits_hit"], [])
        for allowed in (used, used + step):
            outcome = self.outcome("-W", f"{flag}={allowed}", *options, program)
            self.assert_outcome(outcome, "exit", "ok", 0)
            self.assertEqual(outcome["limits"][member], {"used": used, "allowed": allowed, "refused": 0})
        outcome = self.outcome("-W", f"{flag}={used - step}", *options, program)
        if ends:
            self.assert_outcome(outcome, "limit", code, 137)
            self.assertFalse(outcome["retryable"])
            text = self.dewar("run", "-W", f"{flag}={used - step}", *options, program)
            self.assertIn(f"allow more with -W {flag}=", text.err)
        else:
            self.assert_outcome(outcome, "exit", "exit-nonzero" if exits else "ok", exits)
            self.assertGreater(outcome["limits"][member]["refused"], 0)
        self.assertEqual(outcome["limits"][member]["allowed"], used - step)
        self.assertIn(code, outcome["limits_hit"])
        self.assertTrue(outcome["determinism"]["reproducible"])
        return outcome

    @exact("fuel")
    def test_fuel(self):
        program = self.program("(call $must (i32.const 0))")
        used = self.outcome(program)["limits"]["fuel"]["used"]
        self.check("fuel", "fuel", "fuel", program, used, ends=True)

    @exact("max-memory-size")
    def test_memory(self):
        grow = "(if (i32.ne (memory.grow (i32.const 2)) (i32.const 1)) (then (call $exit (i32.const 3))))"
        outcome = self.check("max-memory-size", "memory_bytes", "memory", self.program(grow), 3 << 16, exits=3)
        self.assertEqual(outcome["limits"]["memory_bytes"]["refused"], 1)
        # What the module itself forbids is no refusal of ours.
        own = self.file("own.wat", '(module (memory 1 2) (func (export "_start") (drop (memory.grow (i32.const 2)))))')
        self.assertEqual(self.outcome(own)["limits_hit"], [])

    @exact("max-total-memory")
    def test_total_memory(self):
        grow = "(if (i32.ne (memory.grow $b (i32.const 2)) (i32.const 1)) (then (call $exit (i32.const 3))))"
        self.check("max-total-memory", "total_memory_bytes", "total-memory",
                   self.program(grow, "(memory $b 1) (table 10 externref)"), (4 << 16) + 40, exits=3)
        grow = """(if (i32.ne (table.grow 0 (ref.null extern) (i32.const 5)) (i32.const 10))
          (then (call $exit (i32.const 4))))"""
        self.check("max-total-memory", "total_memory_bytes", "total-memory",
                   self.program(grow, "(table 10 externref)"), (1 << 16) + 60, exits=4)

    @exact("max-table-elements")
    def test_table_elements(self):
        grow = """(if (i32.ne (table.grow 0 (ref.null func) (i32.const 5)) (i32.const 10))
          (then (call $exit (i32.const 3))))"""
        self.check("max-table-elements", "table_elements", "table-elements",
                   self.program(grow, "(table 10 funcref)"), 15, exits=3)

    @exact("max-gc-heap")
    def test_gc_heap(self):
        program = self.program("(global.set $kept (array.new_default $bytes (i32.const 100000)))",
                               "(type $bytes (array i8)) (global $kept (mut (ref null $bytes)) (ref.null $bytes))")
        used = self.outcome(program)["limits"]["gc_heap_bytes"]["used"]
        self.assertGreaterEqual(used, 100000)
        self.check("max-gc-heap", "gc_heap_bytes", "gc-heap", program, used, ends=True)

    @exact("max-code-memory")
    def test_code_memory(self):
        program = self.program("(call $work (i32.const 1))", '''(func $work (param i32) (local v128)
          (block (block (br_table 0 1 1 0 1 (local.get 0))) (br_if 0 (local.get 0))))''')
        used = self.outcome(program)["limits"]["code_memory_bytes"]["used"]
        functions = (PRELUDE.count("(func $") - PRELUDE.count("(import") + 2) * 160
        self.assertGreater(used, functions + 8 * 24)
        ended = self.check("max-code-memory", "code_memory_bytes", "code-memory", program, used, ends=True)
        self.assertLess(ended["limits"]["code_memory_bytes"]["used"], used)
        self.assertEqual(ended["trap"]["kind"], "code-memory-exhausted")
        # Two functions at a time: what the first took stays taken.
        both = self.program("(call $work (i32.const 1)) (call $must (i32.const 0))", '''(func $work (param i32) (local v128)
          (block (block (br_table 0 1 1 0 1 (local.get 0))) (br_if 0 (local.get 0))))''')
        self.check("max-code-memory", "code_memory_bytes", "code-memory", both,
                   self.outcome(both)["limits"]["code_memory_bytes"]["used"], ends=True)
        # All functions count before any runs.
        refused = self.outcome("-W", f"max-code-memory={functions - 1}", program)
        self.assert_outcome(refused, "refused", "limit-code", 126)
        ends = self.outcome("-W", f"max-code-memory={functions}", program)
        self.assert_outcome(ends, "limit", "code-memory", 137)
        self.assertEqual(ends["limits"]["code_memory_bytes"], {"used": functions, "allowed": functions, "refused": 0})

    @exact("max-code-memory")
    def test_code_memory_of_collections(self):
        # Where references are is found out for the functions on the stack when there is garbage to collect, and stays.
        program = self.program("(call $fill (i32.const 30)) (call $large (i32.const 0))", '''
          (type $bytes (array (mut i8)))
          (func $fill (param i32) (local $kept (ref null $bytes)) (loop $l
            (local.set $kept (array.new_default $bytes (i32.const 10000)))
            (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
          (func $large (param i32) (block (br_table''' + " 0" * 100 + " (local.get 0))))")
        options = ("-W", "max-gc-heap=200000")
        collected = self.outcome(*options, program)["limits"]["code_memory_bytes"]["used"]
        never = self.outcome("-W", "max-gc-heap=1GiB", program)["limits"]["code_memory_bytes"]["used"]
        self.assertGreater(collected, never)
        self.check("max-code-memory", "code_memory_bytes", "code-memory", program, collected, ends=True, options=options)

    @exact("max-wasm-stack", step=8)
    def test_stack(self):
        program = self.program("(call $deep (i32.const 20))", '''(func $deep (param i32)
          (if (local.get 0) (then (call $deep (i32.sub (local.get 0) (i32.const 1))))))''')
        low, high = 8, 1 << 16  # fails, passes
        while high - low > 8:
            middle = (low + high) // 16 * 8
            if self.outcome("-W", f"max-wasm-stack={middle}", program)["code"] == "ok":
                high = middle
            else:
                low = middle
        outcome = self.outcome("-W", f"max-wasm-stack={high - 8}", program)
        self.assert_outcome(outcome, "limit", "stack", 137)
        self.assertEqual(outcome["limits"]["stack_bytes"], {"used": None, "allowed": high - 8, "refused": 0})
        self.assertEqual(outcome["limits_hit"], ["stack"])
        self.assert_outcome(self.outcome("-W", f"max-wasm-stack={high + 8}", program), "exit", "ok", 0)

    @exact("max-handles")
    def test_handles(self):
        # 0 to 2, the root, and two of our own of which one is closed in between.
        program = self.program("(call $must (call $close (call $folder))) (drop (call $folder)) (drop (call $folder))")
        self.check("max-handles", "handles", "handles", program, 6, exits=EMFILE,
                   options=("--scratch", "off"))

    @exact("max-call-bytes")
    def test_bytes_of_a_call(self):
        program = self.program("(call $must (call $random (i32.const 0) (i32.const 100)))"
                               "(call $must (call $random (i32.const 0) (i32.const 60)))")
        self.check("max-call-bytes", "call_bytes", "call-bytes", program, 100, exits=ENOBUFS)

    @exact("max-host-bytes")
    def test_bytes_of_all_calls(self):
        program = self.program("(call $must (call $random (i32.const 0) (i32.const 100)))"
                               "(call $must (call $random (i32.const 0) (i32.const 60)))")
        self.check("max-host-bytes", "host_bytes", "host-bytes", program, 160, ends=True)

    @exact("max-host-calls")
    def test_host_calls(self):
        program = self.program("(drop (call $yield)) (drop (call $yield)) (drop (call $yield))")
        outcome = self.check("max-host-calls", "host_calls", "host-calls", program, 3, ends=True)
        self.assertEqual(outcome["limits"]["host_calls"]["used"], 2)

    @exact("max-output")
    def test_output(self):
        program = self.program("(call $ten (i32.const 1)) (call $ten (i32.const 2))")
        outcome = self.check("max-output", "output_bytes", "output", program, 20, ends=True)
        self.assertEqual(outcome["limits"]["output_bytes"], {"used": 19, "allowed": 19, "refused": 1})
        self.assertEqual((outcome["stdout"]["text"], outcome["stderr"]["text"]), ("0123456789", "012345678"))
        text = self.dewar("run", "-W", "max-output=5", program)
        self.assertEqual((text.status, text.out), (137, "01234"))

    @exact("kept-output")
    def test_kept_output(self):
        program = self.program("(call $ten (i32.const 1)) (call $ten (i32.const 1))")
        outcome = self.check("kept-output", "kept_output_bytes", "kept-output", program, 20, exits=0)
        self.assertEqual(outcome["stdout"], {"text": "0123456789", "tail": "123456789", "utf8": True, "bytes": 20,
                                             "omitted_bytes": 1, "spill": None})

    @exact("max-random")
    def test_random(self):
        program = self.program("(call $must (call $random (i32.const 0) (i32.const 100)))"
                               "(call $must (call $random (i32.const 0) (i32.const 60)))")
        outcome = self.check("max-random", "random_bytes", "random", program, 160, ends=True)
        self.assertEqual(outcome["determinism"]["random_bytes"], 100)

    @exact("max-files-created")
    def test_files_created(self):
        program = self.program('''(call $must (call $mkdir (i32.const 3) (i32.const 0) (i32.const 1)))
          (drop (call $open (i32.const 3) (i32.const 1))) (drop (call $open (i32.const 3) (i32.const 0)))''')
        outcomes = []
        for number, allowed in enumerate((None, 1, 2, 3)):
            folder = self.folder / str(number)
            folder.mkdir()
            limit = () if allowed is None else ("-W", f"max-files-created={allowed}")
            outcomes.append(self.outcome(*limit, "--dir", f"{folder}::/d", program))
            self.assertEqual(len(list(folder.iterdir())), 1 if allowed == 1 else 2)
        self.assertEqual([o["exit_code"] for o in outcomes], [0, ENOSPC, 0, 0])
        self.assertEqual(outcomes[0]["limits"]["files_created"]["used"], 2, "a file that was there is not made")
        self.assertEqual(outcomes[1]["limits"]["files_created"], {"used": 1, "allowed": 1, "refused": 1})
        self.assertEqual(outcomes[1]["limits_hit"], ["files-created"])
        self.assertEqual(outcomes[2]["limits_hit"], [])

    @exact("max-written")
    def test_written(self):
        (self.folder / "d").mkdir()
        options = ("--dir", f"{self.folder}/d::/d")
        # Two times ten bytes, the second in what may be several writes, and five more by size alone.
        program = self.program('''(local $fd i32) (local.set $fd (call $open (i32.const 3) (i32.const 9)))
          (call $ten (local.get $fd)) (call $ten (local.get $fd))
          (if (i32.ne (i32.load (i32.const 220)) (i32.const 10)) (then (call $ten (local.get $fd))))''')
        self.check("max-written", "written_bytes", "written", program, 20, exits=ENOSPC, options=options)
        self.assertEqual((self.folder / "d/f").read_bytes(), b"0123456789012345678")
        program = self.program('''(local $fd i32) (local.set $fd (call $open (i32.const 3) (i32.const 9)))
          (call $ten (local.get $fd)) (call $must (call $set_size (local.get $fd) (i64.const 25)))
          (call $must (call $set_size (local.get $fd) (i64.const 5)))''')
        self.check("max-written", "written_bytes", "written", program, 25, exits=ENOSPC, options=options)
        self.assertEqual((self.folder / "d/f").read_bytes(), b"0123456789")
        # A hole counts, too.
        program = self.program('''(local $fd i32) (local.set $fd (call $open (i32.const 3) (i32.const 9)))
          (call $ten (local.get $fd))
          (call $must (call $pwrite (local.get $fd) (i32.const 200) (i32.const 1) (i64.const 25) (i32.const 220)))
          (if (i32.ne (i32.load (i32.const 220)) (i32.const 10)) (then (call $exit (i32.const 9))))''')
        self.check("max-written", "written_bytes", "written", program, 35, exits=9, options=options)
        self.assertEqual((self.folder / "d/f").read_bytes(), b"0123456789" + bytes(15) + b"012345678")
        outcome = self.outcome("-W", "max-written=25", *options, program)
        self.assertEqual(outcome["exit_code"], ENOSPC, "nothing of it fits but the hole")

    def test_scratch(self):
        """Not of the table, as it has an option of its own; so has --out, which folders_test.py holds."""
        program = self.program('''(call $must (call $path_open (i32.const 3) (i32.const 0) (i32.const 300) (i32.const 5)
          (i32.const 9) (i64.const 0x40) (i64.const 0) (i32.const 0) (i32.const 240)))
          (call $ten (i32.load (i32.const 240)))''', '(data (i32.const 300) "tmp/f")')
        used = self.outcome(program)["limits"]["scratch_bytes"]["used"]
        for allowed, exits in ((used - 1, ENOSPC), (used, 0), (used + 1, 0)):
            outcome = self.outcome("--scratch", str(allowed), program)
            self.assertEqual(outcome["exit_code"], exits, outcome)
            self.assertEqual(outcome["limits"]["scratch_bytes"]["allowed"], allowed)
            self.assertEqual(outcome["limits"]["scratch_bytes"]["refused"], 1 if exits else 0)

    TESTED["timeout"] = "by time"

    def test_wall_time(self):
        """The one limit that cannot be exact: it ends what has no end, and leaves alone what is long over."""
        outcome = self.outcome("-W", "timeout=1ms", self.file("loop.wat", LOOP))
        self.assert_outcome(outcome, "limit", "wall-time", 124)
        self.assertEqual(outcome["limits"]["wall_time_ms"], {"used": None, "allowed": 1, "refused": 0})
        self.assertEqual((outcome["limits_hit"], outcome["retryable"], outcome["determinism"]["reproducible"]),
                         (["wall-time"], True, False))
        self.assertEqual(self.outcome("-W", "timeout=60000", self.program(""))["limits_hit"], [])

    def test_every_limit_has_a_test(self):
        self.assertEqual(set(TESTED), {row[0] for row in limit_rows()})
        self.assertEqual([name for name, how in TESTED.items() if how != "exact"], ["timeout"])


class Flags(CliCase):
    def test_values(self):
        program = self.file("empty.wat", '(module (func (export "_start")))')
        for flag, allowed in (("fuel=none", ("fuel", None)), ("fuel=5k", ("fuel", 5000)),
                              ("fuel=5K", ("fuel", 5000)), ("max-output=3mib", ("output_bytes", 3 << 20)),
                              ("timeout=1m", ("wall_time_ms", 60000)), ("max-written=2KiB", ("written_bytes", 2048)),
                              ("max-memory-size=none", ("memory_bytes", None)),
                              ("max-total-memory=5M", ("total_memory_bytes", 5 << 20))):
            self.assertEqual(self.outcome("-W", flag, program)["limits"][allowed[0]]["allowed"], allowed[1])
        for flag in ("fuel=1MiB", "max-wasm-stack=none", "max-handles=0", "max-handles=2000000", "kept-output=1GiB",
                     "max-wasm-stack=8GiB", "max-output=x", "max-files=3", "fuel=18446744073709551615"):
            outcome = self.outcome("-W", flag, program)
            self.assert_outcome(outcome, "refused", "usage-wasm", 125)
            self.assertTrue(outcome["refusal"]["hint"])

    def test_every_limit_is_in_the_help_and_the_schema(self):
        rows = limit_rows()
        self.assertGreaterEqual(len(rows), 17)
        limits = self.outcome(self.file("empty.wat", '(module (func (export "_start")))'))["limits"]
        # The two folders in memory have options of their own.
        self.assertEqual([json for _, _, json, _ in rows] + ["scratch_bytes", "out_bytes"], list(limits))
        text = re.sub(r"\s+", " ", self.dewar("help", "run").out)
        for name, _, _, default in rows:
            self.assertRegex(text, rf" {name}=[^ ]+ [^=]*\(default {re.escape(default)}\)")


if __name__ == "__main__":
    main()
