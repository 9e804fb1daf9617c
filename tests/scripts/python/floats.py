# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Floating point: rounding, formatting, special values, sums.
import cmath
import math
import sys

print(0.1 + 0.2, round(2.5), round(-1.5), round(2.675, 2), 1e16, 1e-5, 1.0, 123456789.123)
print(math.fsum([0.1] * 10), math.isclose(0.1 + 0.2, 0.3))
print(f"{math.pi:.3f} {math.e:10.4e} {1234567.891:,.2f} {0.256:.1%} {255:#x} {5:+d} {3.0:g}")
print(float("inf"), -float("inf"), float("nan"), math.inf > 10 ** 400 // 10 ** 100, math.nan == math.nan)
print((0.1).hex(), float.fromhex("0x1.8p3"), (0.75).as_integer_ratio(), sys.float_info.max)
print(math.sqrt(2), math.hypot(3, 4), math.degrees(math.pi), math.log2(1024), math.floor(-1.5), math.trunc(-1.5))
print((1 + 2j) * (3 - 1j), abs(3 + 4j), cmath.sqrt(-4))
for bad in (lambda: 1.0 / 0, lambda: math.sqrt(-1), lambda: math.exp(1000)):
    try:
        bad()
    except ArithmeticError as e:
        print(type(e).__name__)
    except ValueError as e:
        print("ValueError")
