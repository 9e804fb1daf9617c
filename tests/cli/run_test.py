#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""dewar run on modules: every class of outcome, its exit status, its JSON, and what a person is told."""

import json
import socket
import time
import unittest

from cli_case import HELLO, LOOP, CliCase, SCHEMA, main, schema_faults

WASI = "wasi_snapshot_preview1"


def exits_with(code):
    return f'''(module (import "{WASI}" "proc_exit" (func $exit (param i32)))
      (func (export "_start") (call $exit (i32.const {code}))))'''


def traps(body, more=""):
    return f'(module {more} (func $inner {body}) (func (export "_start") (call $inner)))'


class Ends(CliCase):
    def test_output_and_success(self):
        result = self.dewar("run", self.file("hello.wat", HELLO))
        self.assertEqual((result.status, result.out, result.err), (0, "hello from a dewar\n", ""))
        outcome = self.outcome(self.file("hello.wat", HELLO))
        self.assert_outcome(outcome, "exit", "ok", 0)
        self.assertEqual(outcome["stdout"], {"text": "hello from a dewar\n", "utf8": True, "tail": None, "bytes": 19,
                                             "omitted_bytes": 0, "spill": None})
        self.assertEqual(outcome["host_calls"], 1)

    def test_own_exit_code(self):
        for code in (0, 1, 3, 124, 255):
            outcome = self.outcome(self.file("exit.wat", exits_with(code)))
            self.assert_outcome(outcome, "exit", "exit-nonzero" if code else "ok", code)
            self.assertEqual(self.dewar("run", self.file("exit.wat", exits_with(code))).status, code)

    def test_large_exit_code_stays_a_failure(self):
        result = self.dewar("run", self.file("exit.wat", exits_with(256)))
        self.assertEqual(result.status, 255)

    def test_traps(self):
        memory = '(memory 1)'
        for body, more, kind in (
                ("(unreachable)", "", "unreachable"),
                ("(drop (i32.div_s (i32.const 1) (i32.const 0)))", "", "divide-by-zero"),
                ("(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))", "", "integer-overflow"),
                ("(drop (i32.trunc_f32_s (f32.const nan)))", "", "invalid-conversion"),
                ("(drop (i32.load (i32.const 65536)))", memory, "memory-out-of-bounds"),
                ("(memory.fill (i32.const 65535) (i32.const 0) (i32.const 2))", memory, "memory-out-of-bounds"),
                ("(drop (table.get 0 (i32.const 5)))", "(table 5 funcref)", "table-out-of-bounds"),
                ("(call_indirect (i32.const 0))", "(table 5 funcref)", "uninitialized-element"),
                ("(call_indirect (i32.const 9))", "(table 5 funcref)", "undefined-element"),
                ("(throw 0)", "(tag)", "uncaught-exception")):
            with self.subTest(kind=kind, body=body):
                outcome = self.outcome(self.file("trap.wat", traps(body, more)))
                self.assert_outcome(outcome, "trap", kind, 134)
                self.assertEqual(outcome["trap"]["kind"], kind)
                self.assertEqual([frame["function"] for frame in outcome["trap"]["frames"]], ["inner", "_start"])
                self.assertFalse(outcome["retryable"])

    def test_trap_frames_have_names_and_offsets(self):
        path = self.file("trap.wat", traps("(nop) (unreachable)"))
        frames = self.outcome(path)["trap"]["frames"]
        self.assertEqual([frame["function"] for frame in frames], ["inner", "_start"])
        self.assertEqual([frame["index"] for frame in frames], [0, 1])
        wasm = str(self.folder / "trap.wasm")
        self.assertEqual(self.dewar("wat", "-o", wasm, path).status, 0)
        with open(wasm, "rb") as module:
            code = module.read()
        self.assertEqual(code[frames[0]["offset"]], 0x00, "the offset is that of the unreachable")
        self.assertEqual(code[frames[1]["offset"]], 0x10, "and of the call")
        text = self.dewar("run", path)
        self.assertEqual(text.status, 134)
        self.assertIn("dewar: trap[unreachable]: unreachable\n  at inner (function 0, byte", text.err)

    def test_start_function_and_no_entry(self):
        self.assert_outcome(self.outcome(self.file("s.wat", "(module (func $f) (start $f))")), "exit", "ok", 0)
        outcome = self.outcome(self.file("n.wat", '(module (func (export "other")))'))
        self.assert_outcome(outcome, "refused", "no-entry", 126)
        self.assertIn("other", outcome["refusal"]["hint"])
        outcome = self.outcome(self.file("t.wat", '(module (func (export "_start") (param i32)))'))
        self.assert_outcome(outcome, "refused", "entry-type", 126)


