#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The script model and the independent count of tools/count_assertions.py agree on every file of the spec corpus.

Usage: count_assertions_test.py WAST_COUNTS_PROGRAM   exit code 77 when the corpus is not there.
"""

import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / 'tools'))
import count_assertions  # noqa: E402

SKIPPED = 77


def self_check():
    """The counter itself: forms that a careless scan would get wrong."""
    cases = {
        b'': {},
        b'(module) (module $m binary "") (module definition quote "(") (module instance $a $b)':
            {'module': 1, 'module binary': 1, 'module definition quote': 1, 'module instance': 1},
        b'(; (module) (; ;) (assert_trap) ;) ;; (module)\n(invoke "(module)" (i32.const 1))': {'invoke': 1},
        b'((@a (module)) module (@b) $m (func)) (@c (module))': {'module': 1},
        b'(func) (memory 0)': {'module': 1},
        b'(assert_return (invoke "f") (either (i32.const 1)))(register "a")': {'assert_return': 1, 'register': 1},
    }
    for text, expected in cases.items():
        found = dict(count_assertions.count(text))
        assert found == expected, (text, found)
    for text in (b'(module', b')', b'x', b'(; ', b'(())'):
        try:
            count_assertions.count(text)
        except count_assertions.Malformed:
            continue
        raise AssertionError(text)


def main(program):
    self_check()
    corpora = pathlib.Path(os.environ.get('DEWAR_CORPORA') or ROOT / '../shared/corpora') / 'spec'
    files = sorted(str(p) for p in corpora.rglob('*.wast')) if corpora.is_dir() else []
    if not files:
        print('the spec corpus is not there')
        return SKIPPED
    model = subprocess.run([program, *files], stdout=subprocess.PIPE, text=True, check=False)
    if model.returncode != 0:
        return 1
    found = {}
    for line in model.stdout.splitlines():
        path, kind, number = line.split('\t')
        found.setdefault(path, {})[kind] = int(number)
    wrong = 0
    total = 0
    for path in files:
        with open(path, 'rb') as file:
            expected = dict(count_assertions.count(file.read()))
        total += sum(expected.values())
        if found.get(path, {}) != expected:
            wrong += 1
            print(f'{path}: counted {expected}, the script model has {found.get(path, {})}')
    print(f'{len(files)} files, {total} commands, {wrong} files differ')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1]))
