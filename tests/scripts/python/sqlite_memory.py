# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# A database in memory: tables, joins, parameters, transactions, functions of one's own.
import sqlite3

db = sqlite3.connect(":memory:")
db.row_factory = sqlite3.Row
db.executescript("""
create table author(id integer primary key, name text unique not null);
create table book(id integer primary key, author_id int references author(id), title text, year int);
""")
db.executemany("insert into author(name) values (?)", [("Le Guin",), ("Lem",), ("Borges",)])
db.executemany("insert into book(author_id, title, year) values (:a, :t, :y)", [
    {"a": 1, "t": "The Dispossessed", "y": 1974}, {"a": 1, "t": "The Left Hand of Darkness", "y": 1969},
    {"a": 2, "t": "Solaris", "y": 1961}])
for row in db.execute("""select name, count(book.id) n, min(year) first from author left join book on author_id = author.id
                         group by author.id order by n desc, name"""):
    print(row["name"], row["n"], row["first"])
db.create_function("shout", 1, lambda s: s.upper() + "!")
print(db.execute("select shout(title) from book where year between ? and ?", (1960, 1965)).fetchone()[0])
try:
    with db:
        db.execute("insert into author(name) values ('Dick')")
        db.execute("insert into author(name) values ('Lem')")
except sqlite3.IntegrityError as e:
    print(type(e).__name__, e)
print(db.execute("select count(*) from author").fetchone()[0])
print([tuple(r) for r in db.execute("with recursive n(x) as (select 1 union all select x * 2 from n where x < 100) select x from n")])
print(db.execute("select json_extract('{\"a\": [1, 2]}', '$.a[1]'), typeof(1.5), coalesce(null, 'x')").fetchone()[:])
try:
    db.execute("selec 1")
except sqlite3.OperationalError as e:
    print(e)
