# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Shallow and deep copies, weak references, garbage, arrays, memory views.
import array
import copy
import gc
import weakref

a = {"x": [1, [2]]}
b, c = copy.copy(a), copy.deepcopy(a)
a["x"][1].append(3)
print(b, c, b["x"] is a["x"])
loop = [1]
loop.append(loop)
d = copy.deepcopy(loop)
print(d[1] is d, loop)


class Node:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("gone", self.name)

    def __deepcopy__(self, memo):
        return Node(self.name + "'")


n = Node("n")
r = weakref.ref(n)
print(r() is n, copy.deepcopy([n])[0].name)
del n
print(r())
p, q = Node("p"), Node("q")
p.other, q.other = q, p
del p, q
print(gc.collect() >= 2)
cache = weakref.WeakValueDictionary()
keep = cache["k"] = Node("k")
print(list(cache))
del keep
print(list(cache))
v = array.array("i", range(5))
m = memoryview(v)
m[1] = 42
print(v, m[1:3].tolist(), m.nbytes, v.itemsize)
v2 = bytearray(b"hello")
memoryview(v2)[0:1] = b"J"
print(v2)