class Limits(CliCase):
    def test_fuel_is_exact(self):
        path = self.file("hello.wat", HELLO)
        used = self.outcome(path)["limits"]["fuel"]["used"]
        self.assertGreater(used, 0)
        for fuel, code in ((used - 1, "fuel"), (used, "ok"), (used + 1, "ok")):
            outcome = self.outcome("-W", f"fuel={fuel}", path)
            self.assertEqual(outcome["code"], code, f"fuel={fuel} of {used}")
            self.assertEqual(outcome["limits"]["fuel"]["allowed"], fuel)

    def test_out_of_fuel(self):
        outcome = self.outcome("-W", "fuel=100k", self.file("loop.wat", LOOP))
        self.assert_outcome(outcome, "limit", "fuel", 137)
        self.assertTrue(outcome["determinism"]["reproducible"])
        self.assertFalse(outcome["retryable"])
        text = self.dewar("run", "-Wfuel=100k", self.file("loop.wat", LOOP))
        self.assertEqual(text.status, 137)
        self.assertIn("-W fuel=", text.err)

    def test_wall_time(self):
        outcome = self.outcome("-W", "timeout=200ms", self.file("loop.wat", LOOP))
        self.assert_outcome(outcome, "limit", "wall-time", 124)
        self.assertTrue(outcome["retryable"])
        self.assertFalse(outcome["determinism"]["reproducible"])

    def test_wall_time_ends_a_waiting_read(self):
        module = f'''(module (import "{WASI}" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 1) (data (i32.const 0) "\\10\\00\\00\\00\\04\\00\\00\\00")
          (func (export "_start") (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))))'''
        import os
        import subprocess
        from cli_case import BIN
        read_end, write_end = os.pipe()  # nothing is ever written
        try:
            done = subprocess.run([BIN, "run", "--stdin", "-W", "timeout=300ms", self.file("read.wat", module)],
                                  stdin=read_end, capture_output=True, timeout=60)
        finally:
            os.close(read_end)
            os.close(write_end)
        self.assertEqual(done.returncode, 124, done.stderr)

    def test_pieces_of_input_do_not_show(self):
        # How many reads it takes to read it all, asking for 1000 bytes at a time and never waiting by the flag.
        module = f'''(module (import "{WASI}" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
          (import "{WASI}" "fd_fdstat_set_flags" (func $flags (param i32 i32) (result i32)))
          (memory (export "memory") 1) (data (i32.const 0) "\\40\\00\\00\\00\\e8\\03\\00\\00")
          (func (export "go") (result i32) (local $n i32)
            (drop (call $flags (i32.const 0) (i32.const 4)))
            (loop $l (local.set $n (i32.add (local.get $n) (i32.const 1)))
              (if (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)) (then (br $l)))
              (br_if $l (i32.load (i32.const 8))))
            (local.get $n)))'''
        import subprocess
        import time
        from cli_case import BIN
        path = self.file("reads.wat", module)
        seen = []
        for pieces in ([b"x" * 2500], [b"x" * 900, b"x" * 900, b"x" * 700]):
            run = subprocess.Popen([BIN, "run", "--json", "--stdin", "--invoke", "go", path], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE)
            for piece in pieces:
                run.stdin.write(piece)
                run.stdin.flush()
                time.sleep(0.02)
            seen.append(json.loads(run.communicate(timeout=60)[0]))
        self.assertEqual(seen[0]["results"], ["i32:4"])
        self.assertTrue(seen[0]["determinism"]["reproducible"])
        for outcome in seen:
            outcome["host"] = None
        self.assertEqual(seen[0], seen[1])

    def test_recursion(self):
        module = '(module (func $f (export "_start") (call $f)))'
        outcome = self.outcome(self.file("deep.wat", module))
        self.assert_outcome(outcome, "limit", "stack", 137)
        again = self.outcome(self.file("deep.wat", module))
        self.assertEqual(outcome, again)
        small = self.outcome("-W", "max-wasm-stack=64KiB", self.file("deep.wat", module))
        self.assertLess(small["instructions"], outcome["instructions"])

    def test_memory(self):
        module = '''(module (memory 1) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))'''
        path = self.file("grow.wat", module)
        for pages, result in ((15, "i32:1"), (16, "i32:-1")):
            outcome = self.outcome("-W", "max-memory-size=1MiB", "--invoke", "grow", path, pages)
            self.assertEqual(outcome["results"], [result])
        self.assertEqual(self.outcome("--invoke", "grow", path, 15)["limits"]["memory_bytes"]["used"], 16 << 16)

    def test_memories_and_tables_are_counted_together(self):
        path = self.file("several.wat", '''(module (memory 3) (memory 5) (table 100 funcref) (table 10 externref)
          (func (export "_start")))''')
        limits = self.outcome("-W", "max-memory-size=1M,max-table-elements=1000", path)["limits"]
        self.assertEqual(limits["memory_bytes"], {"used": 5 << 16, "allowed": 1 << 20, "refused": 0})
        self.assertEqual(limits["total_memory_bytes"],
                         {"used": (8 << 16) + 100 * 12 + 10 * 4, "allowed": (1 << 20) + 16000, "refused": 0})
        outcome = self.outcome("-W", "max-memory-size=1MiB", self.file("big.wat", '''(module (memory 17)
          (func (export "_start")))'''))
        self.assertEqual((outcome["class"], outcome["exit_code"]), ("refused", 126))

    def test_output_is_bounded_and_counted(self):
        module = f'''(module (import "{WASI}" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 4) (data (i32.const 0) "\\10\\00\\00\\00\\00\\00\\02\\00")
          (func (export "_start") (local i32)
            (memory.fill (i32.const 16) (i32.const 97) (i32.const 131072))
            (i32.store8 (i32.const 131087) (i32.const 122))
            (loop (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
              (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 32))))))'''
        text = self.outcome(self.file("flood.wat", module))["stdout"]
        self.assertEqual(text["bytes"], 4 << 20)
        self.assertEqual(len(text["text"]) + text["omitted_bytes"] + len(text["tail"]), 4 << 20)
        self.assertTrue(text["tail"].endswith("az"))
        self.assertLessEqual(len(text["text"]) + len(text["tail"]), 1 << 20)


