# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Enumerations and flags.
from enum import Enum, Flag, IntEnum, auto, unique


@unique
class Colour(Enum):
    RED = "r"
    GREEN = "g"

    @property
    def nice(self):
        return self.name.title()

    @classmethod
    def parse(cls, text):
        return cls[text.upper()]


class Level(IntEnum):
    LOW = 1
    HIGH = 10


class Perm(Flag):
    R = auto()
    W = auto()
    X = auto()


print(Colour.RED.value, Colour("g").name, Colour.parse("red").nice, list(Colour) == [Colour.RED, Colour.GREEN])
print(Level.LOW < Level.HIGH, Level.HIGH + 1, sorted([Level.HIGH, Level.LOW]) == [1, 10])
p = Perm.R | Perm.X
print(p.value, Perm.W in p, (p & ~Perm.X) == Perm.R, bool(Perm.W & p))
try:
    Colour("blue")
except ValueError as e:
    print(e)
try:
    class Twice(Enum):
        A = 1
        A = 2
except TypeError as e:
    print(type(e).__name__)
