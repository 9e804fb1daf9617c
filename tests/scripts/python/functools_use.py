# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Caching, partial application, dispatch, reduction, decorators.
import functools
import operator


@functools.lru_cache(maxsize=None)
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


@functools.singledispatch
def show(value):
    return f"other {value!r}"


@show.register
def _(value: int):
    return f"int {value}"


@show.register(list)
def _(value):
    return "list " + ", ".join(show(v) for v in value)


def logged(prefix):
    def decorator(f):
        @functools.wraps(f)
        def wrapper(*args, **kwargs):
            result = f(*args, **kwargs)
            print(f"{prefix} {f.__name__}{args} {kwargs} = {result}")
            return result
        return wrapper
    return decorator


@logged(">>")
def area(w, h=1):
    """Docs."""
    return w * h


class Data:
    @functools.cached_property
    def heavy(self):
        print("computed")
        return 42


print(fib(40), fib.cache_info())
print(show(1), "|", show([1, "x", [2]]))
area(3, h=4)
print(area.__name__, area.__doc__)
print(functools.reduce(operator.or_, [{1}, {2}, {1, 3}]), functools.partial(int, base=2)("1011"))
d = Data()
print(d.heavy + d.heavy)
print(sorted(["b10", "a2", "b9"], key=functools.cmp_to_key(lambda a, b: (a[0] > b[0]) - (a[0] < b[0]) or int(a[1:]) - int(b[1:]))))
