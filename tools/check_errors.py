#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Keeps docs/errors.md and the source in step: every stable code that the source can give is in the document, and every
code in the document is still given somewhere. Codes are promises to users and programs; they never change meaning.

Seen as giving a code:
  fail("code", ...), error("code", ...), too_many("code", ...), Error{"code", ...} and other calls named like them;
  return {"code", ...}, f(x, {"code", ...}) on one line, code = "code", end(OutcomeClass::x, "code", ...);
  X(id, "code", "text") rows in a file trap.h;
  deny(..., "rule", ...), the rule of a denial;
  a literal in a line marked `// error code`.
Texts with spaces are messages (some helpers take the message first). In the document a code is a table row that begins
with | `code` |.

usage: check_errors.py [--root DIR]
"""

import argparse
import pathlib
import re
import sys

MAKERS = r"\b(?:\w*fail\w*|\w*error|too_many|Error|refuse\w*)\s*[({]\s*\{?\s*"
WORDS = r'"([a-z0-9]+(?:-[a-z0-9]+)+)"'
GIVEN = (
    re.compile(MAKERS + r'"([^" ]*)"\s*,'),
    re.compile(MAKERS + r'[^;"]*\?\s*"([^" ]*)"\s*:\s*"([^" ]*)"\s*,'),
    re.compile(r"(?:\breturn\s*|,[ \t]*)\{\s*" + WORDS + r"\s*,"),
    re.compile(r'\bOutcomeClass::\w+\s*,\s*"([^" ]*)"\s*,'),
    re.compile(r'\bcode\s*=\s*"([^" ]*)"'),
    re.compile(r"\bdeny\([^;]{0,200}?" + WORDS),
    re.compile(WORDS + r"(?=[^\n]*//[^\n]*\berror code\b)"),
)
TRAP_ROW = re.compile(r'\bX\(\w+,\s*"([^" ]*)"\s*,\s*"[^"]')
LISTED = re.compile(r"^\|\s*`([^`]+)`\s*\|", re.M)
WELL_FORMED = re.compile(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")


def codes_in_source(root):
    """code -> first place it is given at"""
    found = {}
    for path in sorted((root / "src").rglob("*")):
        if path.suffix not in (".h", ".cpp", ".def"):
            continue
        text = path.read_text(encoding="utf-8")
        # A comment that shows how to call fail() gives nothing; the marker comment stays.
        code = re.sub(r"//(?!.*\berror code\b)[^\n]*", "", text)
        for pattern in GIVEN + ((TRAP_ROW,) if path.name == "trap.h" else ()):
            for match in pattern.finditer(code):
                for name in match.groups():
                    line = code.count("\n", 0, match.start()) + 1
                    found.setdefault(name, f"{path.relative_to(root)}:{line}")
    return found


def check(root):
    findings = []
    given = codes_in_source(root)
    document = root / "docs" / "errors.md"
    listed = LISTED.findall(document.read_text(encoding="utf-8")) if document.exists() else []
    for code in sorted({code for code in listed if listed.count(code) > 1}):
        findings.append(f"docs/errors.md: '{code}' is listed twice")
    for code, place in sorted(given.items()):
        if not WELL_FORMED.match(code):
            findings.append(f"{place}: '{code}' is not a well-formed code (lower case, words joined by -)")
        elif code not in listed:
            findings.append(f"{place}: '{code}' is not in docs/errors.md")
    for code in sorted(set(listed) - set(given)):
        findings.append(f"docs/errors.md: '{code}' is not given anywhere in src/")
    return findings, len(given)


def main():
    parser = argparse.ArgumentParser(description="Checks the list of stable error codes.")
    parser.add_argument("--root", default=pathlib.Path(__file__).resolve().parent.parent, type=pathlib.Path)
    findings, count = check(parser.parse_args().root)
    for finding in findings:
        print(finding)
    print(f"{len(findings)} findings; {count} error codes")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
