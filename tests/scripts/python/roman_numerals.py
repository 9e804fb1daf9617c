# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Roman numerals there and back, checked for every number.
import re

PAIRS = list(zip((1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1), "M CM D CD C XC L XL X IX V IV I".split()))
VALID = re.compile("M{0,3}(CM|CD|D?C{0,3})(XC|XL|L?X{0,3})(IX|IV|V?I{0,3})")


def to_roman(n):
    out = ""
    for value, text in PAIRS:
        count, n = divmod(n, value)
        out += text * count
    return out


def from_roman(text):
    if not text or not VALID.fullmatch(text):
        raise ValueError(f"not a roman number: {text}")
    total = 0
    for value, digit in PAIRS:
        while text.startswith(digit):
            total, text = total + value, text[len(digit):]
    return total


print(all(from_roman(to_roman(n)) == n for n in range(1, 4000)))
print([to_roman(n) for n in (4, 9, 14, 1994, 2024, 3999)], max(range(1, 4000), key=lambda n: len(to_roman(n))))
for text in ("MCMXCIV", "IIII", "", "VX"):
    try:
        print(from_roman(text))
    except ValueError as e:
        print(e)
