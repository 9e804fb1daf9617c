# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# needs: tmp
# A database in a file, closed and opened again.
import os
import sqlite3
import tempfile

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "x.db")
    db = sqlite3.connect(path)
    with db:
        db.execute("create table kv(k text primary key, v blob)")
        db.executemany("insert into kv values (?, ?)", [(f"k{i}", bytes([i]) * i) for i in range(50)])
    db.close()
    print(os.path.getsize(path) > 0, sorted(os.listdir(folder)))
    db = sqlite3.connect(path)
    print(db.execute("select count(*), sum(length(v)) from kv").fetchone())
    with db:
        db.execute("delete from kv where length(v) % 2")
    print(db.execute("select k, v from kv order by length(v) desc limit 1").fetchone()[0], db.total_changes)
    db.close()
