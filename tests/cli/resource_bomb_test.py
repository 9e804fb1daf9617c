#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Small files that ask for much: every command that reads programs ends with success or a stable code, and takes no
more processor time and memory than its input's size can justify. Both are measured by the kernel for the one process,
so that nothing depends on what else the machine does. The bounds are ten times the longest that was seen and twice the
largest: they are to find what grows faster than its input, or asks for what no input of that size can need."""

import os
import re
import subprocess
import sys

from cli_case import BIN, ROOT, CliCase, main
from wasm_bytes import START, VOID, custom, leb, module, program, repeated, section, signed, sized, vector

MIB = 1 << 20
CPU_SECONDS = 10
CODES = set(re.findall(r"^\| `([a-z0-9-]+)`", (ROOT / "docs/errors.md").read_text(), re.M))
COMMANDS = ("validate", "objdump", "print", "wat", "run")

# A process of its own, because a new program inherits the peak of the one that it replaces, and this one is large. A
# hang is ended by the kernel: a failure of one test, not of the test run.
MEASURE = """
import os, resource, sys
child = os.fork()
if child == 0:
    try:
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 1)
        resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[1]),) * 2)
        os.execv(sys.argv[2], sys.argv[2:])
    finally:
        os._exit(99)
_, status, used = os.wait4(child, 0)
print(os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss)
"""


class Bombs(CliCase):
    def measure(self, *args):
        """Status, start of standard error, seconds of processor time and bytes of memory of one command."""
        done = subprocess.run([sys.executable, "-S", "-E", "-c", MEASURE, str(2 * CPU_SECONDS), BIN, *args],
                              capture_output=True, cwd=self.folder, env={"PATH": os.environ.get("PATH", "")})
        status, seconds, kilobytes = done.stdout.split()
        return int(status), done.stderr[:4096].decode("utf-8", "replace"), float(seconds), int(kilobytes) * 1024

    def bomb(self, name, contents, accepted=None, runs=None, memory=600 * MIB, options=()):
        """Gives the file to every command. `accepted`: it is valid. `runs`: the status of `run`."""
        path = self.file(name, contents)
        size = os.path.getsize(path)
        for verb in COMMANDS:
            arguments = [verb]
            if verb == "wat":
                arguments += ["-o", "-"]
            if verb == "run":
                arguments += ["-W", "fuel=10M", *options]
            status, message, seconds, used = self.measure(*arguments, path)
            said = f"{verb} {name} ({size} bytes): status {status}, {seconds:.2f} s, {used // MIB} MiB: {message[:200]}"
            if os.environ.get("DEWAR_SHOW_BOMBS"):
                print(said.rstrip())
            with self.subTest(verb=verb, bomb=self.id()):
                self.assertIn(status, (0, 1, 124, 125, 126, 134, 137), said)
                if status != 0:
                    code = re.match(r"dewar: (?:error|limit|trap)\[([a-z0-9-]+)\]: ", message)
                    self.assertTrue(code, said)
                    self.assertIn(code[1], CODES, said)
                self.assertLess(seconds, CPU_SECONDS, said)
                self.assertLess(used, memory, said)
                if accepted is not None and verb == "validate":
                    self.assertEqual(status == 0, accepted, said)
                if runs is not None and verb == "run":
                    self.assertEqual(status, runs, said)

    # ---- code ----

    def test_nested_blocks(self):
        for depth, accepted in ((90_000, True), (2_000_000, False)):
            code = b"\0" + b"\x02\x40" * depth + b"\x0b" * depth
            self.bomb("blocks.wasm", program(code, between=[START]), accepted, 0 if accepted else 126)
        # Blocks with a type by index, each with 1,000 parameters and results.
        wide = b"\x60" + repeated(1000, b"\x7f") * 2
        code = b"\0" + b"\x41\0" * 1000 + b"\x02\x01" * 50_000 + b"\x0b" * 50_000 + b"\x1a" * 1000
        self.bomb("wide.wasm", program(code, between=[START], types=(VOID, wide)), True, 0)

    def test_branch_tables(self):
        million = b"\0\x02\x40\x41\0\x0e" + repeated(1_000_000, b"\0") + b"\0\x0b"
        self.bomb("million.wasm", program(million, between=[START]), False, 126)
        table = b"\x02\x40\x41\0\x0e" + repeated(65_000, b"\0") + b"\0\x0b"
        self.bomb("tables.wasm", program(b"\0" + table * 15, between=[START]), True, 0)
        # More than the limit of memory for code allows, in one function and in many.
        self.bomb("large.wasm", program(b"\0" + table * 15, between=[START]), True, 137,
                  options=("-W", "max-code-memory=10MiB"))
        calls = b"\0" + b"".join(b"\x10" + leb(1 + i) for i in range(40))
        self.bomb("many.wasm", program(calls, between=[START], functions=[(0, b"\0" + table)] * 40), True, 137,
                  options=("-W", "max-code-memory=20MiB"))
        # Every label another block, and every block with 500 values.
        depth = 30_000
        wide = b"\x60\0" + repeated(500, b"\x7f")
        code = (b"\0" + b"\x02\x01" * depth + b"\x41\0" * 501 + b"\x0e" + vector(leb(i) for i in range(depth - 1)) + b"\0"
                + b"\x0b" * depth + b"\x1a" * 500)
        self.bomb("labels.wasm", program(code, between=[START], types=(VOID, wide)), True, 0)

    def test_many_locals(self):
        locals_ = b"\x01" + leb(50_000) + b"\x7b"
        functions = [(0, locals_)] * 100_000
        self.bomb("locals.wasm", program(b"\0", between=[START], functions=functions), True, 0)
        calls = b"\0" + b"".join(b"\x10" + leb(1 + i) for i in range(10_000))
        self.bomb("called.wasm", program(calls, between=[START], functions=functions[:10_000]), True, 137,
                  options=("-W", "max-code-memory=64MiB"))
        runs = b"\x01" + leb(50_001) + b"\x7b"
        self.bomb("more.wasm", program(b"\0", between=[START], functions=[(0, runs)]), False, 126)
        # The same number, each declared by itself.
        single = repeated(50_000, b"\x01\x7b")
        self.bomb("single.wasm", program(b"\0", between=[START], functions=[(0, single)] * 20), True, 0)

    def test_calls_with_many_values(self):
        wide = b"\x60" + repeated(1000, b"\x7f") * 2
        code = b"\0" + b"\x41\0" * 1000 + b"\x10\x01" * 200_000 + b"\x1a" * 1000
        callee = b"\0" + b"".join(b"\x20" + leb(i) for i in range(1000))
        self.bomb("calls.wasm", program(code, between=[START], types=(VOID, wide), functions=[(1, callee)]), True, 137)
        results = b"\x60\0" + repeated(1000, b"\x7f")
        pushes = b"\0" + b"\x10\x01" * 1_000_000 + b"\0"
        self.bomb("pushes.wasm", program(pushes, between=[START], types=(VOID, results),
                                         functions=[(1, b"\0\0")]), False, 126)

    def test_many_functions(self):
        functions = [(0, b"\0")] * 400_000
        self.bomb("functions.wasm", program(b"\0", between=[START], functions=functions), True, 0)
        self.bomb("refused.wasm", program(b"\0", between=[START], functions=functions), True, 126,
                  options=("-W", "max-code-memory=32MiB"))

    # ---- types and segments ----

    def test_recursive_groups(self):
        def group(size, offset):
            """Structures that each refer to the next, and the last to the first."""
            fields = (b"\x5f\x01\x63" + signed(offset + (i + 1) % size) + b"\0" for i in range(size))
            return b"\x4e" + leb(size) + b"".join(fields)

        same = module(section(1, vector(group(10_000, 10_000 * i) for i in range(60))))
        self.bomb("groups.wasm", same, True, 126)
        other = module(section(1, vector(group(10_000 + i, sum(range(10_000, 10_000 + i))) for i in range(60))))
        self.bomb("unlike.wasm", other, True, 126)
        one = module(section(1, vector([group(600_000, 0)])))
        self.bomb("group.wasm", one, True, 126)
        # A chain of subtypes, as long as it may be, many times over; and one that is longer.
        def chain(start, length):
            return [b"\x50\0\x5f\0"] + [b"\x50\x01" + leb(start + i) + b"\x5f\0" for i in range(length)]

        self.bomb("chains.wasm", module(section(1, vector(t for i in range(8000) for t in chain(64 * i, 63)))), True, 126)
        self.bomb("chain.wasm", module(section(1, vector(chain(0, 1000)))), False, 126)

    def test_wide_types(self):
        functions = b"\x60" + repeated(1000, b"\x7f") * 2
        self.bomb("functions.wasm", module(section(1, repeated(2000, functions))), True, 126)
        self.bomb("fields.wasm", module(section(1, repeated(200, b"\x5f" + repeated(10_000, b"\x7f\0")))), True, 126)

    def test_segments(self):
        data = module(section(5, b"\1\0\1"), section(11, repeated(100_000, b"\1\0")))
        self.bomb("data.wasm", data, True, 126)
        self.bomb("more.wasm", module(section(5, b"\1\0\1"), section(11, repeated(1_000_000, b"\1\0"))), False, 126)
        empty = section(9, repeated(1_000_000, b"\1\0\0"))
        self.bomb("elements.wasm", program(b"\0", between=[START, empty]), True, 0)
        funcs = section(9, b"\1\1\0" + repeated(3_000_000, b"\0"))
        self.bomb("indices.wasm", program(b"\0", between=[START, funcs]), True, 0)
        nulls = section(9, b"\1\5\x70" + repeated(1_000_000, b"\xd0\x70\x0b"))
        self.bomb("items.wasm", program(b"\0", between=[START, nulls]), True, 0)
        for number in (9, 11):
            self.bomb("count.wasm", module(section(5, b"\1\0\1"), section(number, b"\xff\xff\xff\xff\x0f")), False, 126)

    def test_definitions(self):
        globals_ = section(6, repeated(500_000, b"\x7f\0\x41\0\x0b"))
        self.bomb("globals.wasm", program(b"\0", before=[], between=[globals_, START]), True, 0)
        expression = section(6, b"\1\x7f\0\x41\0" + b"\x41\1\x6a" * 500_000 + b"\x0b")
        self.bomb("constant.wasm", program(b"\0", between=[expression, START]), True, 0)
        deep = section(6, b"\1\x7f\0" + b"\x41\1" * 500_001 + b"\x6a" * 500_000 + b"\x0b")
        self.bomb("deep.wasm", program(b"\0", between=[deep, START]), None)
        imports = section(2, repeated(300_000, b"\1a\1b\0\0"))
        self.bomb("imports.wasm", module(section(1, b"\1" + VOID), imports), True, 126)
        tables = section(4, repeated(100_000, b"\x70\0\x64"))
        self.bomb("tables.wasm", program(b"\0", between=[tables, START]), True, None)
        huge = section(4, b"\1\x70\0" + leb(10_000_000))
        self.bomb("table.wasm", program(b"\0", between=[huge, START]), True, 0)

    # ---- names ----

    def test_names(self):
        names = custom("name", section(1, vector(leb(i) + b"\2ab" for i in range(500_000))))
        functions = [(0, b"\0")] * 499_999
        self.bomb("names.wasm", program(b"\0", between=[START], functions=functions, after=[names]), True, 0)
        # Names of what is not there, one name of millions of bytes, and names of locals for every function.
        self.bomb("absent.wasm", program(b"\0\0", between=[START], after=[names]), True, 134)
        long = custom("name", section(1, b"\1\0" + sized(b"n" * 4_000_000)))
        self.bomb("long.wasm", program(b"\0\0", between=[START], after=[long]), True, 134)
        locals_ = custom("name", section(2, vector(leb(i) + vector(leb(k) + b"\1l" for k in range(20))
                                                    for i in range(20_000))))
        self.bomb("locals.wasm", program(b"\0\0", between=[START], functions=functions[:20_000], after=[locals_]), True, 134)
        self.bomb("count.wasm", program(b"\0\0", between=[START],
                                        after=[custom("name", section(1, b"\xff\xff\xff\xff\x0f"))]), True, 134)
        self.bomb("customs.wasm", module(*[custom("x", b"")] * 500_000), True, 126)

    def test_exports(self):
        def exports(names):
            return section(7, vector(sized(name) + b"\0\0" for name in names))

        for name, names, accepted in (("many", (b"%06d" % i for i in range(300_000)), True),
                                      ("alike", (b"a" * 90 + b"%06d" % i for i in range(50_000)), True),
                                      ("twice", [b"same"] * 300_000, False),
                                      ("long", (b"%01d" % i + b"n" * 99_000 for i in range(10)), True),
                                      ("longer", [b"n" * 100_001], False)):
            self.bomb(f"{name}.wasm", program(b"\0", between=[exports(names)]), accepted, 126)

    # ---- text ----

    def test_nested_text(self):
        for name, text in (("parentheses", "(" * 2_000_000),
                           ("comments", "(;" * 1_000_000),
                           ("blocks", "(module (func " + "(block " * 500_000),
                           ("closed", "(module (func " + "(block " * 500_000 + ")" * 500_000 + "))"),
                           ("flat", "(module (func " + "block " * 500_000 + "end " * 500_000 + "))"),
                           ("folded", "(module (func (drop " + "(i32.eqz " * 500_000 + "(i32.const 0)" + ")" * 500_000 + ")))"),
                           ("annotations", "(module " + "(@a " * 500_000),
                           ("annotated", "(module " + "(@a " * 500_000 + ")" * 500_000 + ") ("),
                           ("string", '(module (data "' + "a" * 4_000_000),
                           ("types", "(module " + "(rec " * 500_000)):
            self.bomb(f"{name}.wat", text, False, 126)

    def test_large_text(self):
        deep = 20_000
        self.bomb("deep.wat", '(module (func (export "_start") ' + "(block " * deep + ")" * deep + "))", None, None)
        self.bomb("names.wat", "(module " + "".join(f"(func $f{i})" for i in range(100_000)) + ")", True, 126)
        self.bomb("same.wat", "(module " + "(func $f)" * 100_000 + ")", False, 126)
        uses = "".join(f"(func (param {'i32 ' * (i % 900)}))" for i in range(4_000))
        self.bomb("types.wat", f"(module {uses})", True, 126)
        locals_ = "(local " + "i64 " * 50_000 + ")"
        self.bomb("locals.wat", f'(module (func (export "_start")) {f"(func {locals_})" * 10})', True, 0)
        self.bomb("labels.wat", '(module (func (export "_start") (block $l (br_table ' + "$l " * 60_000 +
                  "(i32.const 0)))))", True, 0)


if __name__ == "__main__":
    main()
