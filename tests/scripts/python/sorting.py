# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Sorting: stability, keys, several criteria, own algorithms, heaps, bisection.
import bisect
import heapq
from operator import attrgetter, itemgetter

people = [("Bob", 31), ("Ada", 28), ("Eve", 31), ("Dan", 25), ("Cyd", 28)]
print(sorted(people, key=itemgetter(1)))
print(sorted(people, key=lambda p: (-p[1], p[0])))
print(sorted(["b", "A", "c"], key=str.lower, reverse=True), sorted({3: "c", 1: "a"}))


def merge_sort(items):
    if len(items) < 2:
        return items
    mid = len(items) // 2
    a, b = merge_sort(items[:mid]), merge_sort(items[mid:])
    out = []
    while a and b:
        out.append((a if a[0] <= b[0] else b).pop(0))
    return out + a + b


def quick_sort(items):
    if not items:
        return []
    pivot, *rest = items
    return quick_sort([x for x in rest if x < pivot]) + [pivot] + quick_sort([x for x in rest if x >= pivot])


data = [(i * 7919) % 101 for i in range(40)]
print(merge_sort(data) == quick_sort(data) == sorted(data), data[:5])
heap = []
for x in data[:10]:
    heapq.heappush(heap, x)
print([heapq.heappop(heap) for _ in range(10)], heapq.nlargest(3, data), list(heapq.merge([1, 4], [2, 3])))
edges = [10, 20, 30]
print([bisect.bisect(edges, x) for x in (5, 10, 25, 99)], [bisect.bisect_left(edges, x) for x in (10, 31)])
bisect.insort(edges, 15)
print(edges)
try:
    sorted([1, "a"])
except TypeError as e:
    print(e)
