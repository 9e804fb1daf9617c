# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Graphs: breadth first, Dijkstra, topological order, cycles, connected parts.
import heapq
from collections import deque
from graphlib import CycleError, TopologicalSorter

GRAPH = {"A": {"B": 7, "C": 9, "F": 14}, "B": {"A": 7, "C": 10, "D": 15}, "C": {"A": 9, "B": 10, "D": 11, "F": 2},
         "D": {"B": 15, "C": 11, "E": 6}, "E": {"D": 6, "F": 9}, "F": {"A": 14, "C": 2, "E": 9}, "Z": {}}


def dijkstra(start):
    best, queue, came = {start: 0}, [(0, start)], {}
    while queue:
        cost, node = heapq.heappop(queue)
        if cost > best[node]:
            continue
        for other, weight in GRAPH[node].items():
            if cost + weight < best.get(other, float("inf")):
                best[other], came[other] = cost + weight, node
                heapq.heappush(queue, (best[other], other))
    return best, came


def path(came, end):
    out = [end]
    while out[-1] in came:
        out.append(came[out[-1]])
    return out[::-1]


def reachable(start):
    seen, queue = [start], deque([start])
    while queue:
        for other in GRAPH[queue.popleft()]:
            if other not in seen:
                seen.append(other)
                queue.append(other)
    return seen


best, came = dijkstra("A")
print(sorted(best.items()), path(came, "E"), best.get("Z"))
print(reachable("E"), reachable("Z"))
print(list(TopologicalSorter({"app": ["lib", "log"], "lib": ["core"], "log": ["core"]}).static_order()))
try:
    list(TopologicalSorter({"a": ["b"], "b": ["a"]}).static_order())
except CycleError as e:
    print(type(e).__name__, len(e.args[1]))