class Invoke(CliCase):
    MODULE = '''(module
      (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
      (func (export "all") (param i64 f32 f64 v128) (result v128 f64 f32 i64)
        (local.get 3) (local.get 2) (local.get 1) (local.get 0))
      (func (export "null") (param externref) (result externref) (local.get 0))
      (func (export "nan") (result f32 f64) (f32.const nan:0x200000) (f64.const -inf)))'''

    def test_values(self):
        path = self.file("m.wat", self.MODULE)
        result = self.dewar("run", "--invoke", "add", path, "-2", "0x10")
        self.assertEqual((result.status, result.out), (0, "14\n"))
        outcome = self.outcome("--invoke", "all", path, "-9223372036854775808", "0.1", "-1e300", "0x0102")
        self.assertEqual(outcome["results"], ["v128:0x" + "0" * 29 + "102", "f64:-1e+300", "f32:0.1",
                                              "i64:-9223372036854775808"])
        self.assertEqual(self.outcome("--invoke", "null", path, "null")["results"], ["externref:null"])
        self.assertEqual(self.outcome("--invoke", "nan", path)["results"], ["f32:nan:0x200000", "f64:-inf"])

    def test_wrong_arguments(self):
        path = self.file("m.wat", self.MODULE)
        for args, code in ((("nope",), "invoke-not-found"), (("add", "1"), "invoke-arguments"),
                           (("add", "1", "2", "3"), "invoke-arguments"), (("add", "1", "x"), "invoke-argument"),
                           (("add", "1", "4294967296"), "invoke-argument"), (("null", "7"), "invoke-argument")):
            with self.subTest(args=args):
                outcome = self.outcome("--invoke", args[0], path, *args[1:])
                self.assert_outcome(outcome, "refused", code, 126)


