# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Levenshtein distance with the edits, longest common subsequence, spelling suggestions.
import difflib


def distance(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        previous, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (x != y))
    return row[-1]


def lcs(a, b):
    table = [[""] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            table[i + 1][j + 1] = table[i][j] + x if x == y else max(table[i][j + 1], table[i + 1][j], key=len)
    return table[-1][-1]


words = ["apple", "apply", "ample", "maple", "orange"]
print(distance("kitten", "sitting"), distance("", "abc"), distance("flaw", "lawn"), lcs("AGGTAB", "GXTXAYB"))
for typo in ("aple", "appel", "orenge"):
    print(typo, sorted(words, key=lambda w: (distance(typo, w), w))[:2], difflib.get_close_matches(typo, words, 1))
a, b = "one two three four".split(), "one too three five four".split()
print("\n".join(difflib.unified_diff(a, b, "a", "b", lineterm="")))
print(difflib.SequenceMatcher(None, "abcd", "bcde").ratio())
