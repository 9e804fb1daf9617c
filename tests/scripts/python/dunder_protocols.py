# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Containers, context managers, callables, descriptors, __getattr__, __slots__.
class Grid:
    def __init__(self, w, h):
        self.w, self.h, self.cells = w, h, {}

    def __getitem__(self, key):
        return self.cells.get(key, ".")

    def __setitem__(self, key, value):
        self.cells[key] = value

    def __contains__(self, value):
        return value in self.cells.values()

    def __len__(self):
        return self.w * self.h

    def __iter__(self):
        for y in range(self.h):
            yield "".join(self[x, y] for x in range(self.w))

    def __call__(self, x, y):
        return self[x, y]


class Managed:
    def __enter__(self):
        print("enter")
        return self

    def __exit__(self, kind, value, tb):
        print("exit", kind.__name__ if kind else None)
        return kind is KeyError


class Positive:
    def __set_name__(self, owner, name):
        self.name = "_" + name

    def __get__(self, obj, kind=None):
        return getattr(obj, self.name, 0)

    def __set__(self, obj, value):
        if value <= 0:
            raise ValueError(self.name[1:])
        setattr(obj, self.name, value)


class Item:
    __slots__ = ("_price",)
    price = Positive()

    def __getattr__(self, name):
        return f"no {name}"


g = Grid(3, 2)
g[1, 0] = "#"
print(*g, sep="\n")
print("#" in g, len(g), g(1, 0), bool(Grid(0, 0)))
with Managed():
    raise KeyError("swallowed")
try:
    with Managed():
        raise OSError
except OSError:
    print("passed on")
i = Item()
i.price = 3
print(i.price, i.colour)
for action in (lambda: setattr(i, "price", 0), lambda: setattr(i, "weight", 1)):
    try:
        action()
    except (ValueError, AttributeError) as e:
        print(type(e).__name__)
