# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Closures, nonlocal, late binding, default arguments, keyword-only parameters.
def counter(start=0):
    n = start

    def step(by=1):
        nonlocal n
        n += by
        return n

    return step


a, b = counter(), counter(100)
print(a(), a(5), b(), a())
print([f() for f in [lambda: i for i in range(3)]], [f() for f in [lambda i=i: i for i in range(3)]])


def append(x, to=[]):
    to.append(x)
    return to


print(append(1), append(2), append(3, []))


def call(a, /, b, *rest, key, **more):
    return a, b, rest, key, more


print(call(1, 2, 3, 4, key=5, z=6), call(*[1, 2], **{"key": 3}))
for bad in (lambda: call(a=1, b=2, key=3), lambda: call(1, 2), lambda: call(1)):
    try:
        bad()
    except TypeError:
        print("TypeError")
compose = lambda *fs: lambda x: x if not fs else fs[0](compose(*fs[1:])(x))
print(compose(str, lambda x: x + 1, abs)(-5) + "!")
x = "global"


def scope():
    x = "local"
    return x, globals()["x"], [x for x in "ab"], x


print(scope())
