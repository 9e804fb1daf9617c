# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Iterators of one's own, zip strictness, iter with a sentinel, reversed, enumerate, chunks.
class Countdown:
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return self

    def __next__(self):
        if self.n <= 0:
            raise StopIteration
        self.n -= 1
        return self.n + 1

    def __length_hint__(self):
        return self.n


class Range2:
    def __init__(self, *items):
        self.items = items

    def __getitem__(self, i):
        return self.items[i]

    def __len__(self):
        return len(self.items)


print(list(Countdown(4)), [*Range2(1, 2, 3)], list(reversed(Range2(1, 2, 3))), 2 in Range2(1, 2))
feed = iter([3, 1, 4, 0, 5])
print(list(iter(lambda: next(feed), 0)), list(feed))
print(list(enumerate("ab", start=1)), list(zip("abc", range(2))), dict(enumerate("xy")))
try:
    list(zip([1], [1, 2], strict=True))
except ValueError:
    print("ValueError")


def chunks(items, n):
    it = iter(items)
    while chunk := [x for _, x in zip(range(n), it)]:
        yield chunk


print(list(chunks(range(7), 3)))
it = iter([1, 2])
print(next(it), next(it), next(it, "done"))
print(sum(map(ord, "abc")), max("hello", key="hello".count), "".join(reversed("abc")), sorted(set("hello")))
