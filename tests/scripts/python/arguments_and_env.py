# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# args: alpha 42 --flag "two words"
# What a script sees of its arguments and its standard input.
import os
import sys

print(len(sys.argv), sys.argv[1:], os.path.basename(sys.argv[0]), __name__)
print(os.environ.get("DEWAR_NOT_SET", "not set"), repr(sys.stdin.read()))
print(sys.stdout.isatty(), sys.byteorder, sys.maxsize > 2 ** 30, os.sep, os.linesep == "\n")
print(os.path.join("/a", "b", "..", "c"), os.path.normpath("/a/b/../c/./d"), os.path.relpath("/a/b", "/a/c"))
print("to standard error", file=sys.stderr)
sys.stdout.write("no newline at the end")
