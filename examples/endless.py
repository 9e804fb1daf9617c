# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Never ends by itself: dewar run -W fuel=1G examples/endless.py
import itertools

print("looking for an odd perfect number ...")
for n in itertools.count(1, 2):
    if sum(d for d in range(1, n) if n % d == 0) == n:
        print(n)
