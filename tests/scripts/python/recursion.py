# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Recursion: towers, permutations, Ackermann, mutual recursion, the limit.
import sys


def hanoi(n, a, b, c):
    return [] if n == 0 else hanoi(n - 1, a, c, b) + [(a, c)] + hanoi(n - 1, b, a, c)


def permutations(s):
    return [s] if len(s) < 2 else [c + p for i, c in enumerate(s) for p in permutations(s[:i] + s[i + 1:])]


def ackermann(m, n):
    if m == 0:
        return n + 1
    return ackermann(m - 1, 1) if n == 0 else ackermann(m - 1, ackermann(m, n - 1))


def even(n):
    return True if n == 0 else odd(n - 1)


def odd(n):
    return False if n == 0 else even(n - 1)


def depth(n):
    return depth(n + 1)


print(len(hanoi(8, "A", "B", "C")), hanoi(3, "A", "B", "C"))
print(permutations("abcd")[:7], len(permutations("abcdef")))
print(ackermann(2, 3), even(300), odd(300))
print(sys.getrecursionlimit())
try:
    depth(0)
except RecursionError as e:
    print("RecursionError", str(e)[:32])
