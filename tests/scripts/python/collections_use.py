# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# deque, defaultdict, OrderedDict, ChainMap, namedtuple, Counter arithmetic.
from collections import ChainMap, Counter, OrderedDict, defaultdict, deque, namedtuple

d = deque(range(5), maxlen=5)
d.append(5)
d.appendleft(-1)
d.rotate(2)
print(d, d.maxlen)
tree = lambda: defaultdict(tree)
t = tree()
t["a"]["b"]["c"] = 1
print({k: {x: dict(y) for x, y in v.items()} for k, v in t.items()})
o = OrderedDict(a=1, b=2, c=3)
o.move_to_end("a")
print(list(o), o.popitem(last=False), OrderedDict(x=1, y=2) == OrderedDict(y=2, x=1))
c = ChainMap({"a": 1}, {"a": 2, "b": 3})
print(c["a"], c["b"], sorted(c), c.new_child({"b": 9})["b"])
P = namedtuple("P", "x y", defaults=[0])
p = P(3)
print(p, p._replace(y=4), P._make([1, 2])._asdict(), p.x + p[1], *p)
a, b = Counter("abracadabra"), Counter(a=2, b=5, z=1)
print(a.most_common(2), a - b, a & b, (a | b)["b"], sum(a.values()), sorted((a + b).elements())[:4])
