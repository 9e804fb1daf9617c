# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# repr, pprint, format specifications, nested quotes, tables.
import pprint
import reprlib

data = {"name": "x" * 20, "values": list(range(30)), "nested": {"a": ["long string number %d" % i for i in range(5)]}}
pprint.pprint(data, width=60)
pprint.pprint({"b": 1, "a": 2}, sort_dicts=False)
print(reprlib.repr(list(range(100))), repr("it's \"q\"\n\t\\"), repr(b"\x00a'"), repr(1e22), repr(-0.0))
for spec in ("<10", ">10", "^10", "*^10", "=+10", "010.3f", ",.1f", "e", "%"):
    print(f"[{1234.5678:{spec}}]" if spec not in ("=+10",) else f"[{-5:{spec}d}]")
print(f"{'text':.2} {42:b} {42:o} {42:c} {42:08_b} {'a'!r:>5} {3.14159=:.2f}")
rows = [("id", "name", "amount"), (1, "Ada", 1234.5), (22, "Bob", 7)]
widths = [max(len(str(r[i])) for r in rows) for i in range(3)]
for r in rows:
    print(" | ".join(str(v).ljust(w) if isinstance(v, str) else str(v).rjust(w) for v, w in zip(r, widths)))
print("%s %5.1f %-5s| %05d %x %%" % ("a", 2.25, "b", 42, 255), "{0} {1} {0} {x[k]} {y.real}".format(1, 2, x={"k": 3}, y=4j))
