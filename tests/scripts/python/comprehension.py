# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Comprehensions, slices, unpacking, the walrus, matrices.
m = [[1, 2, 3], [4, 5, 6]]
print([list(r) for r in zip(*m)], [x for r in m for x in r if x % 2], [[x * y for x in (1, 2)] for y in (3, 4)])
first, *middle, last = range(6)
print(first, middle, last, [*m[0], *m[1]], m[0][::-1], list(range(10))[2:-2:3])
(a, (b, c)), d = (1, (2, 3)), 4
a, b = b, a
print(a, b, c, d)
print([y for x in range(10) if (y := x * x) > 30], any(x > 5 for x in m[1]), all([]))
x = list(range(8))
x[2:5] = ["a"]
del x[-1]
print(x, x.index("a"), x + [0] * 2, "abcdef"[-3:], "abcdef"[::2])
print({i: {j: i * j for j in range(1, 4)} for i in (2, 3)}, {len(w) for w in ("a", "bb", "cc")})


def multiply(a, b):
    return [[sum(p * q for p, q in zip(r, c)) for c in zip(*b)] for r in a]


print(multiply(m, [[1, 0], [0, 1], [1, 1]]))
print(list(map(lambda p: p[0] * p[1], enumerate("abc"))), list(filter(None, [0, 1, "", "x"])), sum([[1], [2]], []))
