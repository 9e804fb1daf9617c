# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# needs: tmp
# A log file that rotates, and reading it back with different modes.
import io
import os
import tempfile

with tempfile.NamedTemporaryFile("w+", suffix=".log", delete=False) as f:
    path = f.name
    f.write("first\n")
try:
    for i in range(3):
        with open(path, "a") as f:
            print(f"line {i}", file=f)
    with open(path, "rb") as f:
        print(f.read(5), f.tell(), f.seek(-7, os.SEEK_END), f.read())
    with open(path, newline="") as f:
        print([line.rstrip() for line in f])
    os.replace(path, path + ".1")
    print(os.path.exists(path), os.path.getsize(path + ".1"))
    with open(path, "x") as f:
        f.write("new")
    try:
        open(path, "x")
    except FileExistsError:
        print("exists")
    print(os.path.splitext(path)[1])
finally:
    for name in (path, path + ".1"):
        os.unlink(name)
s = io.StringIO("a\nb\n")
print(s.readlines(), io.BytesIO(b"xyz").getvalue()[1:])
