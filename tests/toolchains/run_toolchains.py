#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Programs compiled for WASI by toolchains as they come (clang with wasi-libc and libc++, Go, AssemblyScript) run unchanged.
A program is compiled once for its source and command line, into $DEWAR_TOOLCHAINS; a toolchain that is not there skips
its tests, which are counted."""

import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "cli"))
from cli_case import CliCase, main  # noqa: E402

OUT = pathlib.Path(os.environ.get("DEWAR_TOOLCHAINS", HERE.parents[1] / "build/test-toolchains"))
CLANGS = ("22", "23", "21", "20", "19")
SYSROOT = pathlib.Path("/usr/include/wasm32-wasi")


class Missing(Exception):
    pass


def clang(name):
    """The newest clang that has the run-time library of WebAssembly."""
    if not SYSROOT.is_dir():
        raise Missing("wasi-libc is not installed")
    for version in CLANGS:
        root = pathlib.Path(f"/usr/lib/llvm-{version}")
        if not list(root.glob(f"lib/clang/{version}/lib/wasi/libclang_rt.builtins-wasm32.a")) and \
                not list(root.glob(f"lib/clang/{version}/lib/wasm32*/libclang_rt.builtins.a")):
            continue
        if name == "clang++" and not list(root.glob("lib/wasm32-wasi/libc++.a")):
            continue
        if (root / "bin" / name).exists():
            return str(root / "bin" / name)
    raise Missing(f"no {name} with its libraries for WebAssembly is installed")


def compiled(name, sources, command, cwd=None, env=None):
    """The module that `command OUT` makes of the sources, from the cache if nothing has changed."""
    digest = hashlib.sha256(repr(command).encode())
    for source in sources:
        digest.update(source.read_bytes())
    OUT.mkdir(parents=True, exist_ok=True)
    module = OUT / f"{name}-{digest.hexdigest()[:16]}.wasm"
    if not module.exists():
        for old in OUT.glob(f"{name}-*.wasm"):
            old.unlink()
        temporary = module.with_name(f"{module.stem}.{os.getpid()}.tmp.wasm")
        done = subprocess.run([*command, str(temporary)], cwd=cwd, env=env, capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"{command} failed:\n{done.stdout}{done.stderr}")
        temporary.rename(module)
    return module


def c_program(name):
    source = HERE / "c" / f"{name}.c"
    return compiled(name, [source], [clang("clang"), "--target=wasm32-wasi", "-O2", "-Wall", "-Werror",
                                    "-Wno-deprecated", str(source), "-o"])


def cpp_program(name):
    source = HERE / "cpp" / f"{name}.cpp"
    return compiled(name, [source], [clang("clang++"), "--target=wasm32-wasi", "-O2", "-std=c++20", "-fno-exceptions",
                                     str(source), "-o"])


def go_program():
    go = shutil.which("go")
    version = re.search(r"go1\.(\d+)", subprocess.run([go, "version"], capture_output=True, text=True).stdout) if go else None
    if not version or int(version[1]) < 22:
        raise Missing("Go 1.22 or newer is not installed")
    folder = HERE / "go"
    environment = dict(os.environ, GOOS="wasip1", GOARCH="wasm", GOFLAGS="-mod=mod", GOTOOLCHAIN="local", GOPROXY="off",
                       GOCACHE=str(OUT / "go-cache"))
    return compiled("go-report", [folder / "main.go", folder / "go.mod"], [go, "build", "-o"], cwd=folder, env=environment)


def assemblyscript_program():
    folder, modules = HERE / "assemblyscript", OUT / "assemblyscript"
    lock = folder / "package-lock.json"
    stamp = modules / "package-lock.json"
    if not shutil.which("node") or not shutil.which("npm"):
        raise Missing("there is no Node.js with npm")
    if not stamp.exists() or stamp.read_bytes() != lock.read_bytes() or not (modules / "installed").exists():
        shutil.rmtree(modules, ignore_errors=True)
        modules.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(folder / name, modules)
        done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=modules,
                              capture_output=True, text=True)
        if done.returncode != 0:
            if "EINTEGRITY" in done.stderr:
                raise AssertionError(done.stderr)
            raise Missing("the npm client cannot get assemblyscript: " + done.stderr.strip().split("\n")[-1])
        (modules / "installed").touch()
    shutil.copy(folder / "main.ts", modules)
    return compiled("assemblyscript", [folder / "main.ts", lock],
                    ["node", "node_modules/assemblyscript/bin/asc.js", "main.ts", "--config",
                     "node_modules/@assemblyscript/wasi-shim/asconfig.json", "-O", "-o"], cwd=modules)


class Toolchains(CliCase):
    def program(self, make, *args):
        try:
            return make(*args)
        except Missing as why:
            self.skipTest(str(why))

    def folder_with(self, text):
        self.file("data/in.txt", text)
        return ("--dir", f"{self.folder}/data::/data")

    def test_c_files_and_surroundings(self):
        grants = self.folder_with("The cat and the dog.\nThe end\n")
        outcome = self.outcome(*grants, "--stdin", "--env", "LIMIT=3", self.program(c_program, "report"), "/data/in.txt",
                               "/data/out.txt", stdin=b"cat, CAT\n")
        self.assert_outcome(outcome, "exit", "exit-nonzero", 42)
        self.assertEqual(outcome["stdout"]["text"], "cat        3 1.00\nthe        3 1.00\nand        1 0.33\n54 bytes, 5 words\n"
                                                    "2 entries, open of none: -1 No such file or directory\n")
        self.assertEqual([path.name for path in (self.folder / "data").iterdir()], ["in.txt"])
        self.assertEqual(outcome["denied_count"], 0)

    def test_c_without_grants(self):
        module = self.program(c_program, "report")
        outcome = self.outcome(module, "/data/in.txt", "/data/out.txt")
        self.assert_outcome(outcome, "exit", "exit-nonzero", 3)
        self.assertEqual([denial["resource"] for denial in outcome["denials"]], ["/data/in.txt"])
        self.assertIn("Capabilities insufficient", outcome["stderr"]["text"])
        self.assert_outcome(self.outcome(module), "exit", "exit-nonzero", 2)

    def test_c_clock_random_memory(self):
        module = self.program(c_program, "surroundings")
        outcome = self.outcome(module)
        self.assert_outcome(outcome, "exit", "ok", 0)
        lines = outcome["stdout"]["text"].splitlines()
        self.assertEqual(lines[:3] + lines[4:], ["2026-01-01", "slept: 1", "random: 1", "sum: 14", "no memory: 1"])
        self.assertRegex(lines[3], "^[0-9a-f]{32}$")
        self.assertEqual(outcome, self.outcome(module), "two runs are equal")
        self.assertNotEqual(self.outcome("--seed", "1", module)["stdout"]["text"].splitlines()[3], lines[3])

    def test_cpp_library(self):
        grants = self.folder_with("bolt 10 0.5\nnut 3 0.25\nnonsense\nbolt 2 0.75\n")
        outcome = self.outcome(*grants, self.program(cpp_program, "inventory"), "/data/in.txt")
        self.assert_outcome(outcome, "exit", "exit-nonzero", 5)
        self.assertEqual(outcome["stdout"]["text"], "bolt      12     9.00\nnut        3     0.75\ntotal 9.75\nfault: 3\n"
                                                    "fault: nonsense\n1.00 4.00 9.00 \ndestroyed\n")

    def test_go(self):
        grants = self.folder_with("one two two three three three\n")
        outcome = self.outcome(*grants, "--stdin", "--env", "NAME=Ada", self.program(go_program), "-top", "2", "/data/in.txt",
                               stdin=b"four four four four\n")
        self.assert_outcome(outcome, "exit", "exit-nonzero", 7)
        digest = hashlib.sha256(b"one two two three three three\n").hexdigest()
        self.assertEqual(outcome["stdout"]["text"].splitlines(), [
            '[{"word":"four","count":4},{"word":"three","count":3}]', digest,
            "285 recovered: runtime error: index out of range [3] with length 0 Ada 2026-01-01",
            "false open /etc/passwd: Capabilities insufficient"])
        self.assertEqual((self.folder / "data/out.txt").read_text(), "from go\n")
        self.assertEqual({denial["resource"] for denial in outcome["denials"]}, {"/etc/passwd"})

    def test_assemblyscript(self):
        outcome = self.outcome("--env", "NAME=Ada", self.program(assemblyscript_program), "b a b", "c")
        self.assert_outcome(outcome, "exit", "exit-nonzero", 3)
        self.assertEqual(outcome["stdout"]["text"], "b 2\na 1\nc 1\n2880067194370816120 1.4142135623730952 Ada\n2026-01-01\ntrue\n"
                                                    "Error: to standard error\n", "the shim writes errors there")


if __name__ == "__main__":
    main()
