# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Integers without bounds.
import math

print(2 ** 200, -(3 ** 100) // 7, pow(3, 1000, 10 ** 9 + 7))
print(math.factorial(40), math.gcd(2 ** 60, 6 ** 30), math.lcm(*range(1, 31)), math.isqrt(10 ** 41))
print(len(str(2 ** 4000)), (1 << 100).bit_length(), hex(2 ** 70 - 1), int("zz", 36), bin(-10))
a, b = 0, 1
for _ in range(300):
    a, b = b, a + b
print(a, sum(int(d) for d in str(a)))
print(divmod(-10 ** 20, 7), (-7) % 3, -7 // 2, round(12345, -2), int("1_000"))
print((10 ** 25).to_bytes(12, "big").hex(), int.from_bytes(b"\xff\x00", "little", signed=True))


def inverse(a, m):
    return pow(a, -1, m)


print(inverse(3, 11), math.comb(100, 50), math.perm(10, 3))
