# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# exit: 3
# Ends with an exit code, from deep inside, running the cleanup on the way.
import atexit
import sys

atexit.register(lambda: print("at exit"))


def finish(n):
    try:
        if n == 0:
            sys.exit(3)
        finish(n - 1)
    finally:
        print("unwinding", n)


finish(2)
