# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Annotations, protocols, generics, typed dictionaries, at run time.
from typing import Generic, NamedTuple, Optional, Protocol, TypedDict, TypeVar, Union, get_type_hints, runtime_checkable

T = TypeVar("T")


class Stack(Generic[T]):
    def __init__(self) -> None:
        self._items: list[T] = []

    def push(self, item: T) -> "Stack[T]":
        self._items.append(item)
        return self

    def pop(self) -> Optional[T]:
        return self._items.pop() if self._items else None


@runtime_checkable
class Closable(Protocol):
    def close(self) -> None: ...


class Door:
    def close(self) -> None:
        print("closed")


class Movie(TypedDict, total=False):
    title: str
    year: int


class Row(NamedTuple):
    id: int
    name: str = "none"


def f(x: int, y: Union[str, None] = None) -> "list[int]":
    return [x]


print(Stack[int]().push(1).push(2).pop(), Stack().pop())
print(isinstance(Door(), Closable), isinstance(3, Closable))
print(get_type_hints(f), f.__annotations__["x"])
m: Movie = {"title": "Solaris"}
print(m, Row(1), Row(2, "b")._asdict(), int | None, isinstance(None, int | None))
