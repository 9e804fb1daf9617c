# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Exact fractions and statistics.
import statistics
from fractions import Fraction

h = sum(Fraction(1, n) for n in range(1, 21))
print(h, float(h), Fraction("3.14"), Fraction(0.5), Fraction(355, 113).limit_denominator(10))
print(Fraction(3, 4) ** 3, Fraction(7, 3) // 1, Fraction(-7, 3) % 1, Fraction(1, 3) < Fraction(34, 100))


def continued(x, n):
    out = []
    for _ in range(n):
        out.append(x.numerator // x.denominator)
        x -= out[-1]
        if x == 0:
            break
        x = 1 / x
    return out


print(continued(Fraction(415, 93), 10))
data = [2, 4, 4, 4, 5, 5, 7, 9]
print(statistics.mean(data), statistics.median(data), statistics.mode(data), statistics.pstdev(data))
print(statistics.quantiles(data, n=4), statistics.mean([Fraction(1, 2), Fraction(1, 3)]))
try:
    statistics.mean([])
except statistics.StatisticsError as e:
    print("StatisticsError")
