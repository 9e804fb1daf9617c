#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Counts the commands of spec-suite scripts by kind, from the text alone.

Shares nothing with the engine's own parser: it knows strings, comments and parentheses, and the first words of the
forms at the top level. The test matrix compares these numbers with what was executed, so that no form is skipped
silently. Prints {"file": {"kind": count}} for the files and folders named.
"""

import json
import os
import sys
from collections import Counter

COMMANDS = {
    b"register": "register",
    b"invoke": "action",
    b"get": "action",
    b"assert_return": "assert_return",
    b"assert_trap": "assert_trap",
    b"assert_exhaustion": "assert_exhaustion",
    b"assert_exception": "assert_exception",
    b"assert_invalid": "assert_invalid",
    b"assert_malformed": "assert_malformed",
    b"assert_unlinkable": "assert_unlinkable",
    b"assert_invalid_custom": "assert_invalid_custom",
    b"assert_malformed_custom": "assert_malformed_custom",
}
BLANK = b" \t\r\n"
WORD_END = BLANK + b"();\""


class Unreadable(Exception):
    """The text is not balanced, or has a command that nobody knows."""


def skip_blank_and_comments(text, at):
    while at < len(text):
        if text[at] in BLANK:
            at += 1
        elif text.startswith(b";;", at):
            newlines = [i for i in (text.find(b"\n", at), text.find(b"\r", at)) if i >= 0]
            at = min(newlines) if newlines else len(text)
        elif text.startswith(b"(;", at):
            at = skip_block_comment(text, at)
        elif text.startswith(b"(@", at):
            at = skip_form(text, at + 1, depth=1)  # an annotation may stand wherever a blank may
        else:
            break
    return at


def skip_block_comment(text, at):
    depth = 0
    while at < len(text):
        if text.startswith(b"(;", at):
            depth, at = depth + 1, at + 2
        elif text.startswith(b";)", at):
            depth, at = depth - 1, at + 2
            if depth == 0:
                return at
        else:
            at += 1
    raise Unreadable("unclosed block comment")


def skip_string(text, at):
    at += 1
    while at < len(text) and text[at : at + 1] != b'"':
        at += 2 if text[at : at + 1] == b"\\" else 1
    if at >= len(text):
        raise Unreadable("unclosed string")
    return at + 1


def read_word(text, at):
    at = skip_blank_and_comments(text, at)
    end = at
    while end < len(text) and text[end] not in WORD_END:
        end += 1
    return text[at:end], end


def skip_form(text, at, depth=0):
    """The position after the form that begins with the parenthesis at `at` (or whose first `depth` were read)."""
    while True:
        at = skip_blank_and_comments(text, at)
        if at >= len(text):
            raise Unreadable("unclosed parenthesis")
        char = text[at : at + 1]
        if char == b'"':
            at = skip_string(text, at)
        elif char in (b"(", b")"):
            depth += 1 if char == b"(" else -1
            at += 1
            if depth == 0:
                return at
        else:
            at += 1


def count(text):
    """Counter of command kinds. A script of bare module fields is one module."""
    kinds = Counter()
    fields = 0
    at = skip_blank_and_comments(text, 0)
    while at < len(text):
        if text[at : at + 1] != b"(":
            raise Unreadable("text outside parentheses at byte %d" % at)
        first, after = read_word(text, at + 1)
        if first == b"module":
            second, _ = read_word(text, after)
            kinds["module " + second.decode() if second in (b"definition", b"instance") else "module"] += 1
        elif first in COMMANDS:
            kinds[COMMANDS[first]] += 1
        else:
            fields += 1
        at = skip_blank_and_comments(text, skip_form(text, at))
    if fields:
        if kinds:
            raise Unreadable("unknown commands beside known ones")
        kinds["module"] = 1
    return kinds


def find_scripts(names):
    for name in names:
        if os.path.isdir(name):
            found = [os.path.join(d, f) for d, _, files in os.walk(name) for f in files if f.endswith(".wast")]
            yield from sorted(found)
        else:
            yield name


def main():
    result = {}
    for path in find_scripts(sys.argv[1:]):
        with open(path, "rb") as file:
            try:
                result[path] = dict(count(file.read()))
            except Unreadable as problem:
                sys.exit("%s: %s" % (path, problem))
    json.dump(result, sys.stdout, indent=1, sort_keys=True)
    print()


if __name__ == "__main__":
    main()
