# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# needs: tmp
# Files and folders in a temporary directory.
import os
import shutil
import tempfile
from pathlib import Path

with tempfile.TemporaryDirectory() as name:
    root = Path(name)
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "one.txt").write_text("one\ntwo\nthree\n", encoding="utf-8")
    (root / "a" / "b" / "two.bin").write_bytes(bytes(range(256)))
    for folder, folders, files in os.walk(root):
        print(Path(folder).relative_to(root).as_posix(), sorted(folders), sorted(files))
    print(sorted(p.name for p in root.rglob("*.*")), (root / "a/one.txt").stat().st_size)
    with open(root / "a/one.txt", "r+", encoding="utf-8") as f:
        lines = f.readlines()
        f.seek(0)
        f.writelines(reversed(lines))
        f.truncate()
    print((root / "a/one.txt").read_text().split())
    shutil.copytree(root / "a", root / "copy")
    os.rename(root / "copy" / "one.txt", root / "moved.txt")
    print((root / "moved.txt").exists(), (root / "copy" / "one.txt").exists())
    for bad in (lambda: open(root / "none"), lambda: os.rmdir(root / "a"), lambda: os.mkdir(root / "a"),
                lambda: open(root)):
        try:
            bad()
        except OSError as e:
            print(type(e).__name__)
    keep = name
print(os.path.exists(keep))
