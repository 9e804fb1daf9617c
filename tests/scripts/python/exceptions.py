# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Raising, chaining, groups of handlers, cleanup order, own types.
class AppError(Exception):
    def __init__(self, message, code=1):
        super().__init__(message)
        self.code = code


class NotFound(AppError):
    pass


def risky(n):
    try:
        print("try", n)
        if n == 0:
            raise NotFound("nothing", code=404)
        if n == 1:
            return 10 / 0
        if n == 2:
            return "fine"
        [][n]
    except ZeroDivisionError as e:
        raise AppError("wrapped") from e
    except (IndexError, KeyError) as e:
        return f"handled {type(e).__name__}"
    else:
        return "else"
    finally:
        print("finally", n)


for i in range(4):
    try:
        print("->", risky(i))
    except AppError as e:
        print("caught", type(e).__name__, e, e.code, repr(e.__cause__))
try:
    try:
        raise KeyError("a")
    except KeyError:
        raise ValueError("b")
except ValueError as e:
    print(repr(e.__context__), e.args, e.__suppress_context__)
try:
    assert 1 == 2, "math"
except AssertionError as e:
    print("assert", e)
e = ValueError("noted")
e.add_note("a note")
print(e.__notes__)
try:
    raise ExceptionGroup("many", [ValueError(1), TypeError("t"), ExceptionGroup("inner", [ValueError(2)])])
except* ValueError as group:
    print("values", len(group.exceptions))
except* TypeError as group:
    print("types", group.exceptions)
