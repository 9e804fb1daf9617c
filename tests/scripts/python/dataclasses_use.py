# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Dataclasses: defaults, ordering, frozen, replace, post-init.
from dataclasses import FrozenInstanceError, asdict, astuple, dataclass, field, fields, replace


@dataclass(order=True)
class Task:
    priority: int
    name: str = field(compare=False)
    tags: list[str] = field(default_factory=list, compare=False)
    slug: str = field(init=False, compare=False, repr=False)

    def __post_init__(self):
        self.slug = self.name.lower().replace(" ", "-")


@dataclass(frozen=True)
class Point:
    x: float = 0.0
    y: float = 0.0

    def __add__(self, other):
        return replace(self, x=self.x + other.x, y=self.y + other.y)


tasks = [Task(3, "Write Docs", ["doc"]), Task(1, "Fix Bug"), Task(2, "Ship It")]
for task in sorted(tasks):
    print(task, task.slug)
print(asdict(tasks[0]), astuple(Point(1, 2)), [f.name for f in fields(Task)])
print(Point(1) + Point(2, 3), {Point(): "origin"}[Point(0.0, 0.0)], Point() == Point(0, 0))
try:
    Point().x = 5
except FrozenInstanceError as e:
    print(type(e).__name__, e)
