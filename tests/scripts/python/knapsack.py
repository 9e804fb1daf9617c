# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Dynamic programming: knapsack, coins, longest increasing run, partition counts.
from functools import cache

ITEMS = [("map", 9, 150), ("compass", 13, 35), ("water", 153, 200), ("sandwich", 50, 160), ("glucose", 15, 60),
         ("tin", 68, 45), ("banana", 27, 60), ("apple", 39, 40), ("cheese", 23, 30), ("beer", 52, 10)]


def knapsack(limit):
    best = [(0, ())] * (limit + 1)
    for name, weight, value in ITEMS:
        for w in range(limit, weight - 1, -1):
            candidate = best[w - weight][0] + value
            if candidate > best[w][0]:
                best[w] = (candidate, best[w - weight][1] + (name,))
    return best[limit]


@cache
def ways(amount, coins):
    if amount == 0:
        return 1
    if amount < 0 or not coins:
        return 0
    return ways(amount - coins[0], coins) + ways(amount, coins[1:])


def longest_increasing(values):
    best = []
    for i, x in enumerate(values):
        before = max((b for b in best if b[-1] < x), key=len, default=[])
        best.append(before + [x])
    return max(best, key=len)


print(knapsack(200), knapsack(0))
print(ways(100, (50, 25, 10, 5, 1)), ways(7, (2,)))
print(longest_increasing([10, 9, 2, 5, 3, 7, 101, 18]))
print([sum(ways(n, tuple(range(n, 0, -1))) for _ in [0]) for n in range(1, 12)])
