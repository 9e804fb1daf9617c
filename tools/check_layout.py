#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks the rules of the house that a compiler does not: which folder may include which, how long a file may be,
how files are named and begin, what the core may not use. Prints one line per finding and the size of the trusted
core; exits with 1 if there are findings.

usage: check_layout.py [--root DIR] [--sizes]       --sizes prints the lines of every folder
"""

import argparse
import pathlib
import re
import sys

# Which folders of src/ a folder may include, besides itself. Dependencies point down only (docs/HACKING.md). A folder
# that is not listed here is a finding: decide its place first.
ALLOWED = {
    "base": set(),
    "wasm": {"base"},
    "text": {"wasm", "base"},
    # The heap walks frames for its roots, and frames and stores hold references into it: one layer of two folders.
    "gc": {"runtime", "wasm", "base"},
    "runtime": {"gc", "wasm", "base"},
    # The door to execution picks the tier, so it knows the tiers it links; the optimizer is loaded, never linked.
    "exec": {"exec/interp", "exec/baseline", "runtime", "gc", "wasm", "base"},
    "exec/interp": {"exec", "runtime", "gc", "wasm", "base"},
    # What has no encoding is run by the interpreter's handlers.
    "exec/baseline": {"exec", "exec/interp", "runtime", "gc", "wasm", "base"},
    "exec/opt": {"exec", "runtime", "gc", "wasm", "base"},
    "probe": {"exec", "runtime", "gc", "wasm", "base"},
    "boundary": {"runtime", "wasm", "base"},
    "host": {"boundary", "runtime", "wasm", "base"},
    "host/wasi_p1": {"host", "boundary", "runtime", "wasm", "base"},
    "host/wasi_p2": {"host", "component", "boundary", "runtime", "wasm", "base"},
    "host/wali": {"host", "boundary", "runtime", "wasm", "base"},
    "component": {"boundary", "runtime", "gc", "wasm", "base"},
    "splice": {"component", "wasm", "base"},
    "whamm": {"probe", "exec", "runtime", "gc", "wasm", "base"},
    "replay": {"probe", "exec", "boundary", "runtime", "gc", "wasm", "base"},
    "debug": {"replay", "whamm", "probe", "exec", "boundary", "runtime", "gc", "wasm", "base"},
}
# The faces may use everything below, and nothing below may use them. `api`, the embedder's interface, carries the other
# two; the program starts the servers.
for face, more in (("api", set()), ("server", {"api"}), ("cli", {"api", "server"})):
    ALLOWED[face] = (set(ALLOWED) | more) - ({"api", "server", "cli"} - more) - {"exec/opt"}

# Folders below src/ that count as folders of their own.
NESTED = ("exec/interp", "exec/baseline", "exec/opt", "host/wasi_p1", "host/wasi_p2", "host/wali")

# Constant expressions in `runtime` need the meaning of operations; those headers use nothing but `base`.
SEMANTICS = re.compile(r"^exec/semantics[a-z0-9_]*\.h$")

# The part that has to be right for the sandbox to hold (docs/TCB.md).
TRUSTED = ("base", "wasm", "runtime", "gc", "exec", "exec/interp", "boundary", "host", "host/wasi_p1")
TRUSTED_BUDGET = 30000
# The compiler is trusted as well where it is used, and counted on its own: a run may leave it out.
TRUSTED_COMPILER = ("exec/baseline",)
COMPILER_BUDGET = 10000
BUDGETS = (("trusted core", TRUSTED, TRUSTED_BUDGET), ("trusted compiler", TRUSTED_COMPILER, COMPILER_BUDGET))

MAX_LINES = 600
TABLE_ENDINGS = (".def",)
CODE_ENDINGS = (".h", ".cpp", ".cc", ".c", ".def", ".inc", ".S")
TEXT_ENDINGS = CODE_ENDINGS + (".py", ".sh", ".js", ".mjs", ".cmake", ".txt", ".in", ".cff", ".md", ".json", ".yaml",
                               ".yml", ".toml", ".wat", ".wast", "")
# Formats that have no comments, and legal texts.
NO_SPDX = (".json", ".md", ".txt", ".lock", ".in", ".cff")
NO_SPDX_NAMES = {"LICENSE", ".gitignore", ".gitattributes", ".clangd"}
SKIPPED_FOLDERS = {".git", "build", ".cache", "__pycache__", "node_modules"}

SPDX = "SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception"
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.M)
SNAKE = re.compile(r"^[a-z0-9_]+(\.[a-z0-9_]+)*$")
# Absolute paths of somebody's machine. System paths that a program means (/etc/passwd in a test) are fine.
MACHINE_PATH = re.compile(r"(?<![\w.:/-])/(?:home|Users|root|work|workspace|mnt)/[\w.-]+")
# Statements only: `throw` and `try` are also names of Wasm instructions.
THROW = re.compile(r"(?:^|[;{})])\s*(?:throw\s+[A-Za-z_:]|throw\s*;|try\s*\{)|\}\s*catch\s*\(", re.M)
TYPE_INFO = re.compile(r"\b(?:dynamic_cast\s*<|typeid\s*\()")
COMMENT_OR_STRING = re.compile(
    r'R"([^()\\\s]{0,16})\((?:.|\n)*?\)\1"|//[^\n]*|/\*(?:.|\n)*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'')


def without_comments(text):
    """The code with comments and literals blanked, line breaks kept."""
    return COMMENT_OR_STRING.sub(lambda match: re.sub(r"[^\n]", " ", match.group(0)), text)


def folder_of(path):
    """"src/exec/interp/x.cpp" -> "exec/interp"; None outside src/."""
    parts = path.parts
    if len(parts) < 3 or parts[0] != "src":
        return None
    nested = "/".join(parts[1:3])
    return nested if len(parts) > 3 and nested in NESTED else parts[1]


def folder_of_include(name):
    parts = name.split("/")
    if len(parts) < 2:
        return None
    nested = "/".join(parts[:2])
    return nested if len(parts) > 2 and nested in NESTED else parts[0]


class Checker:
    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.findings = []
        self.lines = {}

    def report(self, path, line, text):
        self.findings.append(f"{path}:{line}: {text}" if line else f"{path}: {text}")

    def files(self):
        def walk(folder):
            for entry in sorted(folder.iterdir()):
                if entry.is_symlink():
                    continue
                if entry.is_dir():
                    if entry.name not in SKIPPED_FOLDERS and not (entry / "CMakeCache.txt").exists():
                        yield from walk(entry)
                elif entry.suffix in TEXT_ENDINGS:
                    yield entry

        return walk(self.root)

    def check_includes(self, path, text):
        own = folder_of(path)
        if own is None:
            return
        if own not in ALLOWED:
            self.report(path, 0, f"folder src/{own} has no place in the dependency rules of tools/check_layout.py")
            return
        semantics = SEMANTICS.match("/".join(path.parts[1:]))
        for match in INCLUDE.finditer(text):
            name = match.group(1)
            line = text.count("\n", 0, match.start()) + 1
            target = folder_of_include(name)
            if target is None or name.startswith("."):
                self.report(path, line, f'"{name}": include files by their path below src/')
                continue
            if target not in ALLOWED:
                if not (self.root / "include" / name).exists():
                    self.report(path, line, f'"{name}": no such folder in src/; system headers take <>')
                continue
            if not (self.root / "src" / name).exists():
                self.report(path, line, f'"{name}" does not exist')
            if semantics:
                if target != "base" and not SEMANTICS.match(name):
                    self.report(path, line, f'"{name}": exec/semantics*.h may include nothing but base')
                continue
            if target == own or target in ALLOWED[own]:
                continue
            if own == "runtime" and SEMANTICS.match(name):
                continue
            self.report(path, line, f'"{name}": src/{own} may not depend on src/{target}')

    def check_core(self, path, text):
        own = folder_of(path)
        if path.suffix == ".def" or own not in TRUSTED + TRUSTED_COMPILER + ("text", "probe"):
            return
        code = without_comments(text)
        for pattern, what in ((THROW, "exceptions"), (TYPE_INFO, "run-time type information")):
            for match in pattern.finditer(code):
                line = code.count("\n", 0, match.end()) + 1
                self.report(path, line, f"the core uses no {what}")

    def check_file(self, absolute):
        path = absolute.relative_to(self.root)
        try:
            text = absolute.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            if absolute.suffix in CODE_ENDINGS:
                self.report(path, 0, "not UTF-8")
            return
        is_data = "data" in path.parts
        is_code = absolute.suffix in CODE_ENDINGS
        count = text.count("\n") + (0 if text.endswith("\n") or not text else 1)
        if absolute.suffix not in NO_SPDX and absolute.name not in NO_SPDX_NAMES and not is_data:
            head = "\n".join(text.splitlines()[:3])
            if SPDX not in head:
                self.report(path, 1, f"the first lines must hold \"{SPDX}\"")
        if absolute.suffix not in TABLE_ENDINGS and absolute.suffix not in NO_SPDX and not is_data:
            if absolute.name not in NO_SPDX_NAMES and count > MAX_LINES:
                self.report(path, 0, f"{count} lines; the limit is {MAX_LINES}: split it by idea")
        for number, line in enumerate(text.splitlines(), 1):
            match = MACHINE_PATH.search(line)
            if match and absolute.name != "check_layout.py" and not is_data:
                self.report(path, number, f"a path of one machine: {match.group(0)}")
        if not is_code:
            return
        if not is_data:
            for part in path.parts:
                if not SNAKE.match(part):
                    self.report(path, 0, f"'{part}' is not snake_case")
                    break
            if absolute.suffix == ".h" and "#pragma once" not in text:
                self.report(path, 0, "no #pragma once")
            for number, line in enumerate(text.splitlines(), 1):
                if "\t" in line:
                    self.report(path, number, "a tab")
                    break
        own = folder_of(path)
        if own is not None:
            self.lines[own] = self.lines.get(own, 0) + count
            self.check_includes(path, text)
            self.check_core(path, text)

    def run(self):
        for path in self.files():
            self.check_file(path)
        for what, folders, budget in BUDGETS:
            total = self.lines_of(folders)
            if total > budget:
                self.report("src", 0, f"the {what} has {total} lines; the budget is {budget} (docs/TCB.md)")
        return self.findings

    def lines_of(self, folders):
        return sum(self.lines.get(folder, 0) for folder in folders)


def main():
    parser = argparse.ArgumentParser(description="Checks the layout rules of the source tree.")
    parser.add_argument("--root", default=pathlib.Path(__file__).resolve().parent.parent, type=pathlib.Path)
    parser.add_argument("--sizes", action="store_true", help="print the lines of every folder")
    arguments = parser.parse_args()
    checker = Checker(arguments.root)
    findings = checker.run()
    for finding in findings:
        print(finding)
    if arguments.sizes:
        for folder in sorted(checker.lines):
            mark = "trusted" if folder in TRUSTED + TRUSTED_COMPILER else ""
            print(f"{checker.lines[folder]:7} src/{folder} {mark}".rstrip())
    sizes = [f"{what}: {checker.lines_of(folders)} of {budget} lines" for what, folders, budget in BUDGETS]
    print(f"{len(findings)} findings; {', '.join(sizes)}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
