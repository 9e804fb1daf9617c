# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Inheritance, properties, operators, class and static methods, abstract classes.
from abc import ABC, abstractmethod
from functools import total_ordering


class Shape(ABC):
    count = 0

    def __init__(self):
        Shape.count += 1

    @property
    @abstractmethod
    def area(self): ...

    def __repr__(self):
        return f"<{type(self).__name__} {self.area:.2f}>"


class Circle(Shape):
    def __init__(self, r):
        super().__init__()
        self._r = r

    @property
    def r(self):
        return self._r

    @r.setter
    def r(self, value):
        if value < 0:
            raise ValueError("negative radius")
        self._r = value

    @property
    def area(self):
        return 3.141592653589793 * self._r ** 2

    @classmethod
    def unit(cls):
        return cls(1)

    @staticmethod
    def describe():
        return "round"


@total_ordering
class Money:
    def __init__(self, cents):
        self.cents = cents

    def __eq__(self, other):
        return self.cents == other.cents

    def __lt__(self, other):
        return self.cents < other.cents

    def __add__(self, other):
        return Money(self.cents + other.cents)

    def __str__(self):
        return f"{self.cents // 100}.{self.cents % 100:02d}"


c = Circle.unit()
c.r = 2
print(c, Circle.describe(), Shape.count, isinstance(c, Shape))
try:
    c.r = -1
except ValueError as e:
    print(e)
try:
    Shape()
except TypeError as e:
    print("abstract" in str(e))
print(max(Money(150), Money(99)), Money(1) + Money(2), Money(3) >= Money(2), [str(m) for m in sorted([Money(5), Money(1)])])
