# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Metaclasses, class decorators, __init_subclass__, type(), method resolution.
class Registry(type):
    known = {}

    def __new__(mcls, name, bases, space, **options):
        cls = super().__new__(mcls, name, bases, space)
        mcls.known[options.get("key", name.lower())] = cls
        return cls

    def __init__(cls, name, bases, space, **options):
        super().__init__(name, bases, space)


class Base(metaclass=Registry):
    pass


class Csv(Base, key="text/csv"):
    pass


class Plugin:
    plugins = []

    def __init_subclass__(cls, /, order=0, **more):
        super().__init_subclass__(**more)
        Plugin.plugins.append((order, cls.__name__))


class Late(Plugin, order=9): ...


class Early(Plugin, order=1): ...


class A:
    def who(self):
        return ["A"]


class B(A):
    def who(self):
        return ["B"] + super().who()


class C(A):
    def who(self):
        return ["C"] + super().who()


class D(B, C):
    def who(self):
        return ["D"] + super().who()


def singleton(cls):
    made = []
    return lambda: made[0] if made else made.append(cls()) or made[0]


@singleton
class Config: ...


Made = type("Made", (A,), {"x": 1, "double": lambda self: self.x * 2})
print(sorted(Registry.known), Registry.known["text/csv"] is Csv)
print(sorted(Plugin.plugins), D().who(), [k.__name__ for k in D.__mro__])
print(Config() is Config(), Made().double(), type(Made()).__name__, isinstance(Made(), A))
try:
    class Bad(A, B): ...
except TypeError as e:
    print("TypeError", "MRO" in str(e))
