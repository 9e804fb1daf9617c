# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Generators: pipelines, send, delegation, closing, laziness.
import itertools


def primes():
    found = []
    for n in itertools.count(2):
        if all(n % p for p in itertools.takewhile(lambda p: p * p <= n, found)):
            found.append(n)
            yield n


def averager():
    total = n = 0
    average = None
    while True:
        value = yield average
        total += value
        n += 1
        average = total / n


def flatten(value):
    if isinstance(value, list):
        for item in value:
            yield from flatten(item)
    else:
        yield value


def counted():
    try:
        yield 1
        yield 2
    finally:
        print("closed")
    return 3


print(list(itertools.islice(primes(), 15)))
a = averager()
next(a)
print([a.send(x) for x in (10, 20, 60)])
print(list(flatten([1, [2, [3, [4]], []], 5])))
g = counted()
print(next(g))
g.close()


def outer():
    result = yield from counted()
    print("got", result)


print(list(outer()))
print(sum(x * x for x in range(10) if x % 2), max((len(w), w) for w in ("aa", "b", "ccc")))
try:
    next(iter(()))
except StopIteration:
    print("stop")
