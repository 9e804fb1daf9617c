# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Structural pattern matching.
from dataclasses import dataclass


@dataclass
class Move:
    dx: int
    dy: int


def run(command):
    match command:
        case []:
            return "empty"
        case ["go", ("north" | "south") as way, *rest]:
            return f"{way} {rest}"
        case {"op": "add", "args": [x, y]}:
            return x + y
        case {"op": op, **more}:
            return f"{op} with {more}"
        case Move(0, dy):
            return f"vertical {dy}"
        case Move(dx=dx) if dx > 10:
            return "far"
        case str() | bytes():
            return "text"
        case int(n) if n < 0:
            return "negative"
        case (1, _, 3):
            return "one to three"
        case None | True:
            return "constant"
        case _:
            return "other"


for c in ([], ["go", "north", 1, 2], ["go", "up"], {"op": "add", "args": [2, 3]}, {"op": "neg", "x": 1}, Move(0, 5),
          Move(11, 1), Move(1, 1), "s", -4, (1, 2, 3), None, 3.5):
    print(run(c))
