# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Dictionaries and sets: merging, comprehension, views, algebra.
d = {"a": 1, "b": 2}
print(d | {"b": 3, "c": 4}, {**d, "z": 0}, {v: k for k, v in d.items()}, d.get("x", "none"))
print(d.keys() & {"a", "q"}, list(d.items())[::-1], d.setdefault("n", []), d.pop("n"), "a" in d)
d.update(a=10)
d |= {"e": 5}
print(d, dict.fromkeys("xy", 0), dict(zip("ab", (1, 2))))
s, t = {1, 2, 3}, {3, 4}
print(s | t, s & t, s - t, s ^ t, s >= {1}, s.isdisjoint({9}), frozenset(t) in {frozenset({4, 3})})
try:
    for k in d:
        d[k + "!"] = 1
except RuntimeError as e:
    print(e)
try:
    {[]: 1}
except TypeError as e:
    print(e)
try:
    d["missing"]
except KeyError as e:
    print(repr(e))
groups = {}
for w in "apple avocado banana blueberry cherry".split():
    groups.setdefault(w[0], []).append(w)
print(groups, min(groups, key=lambda k: len(groups[k])), max(groups.values(), key=len))