class Grants(CliCase):
    OPEN = f'''(module
      (import "{WASI}" "path_open"
        (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
      (memory (export "memory") 1) (data (i32.const 16) "etc/passwd")
      (func (export "open") (result i32)
        (call $open (i32.const 3) (i32.const 0) (i32.const 16) (i32.const 10) (i32.const 0) (i64.const 2) (i64.const 2)
                    (i32.const 0) (i32.const 8))))'''

    def test_denial(self):
        path = self.file("open.wat", self.OPEN)
        outcome = self.outcome("--invoke", "open", path)
        self.assertEqual(outcome["results"], ["i32:76"])
        self.assertEqual(outcome["denied_count"], 1)
        denial = outcome["denials"][0]
        self.assertEqual((denial["operation"], denial["resource"], denial["guest_saw"], denial["evidence"]),
                         ("path_open", "/etc/passwd", "ENOTCAPABLE", "boundary"))
        self.assertIn("/etc", outcome["operator"]["grants"][0]["grant"])

    def test_report_on_request_only(self):
        path = self.file("open.wat", self.OPEN)
        self.assertEqual(self.dewar("run", "--invoke", "open", path).err, "")
        told = self.dewar("run", "--report=always", "--invoke", "open", path).err
        self.assertIn("dewar: denied path_open /etc/passwd (no grant covers it); to allow: --ro ", told)

    def test_grant_lifts_the_denial(self):
        self.file("etc/passwd", "x")
        path = self.file("open.wat", self.OPEN)
        outcome = self.outcome("--ro", f"{self.folder}::/", "--invoke", "open", path)
        self.assertEqual((outcome["results"], outcome["denied_count"]), (["i32:0"], 0))

    def test_environment(self):
        count = f'''(module (import "{WASI}" "environ_sizes_get" (func $sizes (param i32 i32) (result i32)))
          (memory (export "memory") 1)
          (func (export "count") (result i32 i32) (drop (call $sizes (i32.const 0) (i32.const 4)))
            (i32.load (i32.const 0)) (i32.load (i32.const 4))))'''
        path = self.file("env.wat", count)
        for args, wanted in (((), ["i32:0", "i32:0"]), (("--env", "AB=cd"), ["i32:1", "i32:6"]),
                             (("--env", "AB=1", "--env", "AB=cde", "--env=C="), ["i32:2", "i32:10"]),
                             (("--env", "OURS"), ["i32:1", "i32:8"])):
            with self.subTest(args=args):
                outcome = self.outcome(*args, "--invoke", "count", path, env={"OURS": "xy"})
                self.assertEqual(outcome["results"], wanted)
        self.assert_outcome(self.outcome("--env", "MISSING", path), "refused", "usage-env", 125)

    def test_socket_functions_of_older_engines_link(self):
        module = f'''(module (import "{WASI}" "sock_accept" (func $a (param i32 i32) (result i32)))
          (import "{WASI}" "sock_getaddrinfo" (func $g (param i32) (result i32)))
          (func (export "try") (result i32 i32) (call $a (i32.const 0) (i32.const 0)) (call $g (i32.const 0))))'''
        outcome = self.outcome("--invoke", "try", self.file("sock.wat", module))
        self.assertEqual(outcome["results"], ["i32:52", "i32:52"])
        self.assertEqual({denial["rule"] for denial in outcome["denials"]}, {"not-implemented"})

    def test_sockets_are_passed_on(self):
        # Answers one connection with what it heard.
        module = f'''(module
          (import "{WASI}" "sock_accept" (func $accept (param i32 i32 i32) (result i32)))
          (import "{WASI}" "sock_recv" (func $recv (param i32 i32 i32 i32 i32 i32) (result i32)))
          (import "{WASI}" "sock_send" (func $send (param i32 i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 1)
          (func $echo (param $fd i32) (result i32)
            (i32.store (i32.const 16) (i32.const 64)) (i32.store (i32.const 20) (i32.const 100))
            (drop (call $recv (local.get $fd) (i32.const 16) (i32.const 1) (i32.const 0) (i32.const 8) (i32.const 12)))
            (i32.store (i32.const 20) (i32.load (i32.const 8)))
            (call $send (local.get $fd) (i32.const 16) (i32.const 1) (i32.const 0) (i32.const 8)))
          (func (export "serve") (result i32)
            (if (call $accept (i32.const 3) (i32.const 0) (i32.const 0)) (then (return (i32.const -1))))
            (call $echo (i32.load (i32.const 0))))
          (func (export "talk") (result i32) (call $echo (i32.const 3))))'''
        path = self.file("echo.wat", module)
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.sendall(b"hello")
                number = server.fileno()
                outcome = self.outcome("--listen", f"fd:{number}", "--invoke", "serve", path, pass_fds=(number,))
                self.assertEqual((outcome["results"], client.recv(100)), (["i32:0"], b"hello"))
                self.assertFalse(outcome["determinism"]["reproducible"])
            # Taken: the address is refused, and nothing runs.
            self.assert_outcome(self.outcome("--listen", f"127.0.0.1:{port}", path), "refused", "grant-socket", 126)
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.sendall(b"by descriptor")
            number = theirs.fileno()
            outcome = self.outcome("--stream", f"fd:{number}", "--invoke", "talk", path, pass_fds=(number,))
            self.assertEqual((outcome["results"], ours.recv(100)), (["i32:0"], b"by descriptor"))
        outcome = self.outcome("--invoke", "serve", path)
        self.assertEqual(outcome["results"], ["i32:-1"])
        denied = outcome["denials"][0]
        self.assertEqual((denied["rule"], denied["missing"]), ("not-a-socket", "network"))
        for text in ("localhost:80", "127.0.0.1:0", "fd:x", ""):
            self.assert_outcome(self.outcome("--listen", text, path), "refused", "grant-socket", 126)

    def test_determinism_is_told(self):
        path = self.file("hello.wat", HELLO)
        told = self.outcome("--seed", "7", path)["determinism"]
        self.assertEqual((told["clock"], told["random"], told["seed"], told["reproducible"]),
                         ("virtual", "seeded", 7, True))
        told = self.outcome("--clock", "real", "--random=real", path)["determinism"]
        self.assertEqual((told["clock"], told["random"], told["seed"], told["reproducible"]),
                         ("real", "real", None, False))

    def test_waits_of_the_only_thread(self):
        path = self.file("wait.wat", '''(module (memory 1 1 shared) (func (export "wait") (param i64) (result i32)
          (memory.atomic.wait32 (i32.const 0) (i32.const 0) (local.get 0))))''')
        hour = self.outcome("-W", "timeout=50s", "--invoke", "wait", path, "3600000000000")
        self.assertEqual((hour["code"], hour["results"], hour["determinism"]["reproducible"]), ("ok", ["i32:2"], True))
        for options in ((), ("--clock", "real"), ("--harden", "off")):
            endless = self.outcome("-W", "timeout=none", *options, "--invoke", "wait", path, "-1")
            self.assert_outcome(endless, "trap", "deadlock", 134)
            self.assertEqual(endless["trap"]["frames"][0]["function"], "wait")
        text = self.dewar("run", "--invoke", "wait", path, "-1")
        self.assertEqual(text.status, 134)
        self.assertIn("wait without a timeout that no thread can end", text.err)
        # The real clock: as long as it takes, whatever confines the process, and no longer than the wall time.
        start = time.monotonic()
        real = self.outcome("--clock", "real", "--invoke", "wait", path, "20000000")
        self.assertEqual(real["results"], ["i32:2"])
        self.assertGreaterEqual(time.monotonic() - start, 0.02)
        cut = self.outcome("--clock", "real", "-W", "timeout=50ms", "--invoke", "wait", path, "3600000000000")
        self.assert_outcome(cut, "limit", "wall-time", 124)

    def test_two_runs_give_equal_bytes(self):
        path = self.file("open.wat", self.OPEN)
        first = self.dewar("run", "--json", "--invoke", "open", path)
        second = self.dewar("run", "--json", "--invoke", "open", path, env={"USER": "x"}, cwd="/")
        self.assertEqual(first.out_bytes, second.out_bytes)


