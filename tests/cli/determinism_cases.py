# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What determinism_test.py runs: every example, one script for each guest, programs of the toolchains, and two programs
that print all they can learn of where they run; and the folder that they are given."""

import os
import pathlib
import shutil
import sys

from cli_case import ROOT

sys.path.insert(0, str(ROOT / "tests/toolchains"))
import run_toolchains  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
LOOK = ("--ro", "tree::/tree", "--dir", "work::/work", "--env", "A=1", "--out", "out")
READ = ("--ro", "tree::/tree")

# Name: guest that it needs, options, program, its arguments, how it ends.
CASES = {
    # examples/
    "hello": (None, (), "examples/hello.wat", (), "exit ok"),
    "fib": (None, ("--invoke", "fib"), "examples/fib.wat", ("15",), "exit ok"),
    "endless": ("python", ("-W", "fuel=300M"), "examples/endless.py", (), "limit fuel"),
    "report_py": ("python", ("--ro", "examples/data::/data"), "examples/agent_report.py", (), "exit ok"),
    "report_js": ("quickjs", ("--ro", "examples/data::/data"), "examples/agent_report.js", (), "exit ok"),
    # Guests: each has random numbers, the time, a hash or an address, a listing, and a file that it may not see.
    "python": ("python", LOOK, "look.py", ("one", "two words"), "exit ok"),
    "quickjs": ("quickjs", READ, "script.js", ("one",), "exit ok"),
    "ruby": ("ruby", READ, "script.rb", ("one",), "exit ok"),
    "php": ("php", READ, "script.php", ("one",), "exit ok"),
    "sqlite": ("sqlite", READ, "script.sql", (), "exit guest-exception"),
    # A module that prints what every function tells, and how runs end otherwise: a trap, a limit, a denial in a mount.
    "look": (None, LOOK, "look.wat", ("one", "two words"), "exit ok"),
    "trap": (None, (), "trap.wat", (), "trap unreachable"),
    "denied": (None, (*READ, "--policy", "policy.yaml"), "denied.wat", (), "exit ok"),
    "stack": (None, ("-W", "max-wasm-stack=64KiB"), "deep.wat", (), "limit stack"),
    # Toolchains.
    "c": (None, (), lambda: run_toolchains.c_program("surroundings"), (), "exit ok"),
    "cpp": (None, READ, lambda: run_toolchains.cpp_program("inventory"), ("/tree/stock.txt",), "exit exit-nonzero"),
    "go": (None, (*READ, "--env", "NAME=Ada"), run_toolchains.go_program, ("-top", "2", "/tree/stock.txt"), "exit exit-nonzero"),
}

SCRIPTS = {
    "look.wat": (HERE / "determinism/look.wat").read_text(),
    "look.py": (HERE / "determinism/look.py").read_text(),
    "script.js": "const fs = require('fs');\nconst show = (...all) => console.log(JSON.stringify(all));\n"
                 "show(process.argv, process.env, Date.now(), new Date().toString(), Math.random(), Math.random());\n"
                 "show(process.hrtime(), fs.readdirSync('/tree'), fs.statSync('/tree/b.txt'), new Date().getTimezoneOffset());\n"
                 "try { fs.writeFileSync('/tree/new', ''); } catch (error) { show(error.code, error.message); }\n"
                 "setTimeout(() => show(Date.now()), 50);\n",
    "script.rb": "p ARGV, ENV.to_h, Time.now, Time.now.zone, rand, Random.bytes(8), 'x'.hash, Object.new, {}.object_id\n"
                 "p Dir.children('/tree'), File.stat('/tree/b.txt'), Process.clock_gettime(Process::CLOCK_MONOTONIC)\n"
                 "begin\n  File.write('/tree/new', '')\nrescue SystemCallError => e\n  p e\nend\n",
    "script.php": "<?php\nvar_dump($argv, getenv(), time(), date('c T'), mt_rand(), uniqid(), bin2hex(random_bytes(8)), hrtime());\n"
                  "var_dump(scandir('/tree'), stat('/tree/b.txt'), spl_object_hash(new stdClass), getmypid(), php_uname());\n"
                  "var_dump(@file_put_contents('/tree/new', 'x'), sys_get_temp_dir(), array_rand(range(1, 1000), 5));\n",
    "script.sql": "select random(), datetime('now'), hex(randomblob(8)), date('now', 'localtime');\n"
                  ".import /tree/stock.txt stock\nselect * from stock;\nattach '/tree/new.db' as n;\ncreate table n.t(a);\n",
    "trap.wat": '(module (func $deeper (unreachable)) (func $start (export "_start") (call $deeper)))',
    "denied.wat": '(module (import "wasi_snapshot_preview1" "path_unlink_file" (func $unlink (param i32 i32 i32) (result i32)))'
                  ' (memory (export "memory") 1) (data (i32.const 0) "a.txt")'
                  ' (func (export "_start") (drop (call $unlink (i32.const 3) (i32.const 0) (i32.const 5)))))',
    "raise.py": "import sys\nprint('on standard output')\nprint('on standard error', file=sys.stderr)\nraise KeyError('k')\n",
    "policy.yaml": "version: '1.0'\npermissions: {network: {allow: [{host: example.com}]}}\n",
    "deep.wat": '(module (func $deep (export "_start") (call $deep)))',
}
DATA = {
    "tree/b.txt": b"second in the alphabet\n", "tree/a.txt": b"first\n", "tree/C.txt": b"capital\n",
    "tree/stock.txt": b"bolt 10 0.5\nnut 3 0.25\nnonsense\n", "tree/empty": b"", "tree/\u00e4.txt": b"umlaut",
    "tree/sub/deep/x": b"deep", "tree/sub/deep/y": bytes(range(256)) * 40, "tree/sub/z": b"\0" * 100_000,
    "tree/zz/last": b"last",
}
LINKS = {"tree/link": "b.txt", "tree/sub/up": "../a.txt", "tree/dangling": "nowhere", "tree/out-of-it": "../../etc/passwd",
         "tree/to-folder": "sub"}
EMPTY_FOLDERS = ("tree/nothing", "tree/sub/nothing")


def write_tree(folder, reverse=False, before_each=lambda path: None):
    """The working folder of a run: its files, made in this or the other order."""
    files = {name: text.encode() for name, text in SCRIPTS.items()}
    for path in (ROOT / "examples").rglob("*"):
        if path.is_file():
            files[str(path.relative_to(ROOT))] = path.read_bytes()
    things = [*(files | DATA).items(), *((name, pathlib.PurePath(target)) for name, target in LINKS.items()),
              *((name, None) for name in EMPTY_FOLDERS), ("tree/pipe", os.mkfifo)]
    for name, contents in sorted(things, key=lambda item: item[0], reverse=reverse):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        before_each(path)
        if isinstance(contents, bytes):
            path.write_bytes(contents)
            path.chmod(0o644)
        elif contents is None:
            path.mkdir(exist_ok=True)
        elif contents is os.mkfifo:
            os.mkfifo(path)
        else:
            path.symlink_to(contents)
    for path in (folder, *folder.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o777)


def new_work(folder, reverse=False):
    """The writable folder, as it is before every run."""
    for name in ("work", "out"):
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / "work").mkdir()
    (folder / "work").chmod(0o777)
    for name in sorted(("old", "kept"), reverse=reverse):
        (folder / "work" / name).write_text(name)
        (folder / "work" / name).chmod(0o666)
