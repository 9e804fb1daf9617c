# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# contextlib: generators as context managers, stacks, suppression, redirection.
import contextlib
import io


@contextlib.contextmanager
def tag(name):
    print(f"<{name}>")
    try:
        yield name.upper()
    except ValueError as e:
        print("swallowed", e)
    finally:
        print(f"</{name}>")


with tag("a") as a, tag("b"):
    print(a)
    raise ValueError("inside")
with contextlib.suppress(KeyError, IndexError):
    [][1]
    print("never")
out = io.StringIO()
with contextlib.redirect_stdout(out):
    print("captured")
print(repr(out.getvalue()))
with contextlib.ExitStack() as stack:
    for name in ("x", "y"):
        stack.enter_context(tag(name))
    stack.callback(print, "callback")
    print("body")
with contextlib.closing(io.StringIO("z")) as f:
    print(f.read())
print(f.closed)


@tag("decorated")
def work():
    print("working")


work()
with contextlib.nullcontext(5) as n:
    print(n)