class StandardInput(CliCase):
    def test_program_from_standard_input(self):
        self.assertEqual(self.dewar("run", "--lang", "wat", "-", stdin=HELLO.encode()).out, "hello from a dewar\n")
        self.assertEqual(self.outcome("-", stdin=HELLO.encode())["code"], "usage-lang")
        self.assertEqual(self.outcome("--lang=wat", "--stdin", "-", stdin=HELLO.encode())["code"], "usage-option")

    def test_standard_input_is_a_grant(self):
        echo = f'''(module (import "{WASI}" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 1) (data (i32.const 0) "\\10\\00\\00\\00\\04\\00\\00\\00")
          (func (export "read") (result i32 i32) (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8))
            (i32.load (i32.const 8))))'''
        path = self.file("echo.wat", echo)
        self.assertEqual(self.outcome("--invoke", "read", path, stdin=b"abc")["results"], ["i32:0", "i32:0"])
        self.assertEqual(self.outcome("--stdin", "--invoke", "read", path, stdin=b"abc")["results"],
                         ["i32:0", "i32:3"])


class Schema(unittest.TestCase):
    """The check itself must be able to fail."""

    def test_faults_are_found(self):
        self.assertTrue(schema_faults({}, SCHEMA))
        self.assertTrue(schema_faults({"schema": "x"}, {"properties": {}, "additionalProperties": False}))
        self.assertTrue(schema_faults(True, {"type": "integer"}))
        self.assertTrue(schema_faults(1, {"anyOf": [{"type": "string"}, {"type": "null"}]}))
        self.assertTrue(schema_faults(1, {"keyword-that-nobody-knows": 1}))
        self.assertEqual(schema_faults(json.loads("[1, 2]"), {"type": "array", "items": {"minimum": 1}}), [])


if __name__ == "__main__":
    main()
