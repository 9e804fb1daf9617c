# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# A vector and a polynomial with operators.
class Vec(tuple):
    def __new__(cls, *xs):
        return super().__new__(cls, xs)

    def __add__(self, other):
        return Vec(*(a + b for a, b in zip(self, other)))

    def __mul__(self, k):
        return Vec(*(a * k for a in self))

    __rmul__ = __mul__

    def __matmul__(self, other):
        return sum(a * b for a, b in zip(self, other))

    def __abs__(self):
        return (self @ self) ** 0.5

    def __neg__(self):
        return self * -1

    def __repr__(self):
        return f"Vec{tuple(self)}"


class Poly:
    def __init__(self, *c):
        self.c = c

    def __call__(self, x):
        total = 0
        for a in reversed(self.c):
            total = total * x + a
        return total

    def __mul__(self, other):
        out = [0] * (len(self.c) + len(other.c) - 1)
        for i, a in enumerate(self.c):
            for j, b in enumerate(other.c):
                out[i + j] += a * b
        return Poly(*out)

    def __str__(self):
        terms = [f"{a}x^{i}" if i > 1 else f"{a}x" if i else f"{a}" for i, a in enumerate(self.c) if a]
        return " + ".join(reversed(terms)) or "0"

    def __format__(self, spec):
        return str(self).replace("x", spec or "x")


a, b = Vec(3, 4), Vec(1, -2)
print(a + b, 2 * a, a @ b, abs(a), -b, a == Vec(3, 4), hash(a) == hash((3, 4)))
p = Poly(1, 2) * Poly(-1, 0, 3)
print(p, p(2), f"{p:t}", str(Poly()))
total = Vec(0, 0)
for v in (a, b):
    total += v
print(total, sum([Vec(1, 1), Vec(2, 2)], Vec(0, 0)))
