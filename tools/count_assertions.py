#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Counts the commands of WebAssembly scripts by kind, independently of the C++ parser.

Usage: count_assertions.py FILE.wast...   prints "FILE<tab>KIND<tab>COUNT" lines, sorted by kind within each file.

Only parentheses, strings and comments are understood: the first words of every list at the top level say what it is.
Modules are counted by form ("module", "module binary", "module definition quote", "module instance", ...).
"""

import collections
import re
import sys

# One alternative per thing that can stand between the parentheses of a list. Unknown characters are an error.
TOKEN = re.compile(rb'''
    (?P<space>[ \t\r\n]+ | ;;[^\r\n]*)
  | (?P<open_comment>\(;)
  | (?P<annotation>\(@)
  | (?P<open>\()
  | (?P<close>\))
  | (?P<string>"(?:[^"\\]|\\.)*")
  | (?P<word>(?:[^\s()";]|;(?!;))+)
''', re.VERBOSE | re.DOTALL)
COMMENT_EDGE = re.compile(rb'\(;|;\)')

FIELDS = {b'type', b'rec', b'import', b'func', b'table', b'memory', b'global', b'tag', b'export', b'start', b'elem',
          b'data'}


class Malformed(Exception):
    """The text is not a list of lists."""


def tokens(text):
    """Yields (kind, bytes) without space and comments."""
    at = 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if not match:
            raise Malformed(f'unexpected character at byte {at}')
        at = match.end()
        kind = match.lastgroup
        if kind == 'open_comment':
            depth = 1
            while depth:
                edge = COMMENT_EDGE.search(text, at)
                if not edge:
                    raise Malformed('unclosed comment')
                depth += 1 if edge.group() == b'(;' else -1
                at = edge.end()
        elif kind != 'space':
            yield kind, match.group()


def commands(text):
    """Yields the leading words of each top-level list, ignoring annotations at any depth."""
    depth = 0
    annotation = 0  # depth at which the outermost open annotation was opened, 0 if none
    words = []
    for kind, value in tokens(text):
        if kind in ('open', 'annotation'):
            depth += 1
            if kind == 'annotation' and not annotation:
                annotation = depth
            elif depth == 1:
                words = []
            elif depth > 1 and not annotation:
                words.append(b'(')
        elif kind == 'close':
            if depth == 0:
                raise Malformed('unbalanced parentheses')
            if annotation == depth:
                annotation = 0
            elif depth == 1:
                yield words
            depth -= 1
        elif depth == 1 and not annotation:
            words.append(value)
        elif depth == 0:
            raise Malformed('text outside of lists')
    if depth:
        raise Malformed('unclosed list')


def kind_of(words):
    """The kind of a command from its leading words."""
    if not words or words[0] == b'(':
        raise Malformed('a list without a keyword')
    head = words[0].decode()
    if head != 'module':
        return head
    if words[1:2] == [b'instance']:
        return 'module instance'
    kind = 'module'
    following = words[1:]
    if following[:1] == [b'definition']:
        kind += ' definition'
        following = following[1:]
    if following and following[0].startswith(b'$'):
        following = following[1:]
    if following and following[0] in (b'binary', b'quote'):
        kind += ' ' + following[0].decode()
    return kind


def count(text):
    """Counter of the kinds in a script."""
    counts = collections.Counter()
    for words in commands(text):
        if words and words[0] in FIELDS:
            # A script may be one module without the word `module` around its fields.
            return collections.Counter({'module': 1})
        counts[kind_of(words)] += 1
    return counts


def main(paths):
    status = 0
    for path in paths:
        with open(path, 'rb') as file:
            text = file.read()
        try:
            counts = count(text)
        except Malformed as problem:
            print(f'{path}: {problem}', file=sys.stderr)
            status = 1
            continue
        for kind, number in sorted(counts.items()):
            print(f'{path}\t{kind}\t{number}')
    return status


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
