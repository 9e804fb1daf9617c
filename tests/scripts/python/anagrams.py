# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Groups anagrams, finds palindromes, encodes runs.
from collections import defaultdict
from itertools import groupby

words = "listen silent enlist google elgoog level radar abc cab bca stats rotor tinsel".split()
groups = defaultdict(list)
for w in words:
    groups["".join(sorted(w))].append(w)
for key, group in sorted(groups.items(), key=lambda kv: (-len(kv[1]), kv[0])):
    if len(group) > 1:
        print(key, group)
print([w for w in words if w == w[::-1]])


def encode(s):
    return "".join(f"{len(list(g))}{c}" for c, g in groupby(s))


def decode(s):
    out, n = [], ""
    for c in s:
        if c.isdigit():
            n += c
        else:
            out.append(c * int(n))
            n = ""
    return "".join(out)


look = "1"
for _ in range(8):
    print(look, end=" ")
    look = encode(look)
print()
s = "WWWWWWWWWWWWBWWWWWWWWWWWWBBB"
print(encode(s), decode(encode(s)) == s)
